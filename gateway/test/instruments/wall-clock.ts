// The system's clock as somebody sets it: timers and elapsed time run as they do, the wall time is moved at will, and
// hours may go by at once.
import { type Clock, systemClock } from '../../src/lib/clock.ts';

export class WallClock implements Clock {
  private setByMs = 0;
  private passedMs = 0;
  readonly after = systemClock.after;
  readonly every = systemClock.every;

  readonly now = (): number => systemClock.now() + this.setByMs + this.passedMs;

  readonly elapsed = (): number => systemClock.elapsed() + this.passedMs;

  /** Somebody sets the wall clock, relative to what is right. */
  setBy(ms: number): void {
    this.setByMs = ms;
  }

  /** So long a time goes by, for both clocks; no timer runs for it. */
  pass(ms: number): void {
    this.passedMs += ms;
  }
}
