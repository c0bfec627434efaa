// How far a value may be trusted to be current ([LIV-4]), judged by the series' own cadence: the usual pause between
// two readings. What is usual has to be learned from series that jitter, come in bursts, change their pace, and are
// switched off at night; a value that is not current must not look so, whatever was learned.
import type { Freshness } from '../contract/index.ts';

/** What a series is taken to do before two intervals taught more. */
const cadenceMsDefault = 60_000;
/** The mean is that of the first so many intervals; after them each newest one has the weight of one of them. */
const intervalsWeighed = 5;
/** An interval that is longer than so many means teaches nothing until its like comes again: one silence is no habit. */
const longFactor = 8;
/** Intervals of less than this part of the mean are the inside of a burst. */
const burstShare = 0.5;
/** A pause is usual as long as the bursts between two of its kind take no longer than so many of it. */
const burstPauses = 4;
/**
 * Whoever talks for longer than this is no burst but on: what it did before is forgotten. So a machine that is off at
 * night is not taken to be one that sends once a day.
 */
const burstMsMax = 120_000;
/** A value is late after this many cadences, and stale after so many more; never sooner than the floors. */
const lateCadences = 2.5;
const staleCadences = 6;
const lateMsMin = 3_000;
const staleMsMin = 10_000;

/** What is known of a series' pace. A million of them fit into memory: a few numbers, whatever was seen. */
export type Cadence = {
  /** What configuration says it is; null where it is learned. */
  everyMs: number | null;
  /** Mean of the usual pauses. */
  meanMs: number;
  /** Intervals that made the mean, counted as far as that matters. */
  seen: number;
  /** The last pause that was too long to be usual, until it is forgotten (0). */
  longMs: number;
  /** What the intervals since then sum up to. */
  sinceLongMs: number;
  /** What the intervals of the burst under way sum up to. */
  burstMs: number;
};

/** The cadence of a series that was never seen. */
export function newCadence(everyMs: number | null): Cadence {
  return { everyMs, meanMs: 0, seen: 0, longMs: 0, sinceLongMs: 0, burstMs: 0 };
}

/** The numbers of a cadence as they are saved. Those after `seen` are left out where they are 0. */
export type SavedCadence = [meanMs: number, seen: number, longMs?: number, sinceLongMs?: number, burstMs?: number];

export function cadenceNumbers({ meanMs, seen, longMs, sinceLongMs, burstMs }: Cadence): SavedCadence {
  const saved: SavedCadence = [Math.round(meanMs), seen];
  // Most series are regular, and each minute's checkpoint is the shorter for it.
  if (longMs > 0 || burstMs > 0) saved.push(longMs, sinceLongMs, burstMs);
  return saved;
}

/** The cadence that was saved; `everyMs` is what configuration says now. */
export function restoreCadence(everyMs: number | null, saved: SavedCadence): Cadence {
  const [meanMs, seen, longMs = 0, sinceLongMs = 0, burstMs = 0] = saved;
  return { everyMs, meanMs, seen: Math.min(seen, intervalsWeighed), longMs, sinceLongMs, burstMs };
}

/** How long bursts may be between pauses of this length, so that these are usual. */
const burstMsAllowed = (pauseMs: number) => Math.min(pauseMs * burstPauses, burstMsMax);

/** Takes in the time between two successive readings. Equal times, and times that run backwards, teach nothing. */
export function learn(cadence: Cadence, intervalMs: number): void {
  if (intervalMs <= 0) return;
  if (cadence.seen === 0) return weigh(cadence, intervalMs);
  if (intervalMs > cadence.meanMs * longFactor) return learnLong(cadence, intervalMs);
  // The first of all may have been the silence: the next begins anew.
  if (cadence.seen === 1 && intervalMs * longFactor < cadence.meanMs) {
    remember(cadence, cadence.meanMs);
    cadence.seen = 0;
  }
  if (cadence.longMs > 0) {
    cadence.sinceLongMs += intervalMs;
    if (cadence.sinceLongMs > burstMsAllowed(cadence.longMs)) remember(cadence, 0);
  }
  if (cadence.seen === intervalsWeighed && intervalMs < cadence.meanMs * burstShare) {
    cadence.burstMs += intervalMs;
    if (cadence.burstMs <= burstMsAllowed(cadence.meanMs)) return;
  } else cadence.burstMs = 0;
  weigh(cadence, intervalMs);
}

function weigh(cadence: Cadence, intervalMs: number): void {
  if (cadence.seen < intervalsWeighed) cadence.seen++;
  cadence.meanMs += (intervalMs - cadence.meanMs) / cadence.seen;
}

/** A second long pause soon after the first is a habit, and what both have of it is the cadence from then on. */
function learnLong(cadence: Cadence, intervalMs: number): void {
  cadence.burstMs = 0;
  if (cadence.longMs > 0 && intervalMs >= cadence.longMs / 2) {
    cadence.meanMs = Math.min(intervalMs, cadence.longMs);
    cadence.seen = intervalsWeighed;
    remember(cadence, 0);
  } else remember(cadence, intervalMs);
}

function remember(cadence: Cadence, longMs: number): void {
  cadence.longMs = longMs;
  cadence.sinceLongMs = 0;
}

/** The cadence to judge by; null where nothing is configured and too little was seen to know. */
export function cadenceMs({ everyMs, meanMs, seen }: Cadence): number | null {
  return everyMs ?? (seen < 2 ? null : Math.round(meanMs));
}

/** Freshness of a value of the given age. */
export function freshnessOf(cadence: Cadence, ageMs: number): Exclude<Freshness, 'never'> {
  const usual = cadenceMs(cadence) ?? cadenceMsDefault;
  if (ageMs <= Math.max(usual * lateCadences, lateMsMin)) return 'live';
  if (ageMs <= Math.max(usual * staleCadences, staleMsMin)) return 'late';
  return 'stale';
}
