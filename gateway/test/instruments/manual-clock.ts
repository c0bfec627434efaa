// A clock that stands still until a test moves it. Timers run while it moves, in the order of their times, and each
// sees the time for which it was set.
import type { Clock, Timer } from '../../src/lib/clock.ts';

/** `at` is elapsed time: a wall clock that is set moves no timer. */
type Task = { at: number; task: () => void; everyMs: number | null };

export class ManualClock implements Clock {
  private time: number;
  private ranMs = 0;
  private readonly tasks = new Set<Task>();

  constructor(startMs: number = Date.UTC(2026, 0, 5, 12)) {
    this.time = startMs;
  }

  readonly now = (): number => this.time;

  readonly elapsed = (): number => this.ranMs;

  readonly after = (delayMs: number, task: () => void): Timer =>
    this.add({ at: this.ranMs + Math.max(delayMs, 0), task, everyMs: null });

  readonly every = (intervalMs: number, task: () => void): Timer =>
    this.add({ at: this.ranMs + intervalMs, task, everyMs: intervalMs });

  /** Moves on by `ms`, and runs what is due until then; 0 runs what is due now. */
  advance(ms: number): void {
    const end = this.ranMs + ms;
    for (let next = this.nextDue(end); next !== undefined; next = this.nextDue(end)) {
      this.run(Math.max(next.at - this.ranMs, 0));
      if (next.everyMs === null) this.tasks.delete(next);
      else next.at += next.everyMs;
      next.task();
    }
    this.run(end - this.ranMs);
  }

  /** Sets the wall time without running anything, as somebody who corrects it does. */
  set(ms: number): void {
    this.time = ms;
  }

  /** How many timers are set. */
  timers(): number {
    return this.tasks.size;
  }

  private run(ms: number): void {
    this.ranMs += ms;
    this.time += ms;
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
