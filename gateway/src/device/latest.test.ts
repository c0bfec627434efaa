import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Value } from '../contract/index.ts';
import { blockSeries, LatestValues, type Readings } from './latest.ts';

const at = Date.UTC(2026, 0, 5);
type Row = [series: number, ts: number, value: Value, receivedAt?: number];

function runOf(offset: number, rows: Row[]): Readings {
  const row = (i: number) => rows[i] as Row;
  return {
    offset,
    count: rows.length,
    series: i => row(i)[0],
    ts: i => row(i)[1],
    value: i => row(i)[2],
    receivedAt: i => row(i)[3] ?? row(i)[1],
  };
}

let latest: LatestValues;
beforeEach(() => {
  latest = new LatestValues();
});

describe('the latest value', () => {
  test('[ING-4] is the one of the newest source time; a late reading never becomes it', () => {
    latest.apply(runOf(1, [[1, at, 'new']]), at);
    latest.apply(runOf(2, [[1, at - 1, 'late', at + 5]]), at + 5);
    expect(latest.get(1)).toMatchObject({ ts: at, value: 'new', receivedAt: at, offset: 1 });
  });

  test('[ING-4] of the same time is the one of the later commit', () => {
    latest.apply(
      runOf(1, [
        [1, at, 'first'],
        [1, at, 'second'],
      ]),
      at,
    );
    expect(latest.get(1)).toMatchObject({ value: 'second', offset: 1 });
    latest.apply(runOf(2, [[1, at, 'third', at + 5]]), at + 5);
    expect(latest.get(1)).toMatchObject({ value: 'third', offset: 2, receivedAt: at + 5 });
  });

  test('[ING-4] is what a look through all readings finds', () => {
    const row = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: at, max: at + 20 }), fc.integer());
    fc.assert(
      fc.property(fc.array(fc.array(row, { maxLength: 8 })), runs => {
        const values = new LatestValues();
        for (const [i, rows] of runs.entries()) values.apply(runOf(i + 1, rows), at + 20);
        for (const series of [1, 2, 3]) {
          let newest: number[] | undefined;
          for (const found of runs.flat()) {
            if (found[0] === series && (newest === undefined || found[1] >= (newest[1] as number))) newest = found;
          }
          expect(values.get(series)?.ts).toBe(newest?.[1]);
          expect(values.get(series)?.value).toBe(newest?.[2]);
        }
      }),
    );
  });

  test('is forgotten with its device', () => {
    latest.apply(
      runOf(1, [
        [1, at, 1],
        [2, at, 2],
      ]),
      at,
    );
    latest.forget(1);
    expect([latest.get(1), latest.get(2)?.value]).toEqual([undefined, 2]);
    expect(latest.sweep(at + 1e9)).toEqual([{ series: 2, freshness: 'stale' }]);
  });
});

describe('freshness of the latest values', () => {
  const everySecond: Row[] = Array.from({ length: 20 }, (_, i) => [1, at + i * 1_000, i]);
  const last = at + 19_000;

  test('[LIV-4] changes without a reading, and each change is told once', () => {
    latest.apply(runOf(1, everySecond), last);
    expect(latest.sweep(last + 3_000)).toEqual([]);
    expect(latest.sweep(last + 3_001)).toEqual([{ series: 1, freshness: 'late' }]);
    expect(latest.sweep(last + 3_002)).toEqual([]);
    expect(latest.sweep(last + 20_000)).toEqual([{ series: 1, freshness: 'stale' }]);
    expect(latest.sweep(last + 30_000)).toEqual([]);
    expect(latest.get(1)?.freshness).toBe('stale');
  });

  test('[LIV-4] is live again with a reading that is current, and is not with one that came late', () => {
    latest.apply(runOf(1, everySecond), last);
    latest.sweep(last + 60_000);
    latest.apply(runOf(2, [[1, last + 1_000, 0, last + 60_000]]), last + 60_000);
    expect(latest.get(1)?.freshness).toBe('stale');
    latest.apply(runOf(3, [[1, last + 61_000, 0]]), last + 61_000);
    expect(latest.get(1)?.freshness).toBe('live');
  });

  test('[LIV-4] of a device whose clock runs ahead is judged by when its reading came', () => {
    latest.apply(runOf(1, [[1, at + 3_600_000, 0, at]]), at);
    expect(latest.sweep(at + 400_000)).toEqual([{ series: 1, freshness: 'stale' }]);
  });

  test('[LIV-4] of what was long under way is stale from the start', () => {
    latest.apply(runOf(1, [[1, at - 3_600_000, 0, at]]), at);
    expect(latest.get(1)?.freshness).toBe('stale');
  });

  test('[LIV-4] of readings that come in batches lasts from batch to batch', () => {
    for (let batch = 0; batch < 5; batch++) {
      const receivedAt = at + batch * 60_000;
      const rows = Array.from({ length: 60 }, (_, i): Row => [1, receivedAt - 59_000 + i * 1_000, i, receivedAt]);
      latest.apply(runOf(batch + 1, rows), receivedAt);
    }
    const newest = at + 4 * 60_000;
    expect(latest.sweep(newest + 60_000)).toEqual([]);
    expect(latest.sweep(newest + 10 * 60_000)).toEqual([{ series: 1, freshness: 'stale' }]);
  });

  test('[LIV-4] of a device that was away and brings what it kept is judged by the pace of its readings', () => {
    latest.apply(runOf(1, everySecond), last);
    const kept = Array.from({ length: 600 }, (_, i): Row => [1, last + (i + 1) * 1_000, i, last + 600_000]);
    latest.apply(runOf(2, kept), last + 600_000);
    expect(latest.sweep(last + 611_000)).toEqual([{ series: 1, freshness: 'stale' }]);
  });

  test('[LIV-4] is looked at in parts, none of them large, and after so many parts all were looked at', () => {
    const rows = Array.from({ length: 101 }, (_, i): Row => [i + 1, at, 0]);
    latest.apply(runOf(1, rows), at);
    const round = (now: number) => Array.from({ length: 20 }, () => latest.sweep(now, 20).map(({ series }) => series));
    const parts = round(at + 1e9);
    expect(parts.flat()).toEqual(rows.map(([series]) => series));
    expect(Math.max(...parts.map(({ length }) => length))).toBeLessThanOrEqual(6);
    latest.apply(runOf(2, [[1, at + 2e9, 0]]), at + 2e9);
    expect(round(at + 3e9).flat()).toEqual([1]);
  });
});

