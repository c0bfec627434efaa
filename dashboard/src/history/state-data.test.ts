// Stretches of one state, from readings.
import type { Bucket } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import type { Point } from './points.ts';
import { createStateData, statePointsMax } from './state-data.ts';

const load = (readings: Point[]) => {
  const data = createStateData();
  data.load({ unit: null, buckets: [], intervalMs: null, seam: 0, readings, gaps: [], voids: [] });
  return data;
};

describe('stretches', () => {
  it('ends one where the value changes, at the time of the change', () => {
    expect(
      load([
        [0, 'open'],
        [10, 'open'],
        [20, 'shut'],
        [30, 'shut'],
      ]).stretches(),
    ).toEqual([
      { from: 0, to: 20, value: 'open' },
      { from: 20, to: 30, value: 'shut' },
    ]);
  });

  it('leaves a hole where readings stayed away, even if the value was the same after it', () => {
    const before: Point[] = [0, 10, 20, 30, 40].map(ts => [ts, true]);
    expect(load([...before, [400, true], [410, true]]).stretches()).toEqual([
      { from: 0, to: 40, value: true },
      { from: 400, to: 410, value: true },
    ]);
  });

  it('is not broken by a device that sends more slowly than it used to', () => {
    const fast: Point[] = Array.from({ length: 100 }, (_, index) => [index, 'on']);
    const slow: Point[] = Array.from({ length: 20 }, (_, index) => [100 + index * 10, 'on']);
    expect(load([...fast, ...slow]).stretches()).toEqual([{ from: 0, to: 290, value: 'on' }]);
  });

  it('leaves a hole at a known gap, and at a voided range', () => {
    const regular = load([0, 10, 20, 30, 40].map(ts => [ts, 'on']));
    const by = { id: 'v', device: 'd', metric: 'm', by: 'anna', reason: 'test', at: 0, restored: null };
    expect(
      regular.stretches([
        { kind: 'gap', from: 11, to: 19, reason: 'device-offline' },
        { kind: 'void', from: 30, to: 40, void: { ...by, from: 30, to: 40 } },
      ]),
    ).toEqual([
      { from: 0, to: 10, value: 'on' },
      { from: 20, to: 30, value: 'on' },
      { from: 40, to: 40, value: 'on' },
    ]);
  });

  it('ends at a voided range that begins within a bucket, and begins after one that ends in one', () => {
    const data = createStateData();
    const buckets = [0, 100, 300, 400].map((start): Bucket => [start, 3, null, null, null, 'on', 'on']);
    data.load({ unit: null, buckets, intervalMs: 100, seam: 500, readings: [], gaps: [], voids: [] });
    const by = { id: 'v', device: 'd', metric: 'm', by: 'anna', reason: 'test', at: 0, restored: null };
    const range = { from: 150, to: 350 };
    expect(data.stretches([{ kind: 'void', ...range, void: { ...by, ...range } }])).toEqual([
      { from: 0, to: 150, value: 'on' },
      { from: 350, to: 499, value: 'on' },
    ]);
  });

  it('takes a bucket by its first and last value', () => {
    const data = createStateData();
    data.load({
      unit: null,
      buckets: [
        [0, 3, null, null, null, 'a', 'a'],
        [100, 3, null, null, null, 'a', 'b'],
        [200, 3, null, null, null, 'b', 'b'],
      ],
      intervalMs: 100,
      seam: 300,
      readings: [[300, 'b']],
      gaps: [],
      voids: [],
    });
    expect(data.stretches().map(({ value }) => value)).toEqual(['a', 'b']);
  });

  it('stays bounded, and keeps every change while it can', () => {
    const data = load([]);
    for (let index = 0; index < statePointsMax * 3; index += 1) data.add([index, Math.floor(index / 2_000) % 2 === 0]);
    expect(data.size()).toBeLessThanOrEqual(statePointsMax);
    expect(
      data.stretches().filter((each, index, all) => index > 0 && each.value !== all[index - 1]!.value),
    ).toHaveLength(5);
  });
});
