// Keeping moves readings from the log into batches, from there into windows, and makes rollups of them. Nothing that
// anybody asks may notice.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bucket } from '../contract/index.ts';
import type { Interval } from './calendar.ts';
import { modelBuckets, type Reading } from './model.fixture.ts';
import type { Store } from './store.ts';
import { settled, TempStore } from './temp-store.fixture.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.UTC(2026, 1, 27);

/** One step of a store's life. */
type Step =
  | { do: 'commit'; readings: Reading[] }
  | { do: 'burst'; at: number; count: number; everyMs: number; seed: number }
  | { do: 'settle' }
  | { do: 'reopen' }
  | { do: 'wait'; days: number };

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -10_000, max: 10_000 }).map(n => n / 100) },
  { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }) },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constantFrom('open', 'shut') },
);
const ts = fc.integer({ min: 0, max: 80 * day }).map(ms => start + ms);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(fc.tuple(ts, value), { minLength: 1, maxLength: 30 })
      .map((readings): Step => ({ do: 'commit', readings })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('burst' as const),
      at: ts,
      count: fc.integer({ min: 1, max: 6_000 }),
      everyMs: fc.constantFrom(250, 1_000, 3_000, minute),
      seed: fc.integer({ min: 1, max: 1_000 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant<Step>({ do: 'settle' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'reopen' }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 50 }).map((days): Step => ({ do: 'wait', days })) },
);

const burst = ({ at, count, everyMs, seed }: Step & { do: 'burst' }): Reading[] =>
  Array.from({ length: count }, (_, i) => [at + i * everyMs, Math.round(Math.sin(i * seed) * 1_000) / 100]);

const asked = fc.constantFrom<[Interval, string]>(
  [{ ms: minute }, 'UTC'],
  [{ ms: 5 * minute }, 'UTC'],
  [{ ms: hour }, 'UTC'],
  [{ ms: 7_777_777 }, 'UTC'],
  [{ unit: 'day', count: 1 }, 'Asia/Kolkata'],
  [{ unit: 'day', count: 1 }, 'Europe/Berlin'],
  [{ unit: 'day', count: 1 }, 'UTC'],
  [{ unit: 'week', count: 1 }, 'America/New_York'],
  [{ unit: 'month', count: 1 }, 'UTC'],
);

/** Without the mean, which is compared apart; zero and minus zero are one least value. */
const comparable = (bucket: Bucket) =>
  bucket
    .with(2, bucket[2] === 0 ? 0 : bucket[2])
    .with(3, bucket[3] === 0 ? 0 : bucket[3])
    .with(4, null);

describe('what keeping does to the store', () => {
  let temp: TempStore;
  let store: Store;
  beforeEach(async () => {
    temp = new TempStore();
    store = await temp.open();
  });
  afterEach(() => temp.dispose());

  let runs = 0;

  async function commit(name: string, readings: readonly Reading[]): Promise<void> {
    const series = store.series.idOf(name, 't');
    for (const [at, one] of readings) store.push(series, at, temp.clock.now(), one, 0);
    await settled(store);
  }

  async function live(name: string, steps: readonly Step[]): Promise<Map<number, Reading[1]>> {
    const model = new Map<number, Reading[1]>();
    for (const one of steps) {
      if (one.do === 'settle') await store.settle();
      else if (one.do === 'reopen') store = await temp.reopen();
      else if (one.do === 'wait') temp.clock.set(temp.clock.now() + one.days * day);
      else {
        const readings = one.do === 'commit' ? one.readings : burst(one);
        await commit(name, readings);
        for (const [at, value] of readings) model.set(at, value);
      }
    }
    return model;
  }

  test('[STO-8] whatever was sealed, compacted, rolled up and moved in between, every answer is that of the readings', async () => {
    const bound = fc.integer({ min: 0, max: 85 * day }).map(ms => start + ms);
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 3, maxLength: 14 }),
        fc.array(fc.tuple(asked, bound, bound), { minLength: 3, maxLength: 3 }),
        async (steps, questions) => {
          const model = await live(`d${++runs}`, steps);
          const series = store.series.idOf(`d${runs}`, 't');
          const all = [...model].sort(([a], [b]) => a - b);
          for (const [[interval, zone], a, b] of questions) {
            const [from, to] = [Math.min(a, b), Math.max(a, b) + 1];
            const within = all.filter(([at]) => at >= from && at < to);
            const range = { series, device: '', from, to, now: to };
            const expected =
              'ms' in interval && (to - from) / interval.ms > 20_000
                ? null
                : modelBuckets(within, from, to, interval, zone);
            if (expected !== null) {
              const { buckets } = await store.buckets({ ...range, interval, zone });
              expect(buckets.map(comparable)).toEqual(expected.map(comparable));
              for (const [i, bucket] of buckets.entries()) {
                const mean = expected[i]?.[4];
                if (typeof mean === 'number') expect(bucket[4]).toBeCloseTo(mean, 4);
                else expect(bucket[4]).toBeNull();
              }
            }
            const { readings } = await store.readings({ ...range, limit: 100_000 });
            expect(readings).toEqual(within);
          }
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
