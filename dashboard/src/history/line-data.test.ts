// The seam between history and live, and what a chart holds over time.
import type { Bucket } from '@telltale/gateway/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketsMax, createLineData, rawTailMax } from './line-data.ts';
import type { Loaded } from './load.ts';
import type { Point } from './points.ts';

const bucket = (start: number, mean: number, spread = 1, count = 10): Bucket => [
  start,
  count,
  mean - spread,
  mean + spread,
  mean,
  mean,
  mean,
];
const loaded = (part: Partial<Loaded>): Loaded => ({
  unit: null,
  buckets: [],
  intervalMs: null,
  seam: 0,
  readings: [],
  gaps: [],
  voids: [],
  ...part,
});
const drawn = (data: ReturnType<typeof createLineData>) => {
  const { times, values } = data.columns();
  return times.map((ts, index) => [ts, values[index]]).filter(([, value]) => value !== null);
};

describe('the seam', () => {
  it('draws a reading once that comes over REST and over the connection', () => {
    const data = createLineData(60_000);
    data.add([3_000, 3]);
    data.add([4_000, 4]);
    data.load(
      loaded({
        readings: [
          [1_000, 1],
          [2_000, 2],
          [3_000, 3],
        ],
      }),
    );
    data.add([3_000, 3]);
    expect(drawn(data)).toEqual([
      [1_000, 1],
      [2_000, 2],
      [3_000, 3],
      [4_000, 4],
    ]);
  });

  it('keeps live readings that came before the history, and drops those that a bucket has counted', () => {
    const data = createLineData(60_000);
    data.add([9_500, 1]);
    data.add([10_500, 2]);
    data.load(
      loaded({ buckets: [bucket(0, 5), bucket(5_000, 6)], intervalMs: 5_000, seam: 10_000, readings: [[10_000, 7]] }),
    );
    expect(drawn(data)).toEqual([
      [2_500, 5],
      [7_500, 6],
      [10_000, 7],
      [10_500, 2],
    ]);
  });

  it('widens the spread of a bucket for a late reading, however often that comes', () => {
    const data = createLineData(60_000);
    data.load(loaded({ buckets: [bucket(0, 5), bucket(5_000, 5)], intervalMs: 5_000, seam: 10_000 }));
    data.add([6_000, 40]);
    data.add([6_000, 40]);
    expect(data.columns().highs).toEqual([6, 40]);
    expect(data.size()).toBe(2);
  });

  it('lets the later word hold for a time that it has already', () => {
    const data = createLineData(60_000);
    data.load(loaded({ readings: [[1_000, 1]] }));
    data.add([1_000, 8]);
    expect(drawn(data)).toEqual([[1_000, 8]]);
  });

  it('is the same whatever the order in which history and live readings arrive', () => {
    const point = fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer()).map(([ts]): Point<number> => [ts, ts * 2]);
    fc.assert(
      fc.property(fc.array(point), fc.array(point), fc.array(point), (before, history, after) => {
        const data = createLineData(1_000);
        for (const each of before) data.add(each);
        data.load(loaded({ readings: history }));
        for (const each of after) data.add(each);
        const times = drawn(data).map(([ts]) => ts);
        const expected = [...new Set([...before, ...history, ...after].map(([ts]) => ts))].sort((a, b) => a - b);
        expect(times).toEqual(expected);
      }),
    );
  });
});

describe('voiding', () => {
  it('drops live readings that are held when the history that follows calls their range void', () => {
    const data = createLineData(60_000);
    for (const ts of [1_000, 2_000, 3_000]) data.add([ts, 1]);
    const by = { by: 'anna', reason: 'in the oven', at: 0, restored: null };
    const voids = [{ id: 'v', device: 'd', metric: 'm', from: 2_000, to: 3_000, ...by }];
    data.load(loaded({ voids }));
    expect(drawn(data).map(([ts]) => ts)).toEqual([1_000, 3_000]);
  });
});

describe('breaks', () => {
  const regular = (from: number, to: number): Point[] => {
    const points: Point[] = [];
    for (let ts = from; ts <= to; ts += 1_000) points.push([ts, 1]);
    return points;
  };

  it('breaks the line where readings stayed away much longer than usual', () => {
    const data = createLineData(60_000);
    data.load(loaded({ readings: [...regular(0, 10_000), ...regular(20_000, 30_000)] }));
    const { times, values } = data.columns();
    expect(values.filter(value => value === null)).toHaveLength(1);
    expect(times[values.indexOf(null)]).toBe(15_000);
  });

  it('breaks the line where the gateway names a gap, and nowhere else', () => {
    const data = createLineData(60_000);
    data.load(loaded({ readings: regular(0, 10_000) }));
    const { times, values } = data.columns([{ kind: 'gap', from: 4_050, to: 4_950, reason: 'payload-rejected' }]);
    expect(values.filter(value => value === null)).toHaveLength(1);
    expect(times[values.indexOf(null)]).toBe(4_500);
  });

  it('breaks the line at a gap between buckets, however regular they are, and not at one that leaves none empty', () => {
    const data = createLineData(60_000);
    data.load(loaded({ buckets: [0, 1, 3, 4].map(step => bucket(step * 1_000, 1)), intervalMs: 1_000, seam: 20_000 }));
    const gap = (from: number, to: number) => ({ kind: 'gap' as const, from, to, reason: 'gateway-down' as const });
    expect(data.columns([gap(2_000, 3_000)]).values).toEqual([1, 1, null, 1, 1]);
    expect(data.columns([gap(3_300, 3_700)]).values).toEqual([1, 1, 1, 1]);
  });

  it('does not break between buckets that are merely emptier than others', () => {
    const data = createLineData(60_000);
    const sparse = [0, 3, 5, 8, 10, 12].map(step => bucket(step * 1_000, 1));
    data.load(loaded({ buckets: sparse, intervalMs: 1_000, seam: 20_000 }));
    expect(data.columns().values).not.toContain(null);
  });
});

describe('bounds', () => {
  it('folds old live readings into buckets, and counts each once', () => {
    const data = createLineData(3_600_000);
    data.load(loaded({}));
    const total = rawTailMax * 4;
    for (let index = 0; index < total; index += 1) data.add([index * 100, index % 2]);
    expect(data.size()).toBeLessThanOrEqual(rawTailMax + bucketsMax);
    const { times, lows, highs } = data.columns();
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(Math.min(...lows.map(Number))).toBe(0);
    expect(Math.max(...highs.map(Number))).toBe(1);
    expect(data.newest()).toBe((total - 1) * 100);
  });

  it('forgets what has left the range, but for one reading by which the line enters', () => {
    const data = createLineData(10_000);
    data.load(
      loaded({
        readings: [
          [1, 1],
          [2, 2],
          [3, 3],
          [4, 4],
        ],
      }),
    );
    data.trim(3);
    expect(drawn(data)).toEqual([
      [2, 2],
      [3, 3],
      [4, 4],
    ]);
  });
});
