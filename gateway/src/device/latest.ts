// The newest reading of every series. A view of the log: it is rebuilt from its last checkpoint and what came after.
// Invariant: a late reading never becomes the latest value ([ING-4]).
import type { Freshness, Millis, Value } from '../contract/index.ts';
import {
  type Cadence,
  cadenceMs,
  cadenceNumbers,
  freshnessOf,
  learn,
  newCadence,
  restoreCadence,
  type SavedCadence,
} from './freshness.ts';

/** The packed readings of one log entry, as the store shows them. */
export type Readings = {
  readonly offset: number;
  readonly count: number;
  series(i: number): number;
  ts(i: number): Millis;
  receivedAt(i: number): Millis;
  value(i: number): Value;
};

export type LatestReading = {
  ts: Millis;
  receivedAt: Millis;
  value: Value;
  freshness: Exclude<Freshness, 'never'>;
  cadence: Cadence;
  /** Log entry that brought it. */
  offset: number;
  /** When it came, on the clock that nobody sets; minus infinity where that cannot be known any more. */
  arrivedAt: number;
  /** Which change of freshness without a reading was its last, counted over all series; 0 where there was none. */
  freshSeq: number;
};

export type FreshnessChange = { series: number; freshness: Freshness };

/** A reading without a time of its own is filed so far ahead of its receive time at the most. */
const assignedAheadMsMax = 1_000;
/** A receive time so far ahead of the clock is from before it was set back; less is from within one commit. */
const setBackMsMin = 60_000;

/** Series in one saved block: some 100 KB of JSON, written and read in a few milliseconds. */
export const blockSeries = 2_048;

type Saved = [series: number, ts: Millis, receivedAt: Millis, value: Value, ...SavedCadence];

export class LatestValues {
  private readonly bySeries: (LatestReading | undefined)[] = [];
  private readonly dirtyBlocks = new Set<number>();
  /** What configuration says of a series' cadence; asked once for each. */
  private readonly everyMsOf: (series: number) => number | null;
  private readonly elapsed: () => number;
  /** The series that the next part of a sweep begins with. */
  private swept = 0;
  private freshSeq = 0;

  /** `elapsed` is the clock that nobody sets. */
  constructor(everyMsOf: (series: number) => number | null = () => null, elapsed: () => number = () => 0) {
    this.everyMsOf = everyMsOf;
    this.elapsed = elapsed;
  }

  /** The newest `freshSeq` that was given to a reading: what changed later has a larger one. */
  newestFreshSeq(): number {
    return this.freshSeq;
  }

  get(series: number): LatestReading | undefined {
    return this.bySeries[series];
  }

  /**
   * Takes in what was committed at `now`. Readings that are older than the latest change nothing, unless the latest has
   * a time that the gateway's own clock gave it before that was set back. Returns the series whose latest went back so.
   */
  apply(run: Readings, now: Millis): number[] {
    const elapsed = this.elapsed();
    const wentBack: number[] = [];
    let lastBlock = -1;
    for (let i = 0; i < run.count; i++) {
      const series = run.series(i);
      const ts = run.ts(i);
      const known = this.bySeries[series];
      if (known === undefined) {
        const cadence = newCadence(this.everyMsOf(series));
        const receivedAt = run.receivedAt(i);
        this.add(series, { ts, receivedAt, value: run.value(i), cadence, offset: run.offset }, now);
      } else {
        const receivedAt = run.receivedAt(i);
        if (ts < known.ts) {
          if (!isOfLaterClock(known, receivedAt)) continue;
          wentBack.push(series);
        }
        // What comes in batches is as far apart as the batches: that is how old its latest value usually becomes.
        if (ts > known.ts) learn(known.cadence, Math.max(ts - known.ts, receivedAt - known.receivedAt));
        known.ts = ts;
        known.receivedAt = receivedAt;
        known.value = run.value(i);
        known.offset = run.offset;
        known.arrivedAt = arrivalOf(receivedAt, now, elapsed);
        known.freshness = freshnessOf(known.cadence, ageMs(known, now, elapsed));
      }
      const block = Math.floor(series / blockSeries);
      if (block !== lastBlock) this.dirtyBlocks.add(block);
      lastBlock = block;
    }
    return wentBack;
  }

