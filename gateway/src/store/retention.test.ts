// What goes when there is no room, or when nobody wants it any more, and what answers without it.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { BucketsAnswer } from './history.ts';
import type { Store } from './store.ts';
import { settled, TempStore } from './temp-store.fixture.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.UTC(2026, 2, 1);

/** With noise in it, so that it takes room. */
const valueAt = (ts: number) =>
  Math.round(2_000 + 1_000 * Math.sin(ts / 7_919_000) + ((ts * 2_654_435_761) % 97)) / 100;

/** Means of cells and of readings are added up in another order. */
const rounded = ({ buckets }: BucketsAnswer) => buckets.map(bucket => bucket.with(4, Number(bucket[4]).toFixed(9)));

describe('retention', () => {
  const temps: TempStore[] = [];
  afterEach(async () => {
    for (const temp of temps.splice(0)) await temp.dispose();
  });

  /** So many days of a series with a reading every `everyMs`. */
  async function filled(days: number, everyMs: number) {
    const temp = new TempStore();
    temps.push(temp);
    const store = await temp.open();
    const series = store.series.idOf('a', 't');
    for (let d = 0; d < days; d++) {
      temp.clock.set(start + (d + 1) * day);
      for (let ts = start + d * day; ts < start + (d + 1) * day; ts += everyMs)
        store.push(series, ts, ts, valueAt(ts), 0);
      await settled(store);
    }
    temp.clock.set(start + (days + 3) * day);
    await store.settle();
    return { temp, store, series };
  }

  const ask = (series: number, from: number, to: number) => ({ series, device: 'a', from, to, now: to });
  const hours = async (store: Store, series: number, from: number, to: number) =>
    store.buckets({ ...ask(series, from, to), interval: { ms: hour }, zone: 'UTC' });

  test('[STO-3] the budget is kept: the oldest readings go, the rollups stay, and the gap has its reason', async () => {
    const { temp, store, series } = await filled(60, 10_000);
    const to = start + 60 * day;
    const whole = await hours(store, series, start, to);
    const before = await store.storage();
    await store.close();
    const fileBefore = statSync(join(temp.dir, 'telltale.db')).size;
    const budget = before.bytes.readings * 0.5 + before.bytes.rollups + before.bytes.log;
    const kept = await temp.open({ diskBudget: budget });
    await kept.settle();
    const after = await kept.storage();
    expect(after.bytes.readings + after.bytes.rollups + after.bytes.log).toBeLessThanOrEqual(budget);
    const { readings, gaps } = await kept.readings({ ...ask(series, start, to), limit: 1_000_000 });
    const first = readings[0]?.[0] ?? 0;
    expect(first).toBeGreaterThan(start + 5 * day);
    expect(readings.length).toBe((to - first) / 10_000);
    expect(gaps).toEqual([{ from: start, to: first, reason: 'retention' }]);
    // [STO-2] Nothing but rollups can have answered this.
    expect(rounded(await hours(kept, series, start, to))).toEqual(rounded(whole));
    await kept.close();
    expect(statSync(join(temp.dir, 'telltale.db')).size).toBeLessThan(fileBefore * 0.9);
    await temp.open();
  });

  test('[STO-2] buckets that rollups fit are answered without one reading, over days, weeks and months', async () => {
    const { temp, store, series } = await filled(70, 3_000);
    const to = start + 70 * day;
    const questions = [
      { interval: { ms: minute }, zone: 'UTC', from: start, to: start + 3 * day },
      { interval: { unit: 'hour' as const, count: 1 }, zone: 'Asia/Kolkata', from: start, to },
      { interval: { unit: 'day' as const, count: 1 }, zone: 'America/New_York', from: start, to },
      { interval: { unit: 'month' as const, count: 1 }, zone: 'UTC', from: start, to },
    ];
    const answers = [];
    for (const { from, to, ...rest } of questions)
      answers.push(await store.buckets({ ...ask(series, from, to), ...rest }));
    const kept = await temp.reopen({ retention: [{ device: '*', metric: 't', raw: day }] });
    await kept.settle();
    expect((await kept.storage()).bytes.readings).toBe(0);
    for (const [i, { from, to, ...rest }] of questions.entries()) {
      const { gaps, ...answer } = await kept.buckets({ ...ask(series, from, to), ...rest });
      expect(gaps).toEqual([]);
      expect(answer).toEqual({ ...answers[i], gaps: undefined });
    }
  });

  test('[STO-3] ages: the first rule that fits counts, and another series keeps what it has', async () => {
    const { temp, store, series } = await filled(10, 3_000);
    const other = store.series.idOf('b', 't');
    store.push(other, start, start, 1, 0);
    await settled(store);
    const kept = await temp.reopen({
      retention: [
        { device: 'b', metric: '*' },
        { device: '*', metric: '*', raw: 5 * day, rollups: 8 * day },
      ],
    });
    await kept.settle();
    const now = temp.clock.now();
    const { readings } = await kept.readings({ ...ask(series, start, now), limit: 1_000_000 });
    expect(readings[0]?.[0]).toBe(now - 5 * day);
    const rolled = await hours(kept, series, start, now);
    expect(rolled.buckets[0]?.[0]).toBe(now - 8 * day);
    expect(rolled.gaps).toContainEqual({ from: start, to: now - 8 * day, reason: 'retention' });
    expect((await kept.readings({ ...ask(other, start, now), device: 'b', limit: 10 })).readings).toEqual([[start, 1]]);
  });
});
