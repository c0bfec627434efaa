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
    expect(loaded.get(1)).toEqual({ ...latest.get(1), offset: 9, freshness: 'stale' });
    expect(loaded.get(2)).toMatchObject({ value: true, ts: at });
    expect(loaded.get(blockSeries + 1)).toMatchObject({ value: 7 });
  });
});
