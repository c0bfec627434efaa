// How long to wait before the next attempt to connect: longer with each failure, and never the same for two devices,
// so that a thousand of them do not come back in the same instant.
import type { Random } from './random.ts';

const baseMs = 1_000;
const highestMs = 30_000;

/** The waiting times of one device. */
export class Backoff {
  readonly #random: Random;
  #failures = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Begins anew after a success. */
  reset(): void {
    this.#failures = 0;
  }

  /** Milliseconds to wait now: half to one and a half of a time that doubles with each call, up to 45 s. */
  nextMs(): number {
    const middleMs = Math.min(highestMs, baseMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 10);
    return Math.round(middleMs * this.#random.between(0.5, 1.5));
  }
}
