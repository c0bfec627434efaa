// How changes reach the disk. What somebody waits for is written at once; what nobody waits for is put off a moment, so
// that a storm of connects, or a message that is delivered and acknowledged at once, costs few writes. Changes are
// committed in the order in which they were made: whatever is written takes along what was put off before.
import type { Clock, Timer } from '../../lib/clock.ts';
import { rowOf, type SessionChange } from './changes.ts';

/** How long a change may be put off. What was killed before that knows a little less; what that is, SPEC.md says. */
const behindMs = 100;
/** A full disk is tried again after so long. */
const retryMs = 5_000;

export class Journal {
  private readonly behind = new Map<string, SessionChange>();
  private timer: Timer | null = null;
  private last: Promise<boolean> = Promise.resolve(true);
  /** A write of what was put off, at the end of this turn of the event loop. */
  private flushing: Promise<boolean> | null = null;
  private readonly clock: Clock;
  private readonly save: (changes: SessionChange[]) => Promise<void>;
  private readonly counters: { writesRefused: number };

  constructor(clock: Clock, save: (changes: SessionChange[]) => Promise<void>, counters: { writesRefused: number }) {
    this.clock = clock;
    this.save = save;
    this.counters = counters;
  }

  /** Has a change written soon; another one of the same row takes its place. */
  mark(change: SessionChange): void {
    const row = rowOf(change);
    this.behind.delete(row);
    this.behind.set(row, change);
    this.timer ??= this.clock.after(behindMs, () => void this.write([]));
  }

  /**
   * Writes at once, with what is readings and publish of this turn of the event loop in the same commit. Resolves with
   * false where the disk refused: what was put off is tried again, and `changes` are the caller's.
   */
  write(changes: SessionChange[]): Promise<boolean> {
    const late = [...this.behind.values()];
    this.behind.clear();
    this.timer?.cancel();
    this.timer = null;
    // What was put off and refused has come back: where there is none, all of it is on disk once the last write is.
    if (late.length + changes.length === 0) return this.last.then(ok => ok || this.behind.size === 0);
    this.last = this.save([...late, ...changes]).then(
      () => true,
      () => this.takeBack(late),
    );
    return this.last;
  }

  /** Writes what was put off. Resolves with true once it is on disk, with false where the disk refused it. */
  flush(): Promise<boolean> {
    // Many ask in one turn of the event loop: what they wait for is written once, not for each.
    this.flushing ??= new Promise(resolve =>
      setImmediate(() => {
        this.flushing = null;
        resolve(this.write([]));
      }),
    );
    return this.flushing;
  }

  /** Resolves once everything up to now is on disk, however often the disk refuses it first. */
  async settled(): Promise<void> {
    while (!(await this.flush())) await new Promise<void>(resolve => this.clock.after(retryMs, resolve));
  }

  private takeBack(late: SessionChange[]): boolean {
    this.counters.writesRefused++;
    const newer = [...this.behind];
    this.behind.clear();
    // In their order: what is newer comes later, and where it is about the same row it comes alone.
    for (const change of late) this.behind.set(rowOf(change), change);
    for (const [row, change] of newer) {
      this.behind.delete(row);
      this.behind.set(row, change);
    }
    if (this.behind.size > 0) this.timer ??= this.clock.after(retryMs, () => void this.write([]));
    return false;
  }
}
