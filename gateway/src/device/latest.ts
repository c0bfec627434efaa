// The newest reading of every series. A view of the log: it is rebuilt from its last checkpoint and what came after.
// Invariant: a late reading never becomes the latest value ([ING-4]).
import type { Freshness, Millis, Value } from '../contract/index.ts';
import { type Cadence, cadenceMs, freshnessOf, learn } from './freshness.ts';

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
};

export type FreshnessChange = { series: number; freshness: Freshness };

/** Series in one saved block: some 100 KB of JSON, written and read in a few milliseconds. */
export const blockSeries = 2_048;

type Saved = [series: number, ts: Millis, receivedAt: Millis, value: Value, meanMs: number, seen: number];

export class LatestValues {
  private readonly bySeries: (LatestReading | undefined)[] = [];
  private readonly dirtyBlocks = new Set<number>();

  get(series: number): LatestReading | undefined {
    return this.bySeries[series];
  }

  /** Takes in what was committed at `now`. Readings that are older than the latest change nothing. */
  apply(run: Readings, now: Millis): void {
    let lastBlock = -1;
    for (let i = 0; i < run.count; i++) {
      const series = run.series(i);
      const ts = run.ts(i);
      const known = this.bySeries[series];
      if (known === undefined) {
        const cadence = { meanMs: 0, seen: 0 };
        const receivedAt = run.receivedAt(i);
        const freshness = freshnessOf(cadence, ageMs(ts, receivedAt, now));
        this.bySeries[series] = { ts, receivedAt, value: run.value(i), freshness, cadence, offset: run.offset };
      } else {
        if (ts < known.ts) continue;
        learn(known.cadence, ts - known.ts);
        known.ts = ts;
        known.receivedAt = run.receivedAt(i);
        known.value = run.value(i);
        known.offset = run.offset;
        known.freshness = freshnessOf(known.cadence, ageMs(ts, known.receivedAt, now));
      }
      const block = Math.floor(series / blockSeries);
      if (block !== lastBlock) this.dirtyBlocks.add(block);
      lastBlock = block;
    }
  }

  /** Looks at every series again; returns those whose freshness changed without a new reading. */
  sweep(now: Millis): FreshnessChange[] {
    const changes: FreshnessChange[] = [];
    for (let series = 0; series < this.bySeries.length; series++) {
      const known = this.bySeries[series];
      if (known === undefined || known.freshness === 'stale') continue;
      const freshness = freshnessOf(known.cadence, ageMs(known.ts, known.receivedAt, now));
      if (freshness === known.freshness) continue;
      known.freshness = freshness;
      changes.push({ series, freshness });
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
      saved.push([series, ts, receivedAt, value, Math.round(cadence.meanMs), cadence.seen]);
    }
    return JSON.stringify(saved);
  }

  loadBlock(text: string, offset: number, now: Millis): void {
    for (const [series, ts, receivedAt, value, meanMs, seen] of JSON.parse(text) as Saved[]) {
      const cadence = { meanMs, seen };
      const freshness = freshnessOf(cadence, ageMs(ts, receivedAt, now));
      this.bySeries[series] = { ts, receivedAt, value, freshness, cadence, offset };
    }
  }
}

/** A value is as old as its source time says, or as its arrival where the device's clock runs ahead. */
function ageMs(ts: Millis, receivedAt: Millis, now: Millis): number {
  return now - Math.min(ts, receivedAt);
}

export const cadenceOf = (reading: LatestReading): number | null => cadenceMs(reading.cadence);
