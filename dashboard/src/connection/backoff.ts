// How long to wait before the next attempt: exponential with full jitter, so that a thousand pages that lost the same
// gateway do not come back in the same instant.

export const backoffBaseMs = 500;
/** A gateway that comes back is noticed within seconds, and a knock costs one that does not hardly anything. */
export const backoffCapMs = 8_000;
/** An open connection counts as stable after this; before it the back-off goes on growing. */
export const stableAfterMs = 10_000;

/** The wait before attempt `attempt` (the first is 1): anything from nothing to the ceiling of that attempt. */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(backoffCapMs, backoffBaseMs * 2 ** Math.min(attempt - 1, 30));
  return Math.floor(random() * ceiling);
}
