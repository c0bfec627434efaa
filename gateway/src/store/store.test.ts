import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { StoreUnusable } from './folder.ts';
import { openStore, type Store } from './store.ts';
import { copyOf, quietStore, settled, TempStore } from './temp-store.fixture.ts';

let temp: TempStore;
let store: Store;
const at = Date.UTC(2026, 0, 5);

beforeEach(async () => {
  temp = new TempStore();
  store = await temp.open();
});
afterEach(() => temp.dispose());

/** Commits `count` entries, readings and events by turns. */
async function commitEntries(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    if (i % 2 === 0) {
      store.push(1, at + i, at, i, 0);
      await settled(store);
    } else await store.append('device', { i }, []);
  }
}

async function wholeLog() {
  const entries = [];
  for (let after = 0; after < store.lastOffset(); ) {
    const page = await store.readLog(after);
    entries.push(...page.entries.map(copyOf));
    expect(page.through).toBeGreaterThan(after);
    after = page.through;
  }
  return entries;
}

describe('the log', () => {
  test('[STO-1] has offsets without holes, also over a restart, and the epoch stays', async () => {
    const { epoch } = store;
    await commitEntries(5);
    const before = await wholeLog();
    store = await temp.reopen();
    expect(store.epoch).toBe(epoch);
    expect(store.lastOffset()).toBe(5);
    expect(await wholeLog()).toEqual(before);
    await commitEntries(4);
    expect((await wholeLog()).map(({ offset }) => offset)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('[STO-1] reads back what was told to the listener', async () => {
    await commitEntries(6);
    expect(await wholeLog()).toEqual(temp.commits.flat());
  });

  test('is read from any place on, in pages', async () => {
    for (let i = 0; i < 1_500; i++) void store.append('device', { i }, []);
    await settled(store);
    const first = await store.readLog(0);
    expect([first.entries.length, first.through]).toEqual([1_000, 1_000]);
    const second = await store.readLog(first.through);
    expect([second.entries[0]?.offset, second.entries.length, second.through]).toEqual([1_001, 500, 1_500]);
    expect(await store.readLog(1_500)).toEqual({ entries: [], through: 1_500 });
  });

  test('gives out its events alone', async () => {
    await commitEntries(6);
    const { entries, through } = await store.readEvents(2, 10);
    expect(entries.map(copyOf)).toEqual([
      { offset: 4, kind: 'device', event: { i: 3 } },
      { offset: 6, kind: 'device', event: { i: 5 } },
    ]);
    expect(through).toBe(6);
    expect((await store.readEvents(0, 2)).entries).toHaveLength(2);
  });

  test('two databases have two epochs', async () => {
    const other = new TempStore();
    const { epoch } = await other.open();
    expect(epoch).not.toBe(store.epoch);
    await other.dispose();
  });
});

describe('beside the log', () => {
  test('what is written with an entry is there after a restart', async () => {
    await store.append('device', {}, [['device.put', 'a', '{"id":"a"}']]);
    await store.write([['view.put', 'v', 1, 'state']]);
    store = await temp.reopen();
    expect(await store.query('device.all', 10)).toEqual([{ body: '{"id":"a"}' }]);
    expect(await store.query('view.get', 'v')).toEqual([{ offset: 1, body: 'state' }]);
    expect(store.lastOffset()).toBe(1);
  });

  test('series keep their numbers over a restart', async () => {
    const ids = ['t', 'u', 'v'].map(metric => store.series.idOf('a', metric));
    for (const id of ids) store.push(id, at, at, 1, 0);
    await settled(store);
    store = await temp.reopen();
    expect(['t', 'u', 'v'].map(metric => store.series.find('a', metric))).toEqual(ids);
    expect(store.series.idOf('a', 'w')).toBe(4);
  });

  test('more questions at once than can wait are refused', async () => {
    const answers = await Promise.allSettled(Array.from({ length: 300 }, () => store.query('user.all', 1)));
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused.length).toBe(300 - 256);
    expect(refused[0]).toMatchObject({ reason: { code: 'store_busy' } });
  });
});

describe('the data folder', () => {
  const openIn = (dir: string) =>
    openStore(
      { dir, ...quietStore },
      { clock: new ManualClock(), log: silentLogger, committed: () => {}, broken: () => {} },
    );

  test('[STO-1] belongs to one gateway: a second is refused with a sentence, and the first goes on', async () => {
    const second = openIn(temp.dir);
    await expect(second).rejects.toBeInstanceOf(StoreUnusable);
    await expect(second).rejects.toThrow(`the data folder ${temp.dir} is in use by another gateway (store.dir)`);
    await commitEntries(2);
    expect(store.lastOffset()).toBe(2);
  });

  test('that was closed can be opened again', async () => {
    await store.close();
    store = await temp.open();
    expect(store.lastOffset()).toBe(0);
  });

  test('is made where it is missing', async () => {
    const made = await openIn(join(temp.dir, 'a', 'b'));
    expect(made.lastOffset()).toBe(0);
    await made.close();
  });

  test('that is a file, or whose database is none, is refused with a sentence', async () => {
    const file = join(temp.dir, 'file');
    writeFileSync(file, 'x');
    await expect(openIn(file)).rejects.toThrow(`the data folder ${file} cannot be used: `);
    const dir = join(temp.dir, 'garbage');
    mkdirSync(dir);
    writeFileSync(join(dir, 'telltale.db'), 'no database'.repeat(1_000));
    await expect(openIn(dir)).rejects.toThrow(`${join(dir, 'telltale.db')} is no database`);
  });
});
