// A clock that stands still until a test moves it. Timers run while it moves, in the order of their times, and each
// sees the time for which it was set.
import type { Clock, Timer } from '../../src/lib/clock.ts';

type Task = { at: number; task: () => void; everyMs: number | null };

export class ManualClock implements Clock {
  private time: number;
  private readonly tasks = new Set<Task>();

  constructor(startMs: number = Date.UTC(2026, 0, 5, 12)) {
    this.time = startMs;
  }

  readonly now = (): number => this.time;

  readonly after = (delayMs: number, task: () => void): Timer =>
    this.add({ at: this.time + Math.max(delayMs, 0), task, everyMs: null });

  readonly every = (intervalMs: number, task: () => void): Timer =>
    this.add({ at: this.time + intervalMs, task, everyMs: intervalMs });

  /** Moves on by `ms`, and runs what is due until then; 0 runs what is due now. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (let next = this.nextDue(end); next !== undefined; next = this.nextDue(end)) {
      this.time = Math.max(this.time, next.at);
      if (next.everyMs === null) this.tasks.delete(next);
      else next.at += next.everyMs;
      next.task();
    }
    this.time = end;
  }

  /** Sets the time without running anything, as somebody who corrects a wall clock does. */
  set(ms: number): void {
    this.time = ms;
  }

  /** How many timers are set. */
  timers(): number {
    return this.tasks.size;
  }

  private add(task: Task): Timer {
    this.tasks.add(task);
    return { cancel: () => void this.tasks.delete(task) };
  }

  private nextDue(end: number): Task | undefined {
    let next: Task | undefined;
    for (const task of this.tasks) if (task.at <= end && (next === undefined || task.at < next.at)) next = task;
    return next;
  }
}
