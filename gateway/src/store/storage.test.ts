// What the store says of itself: the parts of the file, what is in it, and when there will be no room.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { forecast } from './storage.ts';
import type { Store } from './store.ts';
import { settled, TempStore } from './temp-store.fixture.ts';

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.UTC(2026, 5, 1);
const megabyte = 1e6;

/** Such as no codec makes small. */
const noise = (i: number) => Math.round(1e6 * Math.sin(i * i));

describe('the forecast', () => {
  test('[STO-3] of what grows day by day is the day on which it is full', () => {
    const days = fc.integer({ min: 1, max: 14 });
    const perDay = fc.integer({ min: 1, max: 10_000 }).map(n => n * 1_000);
    fc.assert(
      fc.property(days, perDay, fc.integer({ min: 1, max: 5_000 }), (past, perDay, daysLeft) => {
        const used = 100 * megabyte + past * perDay;
        const samples = Array.from({ length: past + 1 }, (_, i) => ({ at: now - i * day, used: used - i * perDay }));
        const at = forecast(now, used, daysLeft * perDay, samples) as number;
        expect(Math.abs(at - (now + daysLeft * day))).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('goes by the oldest sample, in whatever order they come', () => {
    const samples = [
      { at: now - 2 * day, used: 90 },
      { at: now - 10 * day, used: 0 },
      { at: now - 5 * day, used: 10 },
    ];
    expect(forecast(now, 100, 50, samples)).toBe(now + 5 * day);
    expect(forecast(now, 100, 50, samples.reverse())).toBe(now + 5 * day);
  });

  test('is none where the store shrinks, or stays as it is', () => {
    for (const used of [0, 99, 100]) expect(forecast(now, used, 50, [{ at: now - day, used: 100 }])).toBeNull();
  });

  test('is none while what is known of growth is too short to tell', () => {
    expect(forecast(now, 100, 50, [])).toBeNull();
    expect(forecast(now, 100, 50, [{ at: now - hour + 1, used: 50 }])).toBeNull();
    expect(forecast(now, 100, 50, [{ at: now - hour, used: 50 }])).toBe(now + hour);
  });

  test('is none where it would be later than a date can tell', () => {
    expect(forecast(now, 101, 1e15, [{ at: now - 14 * day, used: 100 }])).toBeNull();
  });

  test('[STO-3] is now where nothing is left, whatever came before', () => {
    for (const left of [0, -1]) {
      expect(forecast(now, 100, left, [])).toBe(now);
      expect(forecast(now, 100, left, [{ at: now - day, used: 200 }])).toBe(now);
    }
  });
});

describe('the figures of a store', () => {
  let temp: TempStore;
  let store: Store;
  beforeEach(async () => {
    temp = new TempStore();
    store = await temp.open();
  });
  afterEach(() => temp.dispose());

  async function commit(metric: string, from: number, count: number, everyMs = 1_000): Promise<void> {
    const series = store.series.idOf('a', metric);
    for (let i = 0; i < count; i++) store.push(series, from + i * everyMs, from, noise(i), 0);
    await settled(store);
  }

  test('of an empty store are zero, and nothing is the oldest', async () => {
    const { readings, oldest, fullAt, bytes } = await store.storage();
    expect({ readings, oldest, fullAt }).toEqual({ readings: 0, oldest: null, fullAt: null });
    expect([bytes.readings, bytes.rollups]).toEqual([0, 0]);
  });

  test('count each reading that was committed, wherever it lies by now', async () => {
    const start = temp.clock.now();
    await commit('t', start, 1_000);
    expect((await store.storage()).readings).toBe(1_000);
    await store.settle();
    expect((await store.storage()).readings).toBe(1_000);
    await commit('u', start, 500);
    await commit('t', start + hour, 250);
    expect((await store.storage()).readings).toBe(1_750);
    store = await temp.reopen();
    expect((await store.storage()).readings).toBe(1_750);
    await store.settle();
    expect((await store.storage()).readings).toBe(1_750);
  });

  test('tell the oldest reading, also while it is in the log alone', async () => {
    const start = temp.clock.now();
    await commit('t', start, 10);
    expect((await store.storage()).oldest).toBe(start);
    await store.settle();
    expect((await store.storage()).oldest).toBe(start);
    await commit('u', start - 30 * day, 1);
    expect((await store.storage()).oldest).toBe(start - 30 * day);
    await store.settle();
    expect((await store.storage()).oldest).toBe(start - 30 * day);
  });

  test('of what is no reading know no time', async () => {
    await store.append('presence', {}, [['presence.put', 'a', temp.clock.now(), 'online']]);
    expect((await store.storage()).oldest).toBeNull();
  });

  test('add up: readings, rollups, log and free pages are the file', async () => {
    for (let d = 0; d < 3; d++) await commit('t', temp.clock.now() + d * day, day / 3_000, 3_000);
    const logs: number[] = [];
    for (const settleFirst of [false, true]) {
      temp.clock.set(temp.clock.now() + 40 * day);
      if (settleFirst) await store.settle();
      // Closed and opened, so that all of it is in the file and nothing beside it.
      store = await temp.reopen();
      const { bytes } = await store.storage();
      expect(bytes.log + bytes.readings + bytes.rollups + bytes.free).toBe(bytes.file);
      expect([bytes.readings > 0, bytes.rollups > 0]).toEqual([settleFirst, settleFirst]);
      logs.push(bytes.log);
    }
    // What was sealed, and is older than anybody resumes from, has left the log.
    expect(logs[1]).toBeLessThan(logs[0] as number);
  });

  test('[STO-3] tell of the day on which the budget is reached, and that it is today where it was', async () => {
    store = await temp.reopen({ diskBudget: 100 * megabyte });
    await commit('t', temp.clock.now(), 10);
    expect((await store.storage()).fullAt).toBeNull();
    const begun = temp.clock.now();
    temp.clock.set(begun + day);
    await commit('u', temp.clock.now(), 20_000);
    const { fullAt, bytes } = await store.storage();
    expect(bytes.log + bytes.readings + bytes.rollups).toBeLessThan(megabyte);
    expect((fullAt as number) - begun).toBeGreaterThan(100 * day);
    store = await temp.reopen({ diskBudget: 1 });
    expect((await store.storage()).fullAt).toBe(temp.clock.now());
  });
});
