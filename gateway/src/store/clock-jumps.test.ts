// The clock is somebody else's: it jumps ahead, it jumps back, it is in 2038 for a moment. Nothing is lost by it, and
// nothing that keeps the store small stops.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Clock } from '../lib/clock.ts';
import { silentLogger } from '../lib/logger.ts';
import { openStore, type Store } from './store.ts';
import { quietStore, settled, TempStore } from './temp-store.fixture.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.UTC(2026, 2, 10, 12);
const in2038 = Date.UTC(2038, 0, 19, 3, 14, 8);

let temp: TempStore;
let store: Store;
let series: number;
/** Source times of all readings that were committed. */
let committed: number[];
let offsets: number[];
/** Somebody sets the wall clock; timers run on as before, as they do in a system. */
let setBy: number;

const clock: Clock = {
  now: () => temp.clock.now() + setBy,
  elapsed: () => temp.clock.elapsed(),
  after: (delayMs, task) => temp.clock.after(delayMs, task),
  every: (intervalMs, task) => temp.clock.every(intervalMs, task),
};

beforeEach(() => {
  temp = new TempStore();
  temp.clock.set(start);
  setBy = 0;
  committed = [];
  offsets = [];
});
afterEach(() => temp.dispose());

async function open(settings: Partial<typeof quietStore>): Promise<void> {
  store = await openStore(
    { dir: temp.dir, ...quietStore, ...settings },
    {
      clock,
      log: silentLogger,
      committed: entries => void offsets.push(...entries.map(({ offset }) => offset)),
      broken: error => void temp.broken.push(error),
    },
  );
  temp.store = store;
  series = store.series.idOf('a', 't');
}

async function reopen(settings: Partial<typeof quietStore>): Promise<void> {
  await store.close();
  await open(settings);
}

/** A device's clock is right; only the gateway's is not. */
async function commit(ts: number): Promise<void> {
  store.push(series, ts, clock.now(), ts % 1_000, 0);
  expect(await settled(store)).toBeNull();
  committed.push(ts);
}

/** Time goes by; keeping gets its turn in each step of it. */
async function pass(ms: number, stepMs: number): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    temp.clock.advance(stepMs);
    await store.rest();
  }
}

const always = { from: 0, to: in2038 * 2, now: in2038 * 2, limit: 1_000_000 };
const readTimes = async () => (await store.readings({ series, device: 'a', ...always })).readings.map(([ts]) => ts);
const inOrder = () => [...committed].sort((a, b) => a - b);
const batches = async () => (await store.query<{ readings: number }>('batch.total'))[0]?.readings ?? 0;

describe('a clock that jumps', () => {
  test.each([
    ['an hour ahead', hour],
    ['two hours back', -2 * hour],
    ['to 2038', in2038 - start],
  ])('[STO-1] %s, and later back: nothing is lost, offsets go on, sealing and trimming too', async (_, jump) => {
    const settings = { sealAfterMs: 10 * minute, resumeMs: 20 * minute };
    await open(settings);
    let ts = start;
    const phase = async () => {
      for (let i = 0; i < 5; i++) {
        ts += minute;
        await commit(ts);
        await pass(minute, minute);
        // [STO-8] Nothing leaves the log before a batch has it.
        expect(store.keptCounters.sealedReadings).toBeGreaterThanOrEqual(store.firstOffset() - 1);
      }
    };
    await phase();
    setBy += jump;
    await phase();
    setBy -= jump;
    await phase();
    expect(store.lastOffset()).toBe(15);
    expect(await readTimes()).toEqual(inOrder());

    // Long enough for what was committed while the clock was ahead, too.
    await pass(2 * hour, 10 * minute);
    expect(store.keptCounters).toMatchObject({ sealedReadings: 15, failures: 0 });
    await store.settle();
    // The last entry stays: the next offset is counted from it.
    expect(store.firstOffset()).toBe(15);
    expect(await readTimes()).toEqual(inOrder());
    await reopen(settings);
    expect([store.lastOffset(), await readTimes()]).toEqual([15, inOrder()]);
    expect(offsets).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
  });

  test('a moment in 2038 leaves no mark: afterwards readings wait for their batch as long as before, and viewers may resume', async () => {
    await open({ sealAfterMs: 10 * minute, resumeMs: hour });
    await commit(start);
    setBy = in2038 - start;
    await commit(start + 1);
    setBy = 0;
    await pass(11 * minute, minute);
    expect(await batches()).toBe(2);
    for (let i = 0; i < 5; i++) {
      await commit(start + 2 + i);
      await pass(5_000, 5_000);
    }
    expect(await batches()).toBe(2);
    await pass(11 * minute, minute);
    expect(await batches()).toBe(7);
    await store.settle();
    expect(store.firstOffset()).toBe(1);
    expect((await store.readLog(0)).entries).toHaveLength(7);
  });
});

describe('[STO-3] retention and a clock that jumps', () => {
  const retention = [{ device: '*', metric: '*', raw: 3 * day, rollups: 100 * day }];
  const everyMs = 10 * minute;

  /** A week of readings, the first of them old enough to go. */
  async function week(): Promise<void> {
    await open({ retention });
    for (let ts = start - 7 * day; ts < start; ts += everyMs) {
      store.push(series, ts, start, 1, 0);
      committed.push(ts);
    }
    await settled(store);
    await store.settle();
    await reopen({ retention });
    await store.settle();
    expect(await readTimes()).toEqual(kept(start));
  }
  const kept = (now: number) => inOrder().filter(ts => ts >= Math.floor((now - 3 * day) / day) * day);

  test('to 2038 for half an hour: nothing is too old because of it', async () => {
    await week();
    setBy = in2038 - start;
    await pass(30 * minute, 5 * minute);
    setBy = 0;
    await pass(2 * hour, 10 * minute);
    expect(await readTimes()).toEqual(kept(start));
    await store.settle();
    expect(await readTimes()).toEqual(kept(start));
  });

  test('to another day, and stays there: what is too old by then goes once an hour has agreed', async () => {
    await week();
    setBy = 2 * day;
    await pass(50 * minute, 10 * minute);
    expect(await readTimes()).toEqual(kept(start));
    await pass(2 * hour, 10 * minute);
    expect(await readTimes()).toEqual(kept(start + 2 * day));
  });

  test('a gateway that starts in 2038 lets go of nothing within its first hour', async () => {
    await week();
    setBy = in2038 - start;
    await reopen({ retention });
    await pass(50 * minute, 10 * minute);
    expect(await readTimes()).toEqual(kept(start));
  });
});
