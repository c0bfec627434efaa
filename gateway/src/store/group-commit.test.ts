import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Refusal } from '../contract/index.ts';
import { fileName } from './schema.ts';
import type { Store } from './store.ts';
import { settled, TempStore } from './temp-store.fixture.ts';

let temp: TempStore;
let store: Store;
const at = Date.UTC(2026, 0, 5);

beforeEach(() => {
  temp = new TempStore();
});
afterEach(() => temp.dispose());

const push = (series: number, ts = at) => store.push(series, ts, at, series, 0);
/** As many turns as a commit takes to start; one that must not start gets the same. */
const turns = async () => {
  for (let i = 0; i < 5; i++) await new Promise(resolve => setImmediate(resolve));
};

describe('commits', () => {
  test('take in all that comes in one turn of the event loop, in order', async () => {
    store = await temp.open();
    const order: string[] = [];
    push(1);
    store.whenCommitted(() => void order.push('first'));
    const event = store.append('device', { kind: 'device' }, []).then(() => void order.push('event'));
    push(2);
    push(3);
    store.whenCommitted(() => void order.push('second'));
    await Promise.all([event, settled(store)]);
    expect(order).toEqual(['first', 'second', 'event']);
    expect(temp.commits).toEqual([
      [
        { offset: 1, kind: 'readings', readings: [[1, at, 1]] },
        { offset: 2, kind: 'device', event: { kind: 'device' } },
        {
          offset: 3,
          kind: 'readings',
          readings: [
            [2, at, 2],
            [3, at, 3],
          ],
        },
      ],
    ]);
  });

  test('are told to listeners before those who wait, and never before they are on disk', async () => {
    store = await temp.open();
    push(1);
    const [pages] = await new Promise<Promise<unknown>[]>(resolve =>
      store.whenCommitted(() => {
        expect(temp.commits).toHaveLength(1);
        resolve([store.readLog(0)]);
      }),
    );
    expect(await pages).toMatchObject({ through: 1 });
  });

  test('follow one another at the interval, and the first does not wait', async () => {
    store = await temp.open({ commitIntervalMs: 20 });
    push(1);
    await settled(store);
    expect(temp.commits).toHaveLength(1);
    push(2);
    const second = settled(store);
    temp.clock.advance(19);
    await turns();
    expect([temp.commits.length, store.counters.commits, store.waiting()]).toEqual([1, 1, 2]);
    push(3);
    temp.clock.advance(1);
    await second;
    expect(temp.commits.map(entries => entries[0]?.readings?.length)).toEqual([1, 2]);
  });

  test('of many readings do not wait for the interval', async () => {
    store = await temp.open({ commitIntervalMs: 20 });
    push(1);
    await settled(store);
    for (let i = 0; i < 1_100; i++) push(1, at + i);
    await settled(store);
    expect(store.counters).toMatchObject({ commits: 2, readings: 1_101 });
  });

  test('of commands do not wait for the interval, nor do the readings with them', async () => {
    store = await temp.open({ commitIntervalMs: 20 });
    push(1);
    await settled(store);
    push(2);
    const other = store.append('device', { kind: 'device' }, []);
    await turns();
    expect(store.counters.commits).toBe(1);
    await Promise.all([other, store.append('command', { kind: 'command' }, [])]);
    expect(store.counters).toMatchObject({ commits: 2, readings: 2 });
  });

  test('that are under way let what comes next form one of its own', async () => {
    store = await temp.open();
    push(1);
    const first = settled(store);
    await new Promise(resolve => setImmediate(resolve));
    push(2);
    const second = settled(store);
    push(3);
    await Promise.all([first, second]);
    await store.flush();
    expect(temp.commits.flat().map(({ offset, readings }) => [offset, readings?.length])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  test('do not wait for the time to come round again where the clock was set back', async () => {
    store = await temp.open({ commitIntervalMs: 20 });
    push(1);
    await settled(store);
    temp.clock.set(temp.clock.now() - 3_600_000);
    push(2);
    let refused: string | null | undefined;
    store.whenCommitted(outcome => {
      refused = outcome;
    });
    await turns();
    temp.clock.advance(20);
    await turns();
    await store.query('user.all', 1);
    await turns();
    expect(store.waiting()).toBe(0);
    await store.flush();
    expect(refused).toBeNull();
  });

  test('flush leaves nothing waiting, whatever the interval', async () => {
    store = await temp.open({ commitIntervalMs: 2_000 });
    push(1);
    await settled(store);
    push(2);
    await store.flush();
    expect([store.waiting(), store.lastOffset()]).toEqual([0, 2]);
  });

  test('[ING-5] beyond the room there is, hasRoom says so and counts', async () => {
    store = await temp.open();
    expect(store.hasRoom(10_000)).toBe(true);
    expect(store.hasRoom(2_000_000)).toBe(false);
    expect(store.counters.refusedReadings).toBe(2_000_000);
  });
});

/**
 * Makes the next letters find no room: SQLite answers SQLITE_FULL where the last row number is taken, as it does
 * where the disk is full. Returns what makes room again.
 */
function fillDisk(): () => void {
  const db = new Database(join(temp.dir, fileName));
  db.prepare('INSERT INTO dead_letter (id, body) VALUES (?, ?)').run(2n ** 63n - 1n, '{}');
  return () => {
    db.exec('DELETE FROM dead_letter; DELETE FROM sqlite_sequence');
    db.close();
  };
}

describe('a full disk', () => {
  test('[STO-4] refuses a commit to everyone in it, says so, and the next that fits goes through', async () => {
    store = await temp.open();
    const makeRoom = fillDisk();
    const series = store.series.idOf('a', 't');
    push(series);
    const reading = settled(store);
    const letter = store.write([['deadLetter.add', '{}']]);
    const event = store.append('device', {}, []);
    expect(await reading).toBe('store_full');
    await expect(letter).rejects.toMatchObject({ code: 'store_full' });
    await expect(event).rejects.toBeInstanceOf(Refusal);
    expect(store.health()).toEqual({ ok: false, detail: 'the disk is full' });
    expect([store.lastOffset(), temp.commits, temp.broken]).toEqual([0, [], []]);
    expect(store.counters).toMatchObject({ commits: 0, refusedCommits: 1 });

    makeRoom();
    push(series);
    expect(await settled(store)).toBeNull();
    expect(store.health().ok).toBe(true);
    expect(store.lastOffset()).toBe(1);
    store = await temp.reopen();
    expect(store.series.find('a', 't')).toBe(series);
  });

  test('[STO-4] any other failure to write is told as the end', async () => {
    store = await temp.open();
    const told = new Promise<void>(resolve => {
      temp.broken.push = error => {
        temp.broken[0] = error;
        resolve();
        return 1;
      };
    });
    void store.write([['device.put', 'a', null]]);
    await told;
    expect(temp.broken[0]?.message).toMatch(/^the database cannot be written: SQLITE_CONSTRAINT/);
  });
});

describe('health', () => {
  test('[STO-4] a commit that takes too long is not well', async () => {
    store = await temp.open();
    push(1);
    const done = settled(store);
    await new Promise(resolve => setImmediate(resolve));
    temp.clock.advance(5_000);
    expect(store.health()).toEqual({ ok: false, detail: 'a commit has taken 5000 ms so far' });
    await done;
    await store.flush();
    expect(store.health()).toEqual({ ok: true });
    expect(store.lastCommitMs()).toBe(5_000);
  });
});