  /**
   * Looks at the next part of the series again, one of `parts` that are as good as equal; returns those whose freshness
   * changed without a new reading.
   */
  sweep(now: Millis, parts = 1): FreshnessChange[] {
    const elapsed = this.elapsed();
    const changes: FreshnessChange[] = [];
    if (this.swept >= this.bySeries.length) this.swept = 0;
    const end = Math.min(this.swept + Math.ceil(this.bySeries.length / parts), this.bySeries.length);
    for (; this.swept < end; this.swept++) {
      const known = this.bySeries[this.swept];
      if (known === undefined || known.freshness === 'stale') continue;
      const freshness = freshnessOf(known.cadence, ageMs(known, now, elapsed));
      if (freshness === known.freshness) continue;
      known.freshness = freshness;
      known.freshSeq = ++this.freshSeq;
      changes.push({ series: this.swept, freshness });
    }
    return changes;
  }

  forget(series: number): void {
    delete this.bySeries[series];
    this.dirtyBlocks.add(Math.floor(series / blockSeries));
  }

  /** Numbers of the blocks that changed since the last call. */
  takeDirty(): number[] {
    const taken = [...this.dirtyBlocks];
    this.dirtyBlocks.clear();
    return taken;
  }

  saveBlock(block: number): string {
    const saved: Saved[] = [];
    for (let series = block * blockSeries; series < (block + 1) * blockSeries; series++) {
      const known = this.bySeries[series];
      if (known === undefined) continue;
      const { ts, receivedAt, value, cadence } = known;
      saved.push([series, ts, receivedAt, value, ...cadenceNumbers(cadence)]);
    }
    return JSON.stringify(saved);
  }

  /** Takes in a saved block; how fresh its values are is judged anew, for time has passed. */
  loadBlock(text: string, offset: number, now: Millis): void {
    for (const [series, ts, receivedAt, value, ...numbers] of JSON.parse(text) as Saved[]) {
      const cadence = restoreCadence(this.everyMsOf(series), numbers);
      this.add(series, { ts, receivedAt, value, cadence, offset }, now);
    }
  }

  private add(series: number, reading: Omit<LatestReading, 'arrivedAt' | 'freshness' | 'freshSeq'>, now: Millis): void {
    const { ts, receivedAt, cadence } = reading;
    const elapsed = this.elapsed();
    const arrivedAt = arrivalOf(receivedAt, now, elapsed);
    const freshness = freshnessOf(cadence, ageMs({ ts, receivedAt, arrivedAt }, now, elapsed));
    this.bySeries[series] = { ...reading, arrivedAt, freshness, freshSeq: 0 };
  }
}

type Times = Pick<LatestReading, 'ts' | 'receivedAt' | 'arrivedAt'>;

/**
 * A value is as old as its source time says, or as its arrival where the device's clock runs ahead, and never younger
 * than the time that has gone by since it came, whatever the gateway's clock was set to.
 */
function ageMs({ ts, receivedAt, arrivedAt }: Times, now: Millis, elapsed: number): number {
  return Math.max(now - Math.min(ts, receivedAt), elapsed - arrivedAt);
}

/** When a reading came, in elapsed time; what came at a time that is still to come may have come at any. */
function arrivalOf(receivedAt: Millis, now: Millis, elapsed: number): number {
  return receivedAt - now > setBackMsMin ? Number.NEGATIVE_INFINITY : elapsed - Math.max(now - receivedAt, 0);
}

/** True where the latest was given its time by a clock that stands earlier now than then. */
function isOfLaterClock({ ts, receivedAt }: Pick<Times, 'ts' | 'receivedAt'>, nextReceivedAt: Millis): boolean {
  const isAssigned = ts >= receivedAt && ts <= receivedAt + assignedAheadMsMax;
  return isAssigned && ts > nextReceivedAt + assignedAheadMsMax;
}

export const cadenceOf = (reading: LatestReading): number | null => cadenceMs(reading.cadence);
