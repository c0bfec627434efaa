// What is asked of the gateway for a chart, and how the parts are put together.
import type { Bucket, HistoryBuckets, HistoryReadings } from '@telltale/gateway/contract';
import { bucketColumns } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { intervalOf, loadHistory } from './load.ts';

const head = { device: 'd', metric: 'm', unit: '°C', from: 0, to: 0, gaps: [], voids: [] };
const bucket = (start: number): Bucket => [start, 1, 1, 1, 1, 1, 1];

type Answers = {
  readings: Partial<HistoryReadings>[];
  buckets?: Bucket[];
  interval?: string;
  reasons?: Partial<HistoryBuckets>;
};

function gateway(answers: Answers) {
  const asked: string[] = [];
  return {
    asked,
    readings: (query: { from: number }) => {
      asked.push(`readings from ${query.from}`);
      return Promise.resolve({ ...head, readings: [], next: null, ...answers.readings.shift() } as HistoryReadings);
    },
    buckets: () => {
      asked.push('buckets');
      const { buckets = [], interval = '10s' } = answers;
      return Promise.resolve({
        ...head,
        interval,
        columns: bucketColumns,
        buckets,
        ...answers.reasons,
      } as HistoryBuckets);
    },
  };
}

const request = {
  device: 'd',
  metric: 'm',
  type: 'number' as const,
  from: 0,
  to: 35_000,
  cadenceMs: 1_000,
  live: true,
};

describe('loading', () => {
  it('asks for raw readings alone where they are few', async () => {
    const api = gateway({ readings: [{ readings: [[5, 1]] }] });
    expect(await loadHistory(api, request)).toMatchObject({
      buckets: [],
      intervalMs: null,
      seam: 0,
      readings: [[5, 1]],
    });
    expect(api.asked).toEqual(['readings from 0']);
  });

  it('turns to buckets when there were more than the cadence promised', async () => {
    const api = gateway({
      readings: [{ next: 'more' }, { readings: [[31_000, 2]] }],
      buckets: [bucket(20_000), bucket(30_000)],
    });
    const loaded = await loadHistory(api, request);
    expect(api.asked).toEqual(['readings from 0', 'buckets', 'readings from 30000']);
    expect(loaded).toMatchObject({ seam: 30_000, buckets: [bucket(20_000)], readings: [[31_000, 2]] });
  });

  it('keeps the filling bucket where its readings are too many, and begins live after it', async () => {
    const api = gateway({ readings: [{ next: 'more' }], buckets: [bucket(20_000), bucket(30_000)] });
    const loaded = await loadHistory(api, { ...request, cadenceMs: null });
    expect(loaded).toMatchObject({ seam: 35_001, readings: [] });
    expect(loaded.buckets).toHaveLength(2);
  });

  it('asks for no live edge where the range stands still', async () => {
    const api = gateway({ readings: [], buckets: [bucket(0)] });
    await loadHistory(api, { ...request, cadenceMs: null, live: false });
    expect(api.asked).toEqual(['buckets']);
  });
});

describe('why there is nothing', () => {
  const gap = { from: 5, to: 9, reason: 'device-offline' as const };
  const made = { device: 'd', metric: 'm', from: 1, to: 2, by: 'anna', reason: 'test', at: 0, restored: null };

  it('is told by raw answers', async () => {
    const api = gateway({ readings: [{ gaps: [gap], voids: [{ id: 'v', ...made }] }] });
    expect(await loadHistory(api, request)).toMatchObject({ gaps: [gap], voids: [{ id: 'v' }] });
  });

  it('is told by buckets and by the raw edge, and is one where both tell of it', async () => {
    const api = gateway({
      readings: [{ gaps: [{ ...gap, from: 9, to: 12 }], voids: [{ id: 'v', ...made }] }],
      buckets: [bucket(0)],
      reasons: { gaps: [gap], voids: [{ id: 'v', ...made }] },
    });
    const loaded = await loadHistory(api, { ...request, cadenceMs: null });
    expect(loaded.gaps).toEqual([{ ...gap, to: 12 }]);
    expect(loaded.voids).toHaveLength(1);
  });
});

describe('the width of a bucket', () => {
  it('is read from its name, or found from the buckets', () => {
    expect(intervalOf({ interval: '1500ms', buckets: [] }, 0)).toBe(1_500);
    expect(intervalOf({ interval: '15m', buckets: [] }, 0)).toBe(900_000);
    expect(intervalOf({ interval: 'PT1H', buckets: [bucket(0), bucket(500), bucket(1_500)] }, 0)).toBe(500);
    expect(intervalOf({ interval: '', buckets: [] }, 6_000)).toBe(10);
  });
});
