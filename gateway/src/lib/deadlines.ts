// Many deadlines with one timer: each item has at most one, which may be moved at any time. A timer for each would cost
// more memory than what it is about.
import type { Clock, Timer } from './clock.ts';

/** What can have a deadline. Both fields belong to `Deadlines`; they begin as `noDeadline`. */
export type Due = { dueAt: number; duePlace: number };
export const noDeadline: Due = Object.freeze({ dueAt: 0, duePlace: -1 });

export class Deadlines<Item extends Due> {
  /** The soonest first (a binary heap); each item knows its place. */
  private readonly heap: Item[] = [];
  private timer: Timer | null = null;
  private timerAt = Number.POSITIVE_INFINITY;
  private readonly clock: Clock;
  private readonly reached: (item: Item) => void;

  /** `reached` is called once for each deadline, at or after its time, in their order. */
  constructor(clock: Clock, reached: (item: Item) => void) {
    this.clock = clock;
    this.reached = reached;
  }

  /** Sets the item's deadline, in elapsed time, in place of the one it had. Infinity is never. */
  set(item: Item, at: number): void {
    if (at === Number.POSITIVE_INFINITY) return this.clear(item);
    if (item.duePlace >= 0 && item.dueAt === at) return;
    item.dueAt = at;
    if (item.duePlace < 0) item.duePlace = this.heap.push(item) - 1;
    this.settle(item);
    this.arm();
  }

  clear(item: Item): void {
    const place = item.duePlace;
    if (place < 0) return;
    item.duePlace = -1;
    const last = this.heap.pop() as Item;
    if (last !== item) {
      this.put(last, place);
      this.settle(last);
    }
    if (this.heap.length === 0) this.close();
  }

  close(): void {
    for (const item of this.heap) item.duePlace = -1;
    this.heap.length = 0;
    this.timer?.cancel();
    this.timer = null;
    this.timerAt = Number.POSITIVE_INFINITY;
  }

  private arm(): void {
    const first = this.heap[0];
    if (first === undefined || first.dueAt >= this.timerAt) return;
    this.timer?.cancel();
    this.timerAt = first.dueAt;
    this.timer = this.clock.after(Math.max(0, first.dueAt - this.clock.elapsed()), () => this.run());
  }

  private run(): void {
    this.timer = null;
    this.timerAt = Number.POSITIVE_INFINITY;
    const now = this.clock.elapsed();
    for (let first = this.heap[0]; first !== undefined && first.dueAt <= now; first = this.heap[0]) {
      this.clear(first);
      this.reached(first);
    }
    this.arm();
  }

  private put(item: Item, place: number): void {
    this.heap[place] = item;
    item.duePlace = place;
  }

  /** Moves an item up or down to where its time belongs. */
  private settle(item: Item): void {
    const { heap } = this;
    let place = item.duePlace;
    while (place > 0) {
      const above = heap[(place - 1) >> 1] as Item;
      if (above.dueAt <= item.dueAt) break;
      const parent = (place - 1) >> 1;
      this.put(above, place);
      place = parent;
    }
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Item).dueAt < (heap[child] as Item).dueAt) child++;
      const below = heap[child] as Item;
      if (below.dueAt >= item.dueAt) break;
      this.put(below, place);
      place = child;
    }
    this.put(item, place);
  }
}
