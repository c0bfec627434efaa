// The way back to the WebSocket while the connection goes over something else: tries it beside, soon at first, then ever
// more seldom, for what blocks it is mostly there to stay.
import type { Clock } from './clock.ts';
import type { Link } from './link.ts';

export const firstTrialMs = 5_000;
export const trialPauseMsMax = 5 * 60_000;

/** At most one trial is under way. */
export class Upgrade {
  readonly #clock: Clock;
  readonly #dial: () => Link;
  #link: Link | null = null;
  #pauseMs = firstTrialMs;
  #isWanted = false;
  #cancelPause = () => {};

  /** `dial` opens a WebSocket whose frames and end are told with the link. */
  constructor(clock: Clock, dial: () => Link) {
    this.#clock = clock;
    this.#dial = dial;
  }

  /** A connection over something else is open. */
  begin(): void {
    this.stop();
    this.#isWanted = true;
    this.#pauseMs = firstTrialMs;
    this.#pause();
  }

  /** Something has changed for the better, perhaps: tries at once. */
  wake(): void {
    if (!this.#isWanted || this.#link !== null) return;
    this.#pauseMs = firstTrialMs;
    this.#try();
  }

  /** There is nothing to come back from, or nobody wants to. */
  stop(): void {
    this.#isWanted = false;
    this.#cancelPause();
    const link = this.#link;
    this.#link = null;
    link?.end(1000);
  }

  isTrial(link: Link): boolean {
    return this.#link === link;
  }

  /** The trial was greeted: it is the caller's link from now on. */
  succeeded(): void {
    this.#link = null;
    this.stop();
  }

  failed(): void {
    this.#link = null;
    this.#pauseMs = Math.min(trialPauseMsMax, this.#pauseMs * 2);
    this.#pause();
  }

  #pause(): void {
    this.#cancelPause();
    this.#cancelPause = this.#clock.after(this.#pauseMs, () => this.#try());
  }

  #try(): void {
    this.#cancelPause();
    this.#link = this.#dial();
  }
}
