// A slice of keeping that the disk refuses: a full or busy disk costs time, and no reading ([STO-8]). Any other refusal
// ends the store ([STO-4]).
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../lib/logger.ts';
import { startThread, type Thread, ThreadError } from '../lib/thread.ts';
import type { KeeperData } from './keeper.ts';
import { Keeping, type KeepWriteCall } from './keeping.ts';
import { fileName } from './schema.ts';
import { quietStore, settled, TempStore } from './temp-store.fixture.ts';
import type { WriterData } from './writer.ts';

const start = Date.UTC(2026, 2, 1);

let temp: TempStore;
beforeEach(() => {
  temp = new TempStore();
  temp.clock.set(start);
});
afterEach(() => temp.dispose());

const ask = (series: number) => ({ series, device: '', from: 0, to: start + 86_400_000, now: start, limit: 10 });

/** Rows of a table of the closed file. */
function rowsOf(table: string): unknown {
  const db = new Database(join(temp.dir, fileName), { readonly: true });
  try {
    return db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  } finally {
    db.close();
  }
}

describe('a slice that the disk refuses', () => {
  const count = 1_200;
  const url = (file: string) => new URL(file, import.meta.url);
  const died = (error: Error) => expect.unreachable(error.message);

  /** Keeping over the real threads, where the writer answers a call now and then as on a full disk. */
  async function keepRefused(code: string, refuses: (call: number) => boolean) {
    const data = { dir: temp.dir, synchronous: 'NORMAL', onDamage: 'refuse' } satisfies WriterData;
    const writer = startThread(url('./writer.ts'), data, died);
    await writer.call('open', { now: temp.clock.now() });
    const keeper = startThread(url('./keeper.ts'), { dir: temp.dir, settings: quietStore } satisfies KeeperData, died);
    let calls = 0;
    const refusing: Thread = {
      ...writer,
      call(name, args, transfer) {
        if ((args as KeepWriteCall).effects.length === 0 || !refuses(++calls)) return writer.call(name, args, transfer);
        return Promise.reject(new ThreadError('database or disk is full', code));
      },
    };
    const broken: Error[] = [];
    const keeping = new Keeping({
      keeper,
      writer: refusing,
      clock: temp.clock,
      log: silentLogger,
      waiting: await keeper.call<number>('waiting', null),
      firstOffset: 1,
      sealReadings: quietStore.sealReadings,
      broken: error => void broken.push(error),
    });
    // Each ends with a refusal, but the last.
    let failures: number;
    do {
      failures = keeping.counters.failures;
      await keeping.settle();
    } while (keeping.counters.failures > failures && broken.length === 0);
    await keeping.close();
    await keeper.close();
    await writer.close();
    return { keeping, broken };
  }

  /** A reading of each of many series, so that sealing and compaction take several slices. */
  async function filled(): Promise<void> {
    const store = await temp.open();
    for (let i = 0; i < count; i++) store.push(store.series.idOf(`d${i}`, 't'), start + i, start, i, 0);
    await settled(store);
    await store.close();
  }

  async function found(): Promise<number> {
    const store = await temp.open();
    let sum = 0;
    for (let i = 1; i <= count; i++) {
      sum += (await store.readings(ask(i))).readings.length;
    }
    return sum;
  }

  test.each(['SQLITE_FULL', 'SQLITE_BUSY_SNAPSHOT'])(
    '[STO-8] is worked out again, with all of its task: %s',
    async code => {
      await filled();
      // Later and later in a task: at some time each slice is the one that is refused.
      let until = 1;
      let length = 1;
      const refusals = 6;
      const { keeping, broken } = await keepRefused(code, call => {
        if (call < until || length > refusals) return false;
        until = call + ++length;
        return true;
      });
      expect(keeping.counters).toMatchObject({ failures: refusals, sealedReadings: count, droppedReadings: 0 });
      expect([keeping.waiting, broken]).toEqual([0, []]);
      expect(await found()).toBe(count);
      await temp.store.close();
      expect([rowsOf('chunk'), rowsOf('sealed'), rowsOf('batch')]).toEqual([count, 0, 0]);
      await temp.open();
    },
  );

  test('[STO-4] for any other reason ends the store', async () => {
    await filled();
    const { broken } = await keepRefused('SQLITE_IOERR_WRITE', call => call === 3);
    expect(broken).toHaveLength(1);
    expect(await found()).toBe(count);
  });
});
