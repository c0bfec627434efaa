// Single cases in which keeping could lose something, cost too much or never end: each is one that random steps seldom
// come by.
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Level, levelOf, seriesOf, windowMs, windowOf } from './keys.ts';
import { fileName } from './schema.ts';
import type { Store } from './store.ts';
import { settled, TempStore } from './temp-store.fixture.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
/** A window of the second level begins here. */
const start = (windowOf(2, Date.UTC(2026, 1, 1)) + 1) * windowMs(2);

let temp: TempStore;
beforeEach(() => {
  temp = new TempStore();
  temp.clock.set(start);
});
afterEach(() => temp.dispose());

/** Pushes one series' readings of [from, to) and commits them. */
async function fill(store: Store, series: number, from: number, to: number, everyMs: number, value = 1): Promise<void> {
  for (let ts = from; ts < to; ts += everyMs) store.push(series, ts, ts, value, 0);
  expect(await settled(store)).toBeNull();
}

/** Looks into the closed file, or changes what is in it. */
function inFile<Result>(work: (db: Database.Database) => Result): Result {
  const db = new Database(join(temp.dir, fileName));
  try {
    return work(db);
  } finally {
    db.close();
  }
}

const ask = (series: number, from: number, to: number) => ({ series, device: 'a', from, to, now: temp.clock.now() });
const byDay = { interval: { unit: 'day' as const, count: 1 }, zone: 'UTC' };

describe('retention of readings', () => {
  test.each([
    ['a minute', minute],
    ['two hours', 2 * hour],
  ])('[STO-3] leaves rollups that answer for all of them: one %s', async (_, everyMs) => {
    const days = 40;
    const store = await temp.open({ retention: [{ device: '*', metric: '*', raw: 7 * day }] });
    const series = store.series.idOf('a', 't');
    for (let d = 0; d < days; d++) {
      temp.clock.set(start + (d + 1) * day);
      await fill(store, series, start + d * day, start + (d + 1) * day, everyMs);
      await store.settle();
    }
    const { readings } = await store.readings({ ...ask(series, start, start + days * day), limit: 1 });
    expect(readings[0]?.[0]).toBeGreaterThan(start + 20 * day);
    const { buckets, gaps } = await store.buckets({ ...ask(series, start, start + days * day), ...byDay });
    expect(buckets.map(([at, count]) => [(at - start) / day, count])).toEqual(
      Array.from({ length: days }, (_, d) => [d, day / everyMs]),
    );
    expect(gaps).toEqual([]);
  });
});

describe('a question up to the end of time', () => {
  const ends = [9_999_999_999_999, 8.64e13];
  /** An answer takes some milliseconds; a busy machine gets a multiple of that. */
  const quickMs = 1_000;

  test('[STO-2] costs and answers as one up to now', async () => {
    const days = 34;
    const store = await temp.open();
    const series = store.series.idOf('a', 't');
    for (let d = 0; d < days; d++) await fill(store, series, start + d * day, start + (d + 1) * day, 10 * second, d);
    const now = start + 40 * day;
    temp.clock.set(now);
    await store.settle();
    // Some lie where rollups do not speak for them yet.
    await fill(store, series, start + days * day, start + days * day + hour, 10 * second);

    async function quickly<Answer>(answer: Promise<Answer>): Promise<Answer> {
      const began = performance.now();
      const given = await answer;
      expect(performance.now() - began).toBeLessThan(quickMs);
      return given;
    }
    for (const to of ends) {
      const long = { interval: { ms: 64 * day }, zone: 'UTC' };
      const { buckets } = await quickly(store.buckets({ ...ask(series, start, to), ...long }));
      expect(buckets).toEqual((await store.buckets({ ...ask(series, start, now), ...long })).buckets);
      for (const points of [1, 100, 20_000]) {
        const answer = await quickly(store.buckets({ ...ask(series, start, to), points }));
        const same = { interval: { ms: answer.intervalMs as number }, zone: 'UTC' };
        expect(answer.buckets).toEqual((await store.buckets({ ...ask(series, start, now), ...same })).buckets);
      }
      const page = await quickly(store.readings({ ...ask(series, now - 7 * day, to), limit: 100_000 }));
      expect(page.readings.length).toBe(day / (10 * second) + hour / (10 * second));
    }
    const weeks = { interval: { unit: 'week' as const, count: 1 }, zone: 'Europe/Berlin' };
    const { buckets } = await store.buckets({ ...ask(series, start, 9_999_999_999_999), ...weeks });
    expect(buckets).toEqual((await store.buckets({ ...ask(series, start, now), ...weeks })).buckets);
  });
});

