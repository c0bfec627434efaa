// The time by which sessions and their messages grow old: minutes that the gateway has run. Timers count it, so that a
// wall clock that jumps to 2038 expires nothing, and a gateway that was off for a week finds everybody's session.
import type { Clock, Timer } from '../../lib/clock.ts';

const minuteMs = 60_000;

export class Age {
  minutes = 0;
  private timer: Timer | null = null;

  /** Counts, and calls `passed` each minute. */
  open(clock: Clock, passed: () => void): void {
    this.timer = clock.every(minuteMs, () => {
      this.minutes++;
      passed();
    });
  }

  close(): void {
    this.timer?.cancel();
  }
}

/** A length of time in minutes, at least one. */
export const minutesOf = (ms: number) => Math.max(1, Math.ceil(ms / minuteMs));