describe('[RUN-3] a gateway clock that is set', () => {
  const hour = 3_600_000;
  let elapsed = 0;
  beforeEach(() => {
    elapsed = 0;
    latest = new LatestValues(
      () => 60_000,
      () => elapsed,
    );
  });

  test.each([
    ['an hour', hour],
    ['twelve years', 12 * 365 * 24 * hour],
  ])('back by %s: what it dates itself goes on to be the latest, and that is said', (_, by) => {
    expect(latest.apply(runOf(1, [[1, at + by, 'ahead']]), at + by)).toEqual([]);
    expect(latest.apply(runOf(2, [[1, at, 'back']]), at)).toEqual([1]);
    expect(latest.get(1)).toMatchObject({ value: 'back', ts: at, offset: 2, freshness: 'live' });
    expect(latest.apply(runOf(3, [[1, at + 1, 'on']]), at + 1)).toEqual([]);
  });

  test('[ING-4] back: a late reading of a device with a clock of its own stays a late one', () => {
    latest.apply(runOf(1, [[1, at, 'new', at + hour]]), at + hour);
    expect(latest.apply(runOf(2, [[1, at - 1_000, 'late', at]]), at)).toEqual([]);
    expect(latest.get(1)?.value).toBe('new');
  });

  test('[LIV-4] back: a series that fell silent before does not look live until the time comes again', () => {
    latest.apply(runOf(1, [[1, at, 1]]), at);
    elapsed += 1_000;
    expect(latest.sweep(at - 2 * hour)).toEqual([]);
    elapsed += hour;
    expect(latest.sweep(at - hour)).toEqual([{ series: 1, freshness: 'stale' }]);
  });

  test('[LIV-4] back, before a start: what came at a time that is still to come is not taken for current', () => {
    latest.apply(runOf(1, [[1, at, 1]]), at);
    const saved = latest.saveBlock(0);
    const loaded = new LatestValues(() => 60_000);
    loaded.loadBlock(saved, 1, at - hour);
    expect(loaded.get(1)?.freshness).toBe('stale');
  });
});

describe('blocks of latest values', () => {
  test('are dirty once after each change', () => {
    latest.apply(
      runOf(1, [
        [1, at, 0],
        [2, at, 0],
        [blockSeries, at, 0],
      ]),
      at,
    );
    expect(latest.takeDirty()).toEqual([0, 1]);
    expect(latest.takeDirty()).toEqual([]);
    latest.apply(runOf(2, [[1, at - 5, 0]]), at);
    expect(latest.takeDirty()).toEqual([]);
    latest.forget(blockSeries);
    expect(latest.takeDirty()).toEqual([1]);
  });

  test('bring back time, value and cadence, and freshness as it is now', () => {
    const rows: Row[] = Array.from({ length: 5 }, (_, i) => [1, at + i * 60_000, `text ${i}`]);
    latest.apply(runOf(1, [...rows, [2, at, true], [blockSeries + 1, at, 7]]), at + 240_000);
    const loaded = new LatestValues();
    for (const block of [0, 1]) loaded.loadBlock(latest.saveBlock(block), 9, at + 3_600_000);
    const arrivedAt = 240_000 - 3_600_000;
    expect(loaded.get(1)).toEqual({ ...latest.get(1), arrivedAt, offset: 9, freshness: 'stale' });
    expect(loaded.get(2)).toMatchObject({ value: true, ts: at });
    expect(loaded.get(blockSeries + 1)).toMatchObject({ value: 7 });
  });

  test('[LIV-4] bring back the whole of a cadence, whatever taught it', () => {
    const second = fc.integer({ min: 1, max: 2_000 });
    const interval = fc.oneof({ weight: 4, arbitrary: second }, fc.integer({ min: 1, max: 1e9 }));
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 30 }), intervals => {
        const values = new LatestValues();
        let ts = at;
        for (const [i, ms] of [0, ...intervals].entries()) {
          ts += ms;
          values.apply(runOf(i + 1, [[1, ts, 0]]), ts);
        }
        const loaded = new LatestValues();
        loaded.loadBlock(values.saveBlock(0), 99, ts);
        const cadence = values.get(1)?.cadence;
        expect(loaded.get(1)?.cadence).toEqual({ ...cadence, meanMs: Math.round(cadence?.meanMs ?? 0) });
      }),
    );
  });

  test('[LIV-4] of an older gateway, which knew less of a cadence, are taken in', () => {
    latest.loadBlock(JSON.stringify([[1, at, at, 5, 60_000, 240]]), 9, at);
    expect(latest.get(1)).toMatchObject({ value: 5, offset: 9, freshness: 'live' });
    const next: Row[] = Array.from({ length: 10 }, (_, i) => [1, at + (i + 1) * 30_000, 0]);
    latest.apply(runOf(10, next), at + 300_000);
    const cadence = latest.get(1)?.cadence.meanMs;
    expect(cadence).toBeGreaterThanOrEqual(30_000);
    expect(cadence).toBeLessThan(40_000);
  });
});
