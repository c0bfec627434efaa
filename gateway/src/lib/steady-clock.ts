// The time by which secrets expire and things are deleted for their age. A wall clock that is wrong for a while must
// neither end what is still to hold nor have anything deleted: it is believed once it has run on for an hour.
import type { Clock, Timer } from './clock.ts';

/** Smaller steps are corrections as time servers make them, and are followed at once. */
const jumpMs = 60_000;
const agreesAfterMs = 3_600_000;

export class SteadyClock implements Clock {
  /** Wall time less elapsed time, as it is now, and since when it has been that, in elapsed time. */
  private offset: number;
  private steadySince: number;
  /** The offset that was held for an hour; null until one was. */
  private trusted: number | null = null;
  private readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
    this.steadySince = clock.elapsed();
    this.offset = clock.now() - this.steadySince;
  }

  /**
   * Wall time, except while it is further ahead than it should be. One that was set back is followed: whoever made a
   * secret beside the gateway had the same.
   */
  now(): number {
    const elapsed = this.look();
    const wall = elapsed + this.offset;
    return this.trusted === null ? wall : Math.min(wall, elapsed + this.trusted);
  }

  /** The time by which to delete for good; null while there is doubt, and nothing is to be deleted then. */
  sure(): number | null {
    return this.look() - this.steadySince < agreesAfterMs ? null : this.now();
  }

  elapsed(): number {
    return this.clock.elapsed();
  }

  after(delayMs: number, task: () => void): Timer {
    return this.clock.after(delayMs, task);
  }

  every(intervalMs: number, task: () => void): Timer {
    return this.clock.every(intervalMs, task);
  }

  private look(): number {
    const elapsed = this.clock.elapsed();
    const offset = this.clock.now() - elapsed;
    if (Math.abs(offset - this.offset) >= jumpMs) this.steadySince = elapsed;
    this.offset = offset;
    const isAgreed = elapsed - this.steadySince >= agreesAfterMs;
    if (isAgreed || (this.trusted !== null && Math.abs(offset - this.trusted) < jumpMs)) this.trusted = offset;
    return elapsed;
  }
}
