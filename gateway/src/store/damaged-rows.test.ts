// A bit that a disk forgot, in a row of each table that holds readings: it costs the readings of that row alone, is told
// to those who look, and holds nothing up ([STO-5]).
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fileName } from './schema.ts';
import type { Store } from './store.ts';
import { type quietStore, settled, TempStore } from './temp-store.fixture.ts';

const second = 1_000;
const hour = 3_600 * second;
const start = Date.UTC(2026, 2, 1);
const names = ['a', 'b', 'c'] as const;
/** Readings of one series in one part, a second apart: enough of them that they have a rollup. */
const partReadings = 4_000;
const partMs = partReadings * second;
const partStart = (part: number) => start + part * partMs;

type Table = 'log' | 'sealed' | 'chunk' | 'rollup';

let temp: TempStore;
let store: Store;
beforeEach(() => {
  temp = new TempStore();
  temp.clock.set(start);
});
afterEach(() => temp.dispose());

/** Each series by itself, so that an entry of the log is of one of them. */
async function fill(part: number): Promise<void> {
  for (const name of names) {
    const series = store.series.idOf(name, 't');
    for (let i = 0; i < partReadings; i++) {
      const ts = partStart(part) + i * second;
      store.push(series, ts, temp.clock.now(), i / 10, 0);
    }
    expect(await settled(store)).toBeNull();
  }
}

/** How far the first part came before the disk forgot something of it. */
const until: Record<Table, () => Promise<void>> = {
  log: async () => {},
  // So many readings are sealed at once; compaction waits for more batches.
  sealed: () => vi.waitFor(() => expect(store.keptCounters.sealedReadings).toBe(names.length * partReadings), 10_000),
  chunk: () => store.settle(),
  rollup: () => store.settle(),
};

/** A store whose first part lies in `table`, where a bit of the first row, which is of series a, is flipped. */
async function damaged(table: Table, settings: Partial<typeof quietStore> = {}): Promise<void> {
  store = await temp.open(table === 'sealed' ? { sealReadings: names.length * partReadings } : {});
  await fill(0);
  await until[table]();
  await store.close();
  const db = new Database(join(temp.dir, fileName));
  const key = table === 'log' ? 'offset' : 'key';
  const row = db.prepare(`SELECT ${key} AS key, body FROM ${table} ORDER BY ${key} LIMIT 1`).get();
  const { key: value, body } = row as { key: number; body: Buffer };
  body[body.length - 1] = (body[body.length - 1] as number) ^ 1;
  db.prepare(`UPDATE ${table} SET body = ? WHERE ${key} = ?`).run(body, value);
  db.close();
  store = await temp.open(settings);
}

/** All of one series, by how many readings each part has, and the gaps. */
async function answer(name: string) {
  const range = {
    series: store.series.idOf(name, 't'),
    device: name,
    from: start,
    to: partStart(3),
    now: partStart(3),
  };
  const { readings, gaps } = await store.readings({ ...range, limit: 100_000 });
  const parts = [0, 0, 0];
  for (const [ts] of readings) {
    const part = Math.floor((ts - start) / partMs);
    parts[part] = (parts[part] as number) + 1;
  }
  return { parts, gaps };
}

const whole = partReadings;
const tables: Table[] = ['log', 'sealed', 'chunk', 'rollup'];

describe('[STO-5] a flipped bit in a row', () => {
  test.each(tables)('of %s costs the readings of that row alone, and what comes later is kept', async table => {
    await damaged(table);
    // What a rollup said, the readings say as well.
    const lost = table === 'rollup' ? whole : 0;
    const inPlace = table === 'sealed' || table === 'chunk';
    const gap = { from: start, to: partStart(1) - second + 1, reason: 'damaged' };

    await fill(1);
    expect(await answer('a')).toEqual({ parts: [lost, whole, 0], gaps: inPlace ? [gap] : [] });
    expect(await answer('b')).toEqual({ parts: [whole, whole, 0], gaps: [] });
    await store.settle();
    await fill(2);
    await store.settle();
    expect((await answer('a')).parts).toEqual([lost, whole, whole]);
    for (const name of ['b', 'c']) expect(await answer(name)).toEqual({ parts: [whole, whole, whole], gaps: [] });

    const partsSealed = table === 'log' ? 3 : 2;
    expect(store.keptCounters).toMatchObject({
      sealedReadings: partsSealed * names.length * partReadings,
      failures: 0,
      droppedReadings: 0,
    });
    expect(await store.query('batch.total')).toMatchObject([{ readings: 0 }]);
    // The last entry stays: the next offset is counted from it.
    temp.clock.set(start + 2 * hour);
    await store.settle();
    expect(store.firstOffset()).toBe(3 * names.length);
    if (table === 'rollup') return;
    expect(store.keptCounters.damagedRows).toBe(1);
    expect(store.health()).toMatchObject({ ok: true, detail: expect.stringContaining(`: ${table} `) });
  });

  test('of chunk stays a gap, whatever is joined with the readings beside it', async () => {
    await damaged('chunk');
    for (const part of [1, 2]) {
      await fill(part);
      await store.settle();
    }
    const gap = { from: start, to: partStart(1) - second + 1, reason: 'damaged' };
    expect(await answer('a')).toEqual({ parts: [0, whole, whole], gaps: [gap] });
    store = await temp.reopen();
    expect(await answer('a')).toMatchObject({ parts: [0, whole, whole], gaps: expect.arrayContaining([gap]) });
  });

  test.each(tables)('of %s is found by the check, though nobody asked for it, and told', async table => {
    // Nothing else of keeping comes by the row meanwhile.
    await damaged(table, { checkEveryHours: 1, sealAfterMs: 1_000 * hour });
    expect(store.keptCounters.damagedRows).toBe(0);
    expect(store.health()).toEqual({ ok: true });
    temp.clock.advance(second);
    await vi.waitFor(() => {
      temp.clock.advance(hour);
      expect(store.keptCounters.damagedRows).toBe(1);
    }, 10_000);
    // A commit that the moved clock overtook would be told of instead.
    await store.flush();
    const detail = expect.stringMatching(new RegExp(`damaged.*: ${table} \\d+`));
    expect(store.health()).toEqual({ ok: true, detail });
    // Found again with each check, and by whoever comes by it, and told once.
    for (let i = 0; i < 5; i++) {
      temp.clock.advance(2 * hour);
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    await store.settle();
    expect(store.keptCounters.damagedRows).toBe(1);
  });
});
