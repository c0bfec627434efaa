// Many deadlines with one timer: each key has at most one, which may be moved at any time. A timer for each would cost
// more memory than what it is about.
import type { Clock, Timer } from './clock.ts';

type Due = { at: number; key: string };

export class Deadlines {
  /** The one that holds for each key; what the heap has beside them is passed over. */
  private readonly due = new Map<string, Due>();
  /** The smallest first (a binary heap). */
  private heap: Due[] = [];
  private timer: Timer | null = null;
  private timerAt = Number.POSITIVE_INFINITY;
  private readonly clock: Clock;
  private readonly reached: (key: string) => void;

  /** `reached` is called once for each deadline, at or after its time, in their order. */
  constructor(clock: Clock, reached: (key: string) => void) {
    this.clock = clock;
    this.reached = reached;
  }

  /** Sets the key's deadline, in elapsed time, in place of the one it had. */
  set(key: string, at: number): void {
    if (this.due.get(key)?.at === at) return;
    const due = { at, key };
    this.due.set(key, due);
    this.push(due);
    // What was moved again and again must not grow beyond what there is.
    if (this.heap.length > 2 * this.due.size + 64) this.rebuild();
    this.arm();
  }

  clear(key: string): void {
    this.due.delete(key);
    if (this.due.size === 0) this.close();
  }

  close(): void {
    this.due.clear();
    this.heap = [];
    this.timer?.cancel();
    this.timer = null;
    this.timerAt = Number.POSITIVE_INFINITY;
  }

  private arm(): void {
    const first = this.heap[0];
    if (first === undefined || first.at >= this.timerAt) return;
    this.timer?.cancel();
    this.timerAt = first.at;
    this.timer = this.clock.after(Math.max(0, first.at - this.clock.elapsed()), () => this.run());
  }

  private run(): void {
    this.timer = null;
    this.timerAt = Number.POSITIVE_INFINITY;
    const now = this.clock.elapsed();
    for (let first = this.heap[0]; first !== undefined && first.at <= now; first = this.heap[0]) {
      this.pop();
      if (this.due.get(first.key) !== first) continue;
      this.due.delete(first.key);
      this.reached(first.key);
    }
    this.arm();
  }

  private rebuild(): void {
    this.heap = [];
    for (const due of this.due.values()) this.push(due);
  }

  private push(entry: Due): void {
    const { heap } = this;
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as Due;
      if (above.at <= entry.at) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = entry;
  }

  private pop(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as Due).at < (heap[child] as Due).at) child++;
      const below = heap[child] as Due;
      if (below.at >= last.at) break;
      heap[i] = below;
      i = child;
    }
    heap[i] = last;
  }
}