describe('a window that is over', () => {
  test('of 2,000 idle series closes in slices, between which the store can be closed', async () => {
    const count = 2_000;
    // The last level's window is the one with the most to look into.
    const begin = (windowOf(3, start) + 1) * windowMs(3);
    temp.clock.set(begin);
    let store = await temp.open();
    for (let i = 0; i < count; i++) {
      const series = store.series.idOf(`d${i}`, 't');
      store.push(series, begin + i, begin, 1, 0);
      store.push(series, begin + 1_020 * day + i, begin, 2, 0);
    }
    await settled(store);
    await store.settle();
    await store.close();
    const mark = (level: Level, window: number) =>
      inFile(db => db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(`closed_${level}`, window));
    mark(2, windowOf(2, begin + windowMs(3)) - 1);

    temp.clock.set(begin + windowMs(3) + 3 * day);
    store = await temp.open();
    const settling = store.settle();
    await new Promise(resolve => setTimeout(resolve, 200));
    const began = performance.now();
    await store.close();
    expect(performance.now() - began).toBeLessThan(5_000);
    await settling;
    // It was under way, or this tells nothing.
    expect(inFile(db => db.prepare(`SELECT value FROM meta WHERE key = 'closed_3'`).get())).toBeUndefined();
    store = await temp.open();
    for (const series of [1, count / 2, count]) {
      const { readings } = await store.readings({ ...ask(series, 0, begin + windowMs(3)), limit: 10 });
      expect(readings.map(([, value]) => value)).toEqual([1, 2]);
    }
  });
});

test('a database whose free pages cannot be given back comes to rest', async () => {
  await temp.open();
  await temp.store.close();
  inFile(db => {
    db.pragma('journal_mode = DELETE');
    db.pragma('auto_vacuum = NONE');
    db.exec('VACUUM; CREATE TABLE junk (x); INSERT INTO junk VALUES (zeroblob(4000000)); DROP TABLE junk');
    // Many more than are kept free.
    expect(db.pragma('freelist_count', { simple: true })).toBeGreaterThan(1_000);
  });
  const store = await temp.open();
  await store.settle();
  // A keeper that asks for the same again and again has counted thousands by now.
  expect(store.keptCounters.slices).toBeLessThan(100);
}, 10_000);

describe('what comes late into windows that are over', () => {
  /** Rows of readings by level. */
  const rowsOf = (series: number) =>
    inFile(db => {
      const rows = { 1: 0, 2: 0, 3: 0 };
      for (const key of db.prepare<[], number>('SELECT key FROM chunk').pluck().all()) {
        if (seriesOf(key) === series) rows[levelOf(key)]++;
      }
      return rows;
    });

  test('[ING-4] wins over what moved to a longer window, also after retention took the days around it', async () => {
    let store = await temp.open();
    const series = store.series.idOf('a', 't');
    await fill(store, series, start, start + 32 * day, hour, 1);
    temp.clock.set(start + 36 * day);
    await store.settle();
    // One row of 32 days, in which hourly readings are few.
    expect(rowsOf(series)).toEqual({ 1: 0, 2: 1, 3: 0 });
    const [from, to] = [start + 5 * day, start + 6 * day];
    await fill(store, series, from, to, hour, 2);

    const told = async () => ({
      values: (await store.readings({ ...ask(series, from, to), limit: 100 })).readings.map(([, value]) => value),
      means: (await store.buckets({ ...ask(series, from, to), ...byDay })).buckets.map(bucket => [
        bucket[1],
        bucket[4],
      ]),
    });
    const corrected = { values: Array.from({ length: 24 }, () => 2), means: [[24, 2]] };
    expect(await told()).toEqual(corrected);
    temp.clock.set(start + 37 * day);
    await store.settle();
    expect(await told()).toEqual(corrected);
    // The day has come of age, the window of 32 days has not.
    store = await temp.reopen({ retention: [{ device: '*', metric: '*', raw: 10 * day }] });
    await store.settle();
    expect(await told()).toEqual(corrected);
  });

  test('[STO-2] from years long ago lies in long windows, not in a row for each day', async () => {
    const windows = 24;
    const store = await temp.open();
    const first = store.series.idOf('a', 'first');
    await fill(store, first, start, start + 1, 1);
    temp.clock.set(start + (windows + 1) * windowMs(2));
    // All windows since the first reading are closed with this.
    await store.settle();
    const imported = store.series.idOf('a', 'imported');
    const to = start + windows * windowMs(2);
    await fill(store, imported, start, to, hour);
    await store.settle();
    const rows = rowsOf(imported);
    expect(rows[1]).toBe(0);
    expect(rows[2] + rows[3]).toBeLessThanOrEqual(windows);
    const { readings } = await store.readings({ ...ask(imported, start, to), limit: 100_000 });
    expect(readings.length).toBe((to - start) / hour);
  });
});
