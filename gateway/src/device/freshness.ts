// How far a value may be trusted to be current ([LIV-4]), judged by the series' own cadence.
import type { Freshness } from '../contract/index.ts';

/** What a series is taken to do before two intervals were seen. */
const cadenceMsDefault = 60_000;
/** Weight of the newest interval in the running mean. */
const gain = 0.2;
/** One long silence must not teach a series to be silent: an interval counts as at most this many times the mean. */
const outlierFactor = 8;
/** A value is late after this many cadences, and stale after so many more; never sooner than the floors. */
const lateCadences = 2.5;
const staleCadences = 6;
const lateMsMin = 3_000;
const staleMsMin = 10_000;

/** The running mean of the time between readings. `seen` counts the intervals that made it. */
export type Cadence = { meanMs: number; seen: number };

/** Takes in the time between two successive readings. Bursts and equal times teach nothing. */
export function learn(cadence: Cadence, intervalMs: number): void {
  if (intervalMs <= 0) return;
  if (cadence.seen === 0) cadence.meanMs = intervalMs;
  else {
    const bounded = Math.min(intervalMs, cadence.meanMs * outlierFactor);
    // The first few intervals weigh evenly, so that a start in the middle of a burst is soon forgotten.
    cadence.meanMs += (bounded - cadence.meanMs) * Math.max(gain, 1 / (cadence.seen + 1));
  }
  if (cadence.seen < 1_000_000) cadence.seen++;
}

/** The cadence to judge by, or null where too little was seen to know. */
export function cadenceMs(cadence: Cadence): number | null {
  return cadence.seen < 2 ? null : Math.round(cadence.meanMs);
}

/** Freshness of a value of the given age. */
export function freshnessOf(cadence: Cadence, ageMs: number): Exclude<Freshness, 'never'> {
  const usual = cadenceMs(cadence) ?? cadenceMsDefault;
  if (ageMs <= Math.max(usual * lateCadences, lateMsMin)) return 'live';
  if (ageMs <= Math.max(usual * staleCadences, staleMsMin)) return 'late';
  return 'stale';
}
