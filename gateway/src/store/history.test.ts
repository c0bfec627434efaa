import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Interval } from './calendar.ts';
import { modelBuckets, type Reading } from './model.fixture.ts';
import type { Store } from './store.ts';
import { settled, TempStore } from './temp-store.fixture.ts';

const hour = 3_600_000;
const day = 24 * hour;
const at = Date.UTC(2026, 2, 28);

const value = fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.boolean(), fc.constantFrom('open', ''));
const reading = fc.tuple(fc.integer({ min: 0, max: 3 * day }), value);
const commits = fc.array(fc.array(reading, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 });
const interval = fc.constantFrom<[Interval, string]>(
  [{ ms: hour }, 'UTC'],
  [{ ms: 7_777_777 }, 'UTC'],
  [{ unit: 'hour', count: 1 }, 'Asia/Kolkata'],
  [{ unit: 'day', count: 1 }, 'Europe/Berlin'],
  [{ unit: 'month', count: 1 }, 'America/New_York'],
);

describe('history', () => {
  const temp = new TempStore();
  let store: Store;
  let run = 0;
  beforeAll(async () => {
    store = await temp.open();
  });
  afterAll(() => temp.dispose());

  /** Commits readings to a series of its own, with another's readings between them. */
  async function commitAll(batches: Reading[][]): Promise<{ series: number; model: Reading[] }> {
    const series = store.series.idOf(`d${++run}`, 't');
    const other = store.series.idOf(`d${run}`, 'u');
    for (const batch of batches) {
      for (const [ts, value] of batch) {
        store.push(series, at + ts, at, value, 0);
        store.push(other, at + ts, at, 'another', 0);
      }
      await settled(store);
    }
    const kept = new Map(batches.flat().map(([ts, value]) => [at + ts, value]));
    return { series, model: [...kept].sort(([a], [b]) => a - b) };
  }

  test('[RST-2] raw readings come in order of time, each once, and pages neither miss nor repeat one', async () => {
    const limits = fc.integer({ min: 1, max: 20 });
    await fc.assert(
      fc.asyncProperty(commits, limits, async (batches, limit) => {
        const { series, model } = await commitAll(batches);
        const paged: Reading[] = [];
        const to = at + 3 * day + 1;
        for (let from = at; ; ) {
          const page = await store.readings({ series, device: '', from, to, now: to, limit });
          paged.push(...page.readings);
          expect(page.readings.length).toBeLessThanOrEqual(limit);
          if (!page.more) break;
          from = (page.readings.at(-1)?.[0] ?? 0) + 1;
        }
        expect(paged).toEqual(model);
      }),
      { numRuns: 40 },
    );
  });

  test('[RST-2] a bucket has min, max, mean, first, last and count of exactly its readings', async () => {
    const bound = fc.integer({ min: 0, max: 3 * day });
    await fc.assert(
      fc.asyncProperty(commits, interval, bound, bound, async (batches, [spacing, zone], a, b) => {
        const { series, model } = await commitAll(batches);
        const [from, to] = [at + Math.min(a, b), at + Math.max(a, b) + 1];
        const { buckets } = await store.buckets({ series, device: '', from, to, now: to, interval: spacing, zone });
        const expected = modelBuckets(model, from, to, spacing, zone);
        expect(buckets.map(bucket => bucket.with(4, null))).toEqual(expected.map(bucket => bucket.with(4, null)));
        for (const [i, bucket] of buckets.entries()) {
          if (expected[i]?.[4] === null) expect(bucket[4]).toBeNull();
          else expect(bucket[4]).toBeCloseTo(expected[i]?.[4] as number, 6);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('[RST-2] the mean of the largest numbers there are is one of them, not infinite', async () => {
    const { series } = await commitAll([
      [
        [0, Number.MAX_VALUE],
        [1, Number.MAX_VALUE],
      ],
    ]);
    const range = { series, device: '', from: at, to: at + hour, now: at + hour };
    const { buckets } = await store.buckets({ ...range, interval: { ms: hour }, zone: 'UTC' });
    expect(buckets[0]?.[4]).toBe(Number.MAX_VALUE);
  });

  test('[ING-4] the same time in a later commit is one reading with the later value', async () => {
    const { series } = await commitAll([
      [
        [5, 'old'],
        [9, 1],
      ],
      [[5, 'new']],
    ]);
    const { readings } = await store.readings({ series, device: '', from: at, to: at + day, now: at, limit: 10 });
    expect(readings).toEqual([
      [at + 5, 'new'],
      [at + 9, 1],
    ]);
  });

  test('more buckets than an answer holds are refused', async () => {
    const ask = { series: 1, device: '', from: at, to: at + 20_001, now: at, interval: { ms: 1 }, zone: 'UTC' };
    await expect(store.buckets(ask)).rejects.toMatchObject({ code: 'unprocessable' });
  });
});

describe('what lies behind recent memory', () => {
  let temp: TempStore;
  beforeEach(() => {
    temp = new TempStore();
  });
  afterEach(() => temp.dispose());

  test.each([
    ['in step with the clock', 0],
    ['before the clock was set back for a while', -30 * day],
  ])('[RST-2] is read from the log, where it was committed %s', async (_when, stepMs) => {
    let store = await temp.open();
    const start = temp.clock.now();
    const series = store.series.idOf('a', 't');
    store.push(series, start, start, 'old', 0);
    await settled(store);
    temp.clock.set(start + stepMs + 1);
    const event = store.append('device', {}, []);
    await store.flush();
    await event;
    temp.clock.set(start + hour);
    // A memory's worth of another series pushes the first reading out of it.
    const other = store.series.idOf('a', 'u');
    for (let i = 0; i < 1_000_100; i++) store.push(other, start + hour, start + hour, i, 0);
    await settled(store);
    store = await temp.reopen();
    const ask = { series, device: 'a', from: start, to: start + day, now: start + day, limit: 10 };
    expect((await store.readings(ask)).readings).toEqual([[start, 'old']]);
    store.push(series, start, start, 'corrected', 0);
    store.push(series, start + hour, start + hour, 'new', 0);
    await settled(store);
    expect((await store.readings(ask)).readings).toEqual([
      [start, 'corrected'],
      [start + hour, 'new'],
    ]);
  });
});

describe('gaps', () => {
  let temp: TempStore;
  let store: Store;
  beforeEach(async () => {
    temp = new TempStore();
    store = await temp.open();
  });
  afterEach(() => temp.dispose());

  const presence = (ts: number, state: string) => store.append('presence', {}, [['presence.put', 'a', ts, state]]);
  const gaps = async (from: number, to: number) => {
    const ask = { series: 1, device: 'a', from, to, now: to, interval: { ms: hour }, zone: 'UTC' };
    return (await store.buckets(ask)).gaps;
  };

  test('are told where the device was away, and not where it still sent readings', async () => {
    await presence(at + 10, 'offline');
    await presence(at + 20, 'online');
    await presence(at + 30, 'offline');
    store.push(1, at + 15, at, 1, 0);
    await settled(store);
    expect(await gaps(at, at + 100)).toEqual([{ from: at + 30, to: at + 100, reason: 'device-offline' }]);
    expect(await gaps(at + 40, at + 50)).toEqual([{ from: at + 40, to: at + 50, reason: 'device-offline' }]);
  });

  test('are told where the gateway was down', async () => {
    store.push(1, at, at, 1, 0);
    await settled(store);
    const down = temp.clock.now();
    await store.close();
    temp.clock.advance(hour);
    store = await temp.open();
    expect(await gaps(down - 10, down + 2 * hour)).toEqual([{ from: down, to: down + hour, reason: 'gateway-down' }]);
  });
});
