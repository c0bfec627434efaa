// When to dial again: counts the attempts, spaces them out, and forgets them once a connection has proved stable.
import { backoffMs, stableAfterMs } from './backoff.ts';
import type { Clock } from './clock.ts';

/** The attempts of one client. At most one wait is under way. */
export class Retry {
  readonly #clock: Clock;
  readonly #random: () => number;
  #attempt = 0;
  #cancelWait = () => {};
  #cancelStable = () => {};

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A dial begins, after a wait or instead of one; returns which attempt it is. */
  dialling(): number {
    this.#cancelWait();
    this.#attempt += 1;
    return this.#attempt;
  }

  /** The gateway greeted. A connection that ends soon after is no success yet. */
  opened(): void {
    this.#cancelStable = this.#clock.after(stableAfterMs, () => this.forget());
  }

  /** The connection is over, or nobody wants one any more: nothing that was planned happens. */
  cancel(): void {
    this.#cancelWait();
    this.#cancelStable();
  }

  /** The next attempt counts as the first. */
  forget(): void {
    this.#attempt = 0;
  }

  /** Plans the next dial, no sooner than `leastMs` from now, and returns when that will be. */
  plan(leastMs: number, dial: () => void): { retryAt: number; attempt: number } {
    const waitMs = Math.max(backoffMs(Math.max(1, this.#attempt), this.#random), leastMs);
    this.#cancelWait = this.#clock.after(waitMs, dial);
    return { retryAt: this.#clock.now() + waitMs, attempt: this.#attempt };
  }
}
