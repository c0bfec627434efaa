import { beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../contract/index.ts';
import { FakeOutlet, type Frame, MemoryLog, settle } from './log.fixture.ts';

let log: MemoryLog;
let outlet: FakeOutlet;
beforeEach(() => {
  log = new MemoryLog();
  outlet = new FakeOutlet();
});

const rows = (frames: Frame[]) => frames.flatMap(frame => frame.rows ?? []);
const kinds = (frames: Frame[]) => frames.map(({ t, offset }) => `${t} ${offset}`);

/** What a viewer holds after these frames: of each series the value of the newest time. */
function held(frames: Frame[], before: Map<number, unknown[]> = new Map()): Map<number, unknown[]> {
  const values = new Map(before);
  for (const { t, rows = [] } of frames) {
    if (t === 'fresh') continue;
    for (const [series, ts, value] of rows as [number, number, unknown][]) {
      if (ts >= ((values.get(series)?.[0] as number | undefined) ?? 0)) values.set(series, [ts, value]);
    }
  }
  return values;
}
const fresh = () => new Map([...log.latest].map(([series, { ts, value }]) => [series, [ts, value]]));

describe('a subscription that begins', () => {
  test('gets a snapshot, and then what is committed, each with its offset', () => {
    log.commit([1, 10, 'a'], [2, 10, 'b']);
    log.subscribe('latest', outlet).start(undefined);
    log.commit([1, 11, 'c']);
    expect(outlet.frames).toEqual([
      {
        t: 'snap',
        sub: 's',
        offset: 1,
        rows: [
          [1, 10, 'a', 'live'],
          [2, 10, 'b', 'live'],
        ],
        done: true,
      },
      { t: 'data', sub: 's', offset: 2, rows: [[1, 11, 'c']] },
    ]);
  });

  test('on an empty log gets an empty snapshot', () => {
    log.subscribe('latest', outlet).start(undefined);
    expect(outlet.frames).toEqual([{ t: 'snap', sub: 's', offset: 0, rows: [], done: true }]);
  });

  test('gets a long snapshot in several frames, the last of which says so', () => {
    const count = limits.rowsPerFrameMax + 1;
    log.commit(...Array.from({ length: count }, (_, i): [number, number, number] => [i + 1, 10, i]));
    log.subscribe('latest', outlet).start(undefined);
    expect(outlet.frames.map(({ rows, done }) => [rows.length, done])).toEqual([
      [limits.rowsPerFrameMax, false],
      [1, true],
    ]);
  });

  test.each(['latest', 'log'] as const)(
    '[LIV-2] in mode %s gets nothing before, for its position would cover what was not sent',
    mode => {
      log.subscribe(mode, outlet);
      log.commit([1, 10, 1]);
      expect(outlet.frames).toEqual([]);
    },
  );
});

describe('a subscription that resumes', () => {
  test('[LIV-2] in mode log gets every reading after its position, without a seam', async () => {
    for (let i = 1; i <= 7; i++) log.commit([1, i, i]);
    log.subscribe('log', outlet).start({ epoch: 'E', offset: 2 });
    log.duringRead = () => log.commit([1, 8, 8]);
    await settle();
    log.commit([1, 9, 9]);
    expect(rows(outlet.frames)).toEqual([3, 4, 5, 6, 7, 8, 9].map(i => [1, i, i]));
    const offsets = outlet.frames.map(({ offset }) => offset);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect(offsets.at(-1)).toBe(9);
  });

  test('[LIV-2] in mode log is caught up where it missed nothing', async () => {
    log.commit([1, 1, 1]);
    const subscription = log.subscribe('log', outlet);
    subscription.start({ epoch: 'E', offset: 1 });
    await settle();
    expect([outlet.frames, subscription.isCaughtUp(), log.reads]).toEqual([[], true, 0]);
  });

  test('[LIV-2] in mode latest gets what changed after its position', () => {
    log.commit([1, 1, 1], [2, 1, 1]);
    log.commit([1, 2, 2]);
    log.subscribe('latest', outlet).start({ epoch: 'E', offset: 1 });
    expect(outlet.frames).toEqual([{ t: 'snap', sub: 's', offset: 2, rows: [[1, 2, 2, 'live']], done: true }]);
  });

  test.each(['latest', 'log'] as const)(
    '[LIV-2] in mode %s learns which values went stale while it was away',
    async mode => {
      log.commit([1, 1, 1]);
      const known = log.latest.get(1);
      if (known !== undefined) known.freshness = 'stale';
      log.subscribe(mode, outlet).start({ epoch: 'E', offset: 1 });
      await settle();
      expect(rows(outlet.frames).map(row => row.at(-1))).toEqual(['stale']);
    },
  );

  test.each([
    ['of another epoch', 'latest', { epoch: 'other', offset: 1 }],
    ['of another epoch', 'log', { epoch: 'other', offset: 1 }],
    ['ahead of the log', 'latest', { epoch: 'E', offset: 99 }],
    ['ahead of the log', 'log', { epoch: 'E', offset: 99 }],
  ] as const)(
    '[LIV-2] at a position %s, in mode %s, is told of the gap, and gets a whole snapshot',
    (_at, mode, since) => {
      log.commit([1, 1, 1], [2, 1, 1]);
      log.subscribe(mode, outlet).start(since);
      const [gap, snap] = outlet.take();
      expect(gap).toMatchObject({ t: 'gap', from: since.offset, to: 1, reason: 'epoch' });
      expect(snap).toMatchObject({
        t: 'snap',
        done: true,
        rows: [
          [1, 1, 1, 'live'],
          [2, 1, 1, 'live'],
        ],
      });
      expect(outlet.gaps).toEqual(['epoch']);
      log.commit([1, 2, 2]);
      expect(kinds(outlet.frames)).toEqual(['data 2']);
    },
  );

  test('[LIV-2] over more than can be caught up is told of the gap with its bounds', async () => {
    log.commit([1, 1, 1]);
    const far = 200_002;
    log.ports.offset = () => far;
    const subscription = log.subscribe('log', outlet);
    subscription.start({ epoch: 'E', offset: 1 });
    await settle();
    expect(outlet.frames[0]).toEqual({ t: 'gap', sub: 's', from: 1, to: far, reason: 'slow' });
    expect(outlet.frames[1]).toMatchObject({ t: 'snap', offset: far, done: true });
    expect([outlet.gaps, log.reads, subscription.isCaughtUp()]).toEqual([['slow'], 0, true]);
  });

  test('[LIV-2] a position older than the log gives a gap with reason trimmed, then a snapshot', async () => {
    for (let i = 1; i <= 9; i++) log.commit([1 + (i % 2), i, i]);
    log.trimmedThrough = 5;
    const subscription = log.subscribe('log', outlet);
    subscription.start({ epoch: 'E', offset: 4 });
    await settle();
    const [gap, snap] = outlet.take();
    expect(gap).toEqual({ t: 'gap', sub: 's', from: 4, to: 9, reason: 'trimmed' });
    expect(snap).toMatchObject({ t: 'snap', offset: 9, done: true });
    expect(held([snap as Frame])).toEqual(fresh());
    expect([outlet.gaps, log.reads, subscription.isCaughtUp()]).toEqual([['trimmed'], 0, true]);
    log.commit([1, 10, 10]);
    expect(outlet.take()).toEqual([{ t: 'data', sub: 's', offset: 10, rows: [[1, 10, 10]] }]);
  });

  test('[LIV-2] a position just before the oldest entry of the log misses nothing', async () => {
    for (let i = 1; i <= 9; i++) log.commit([1, i, i]);
    log.trimmedThrough = 5;
    log.subscribe('log', outlet).start({ epoch: 'E', offset: 5 });
    await settle();
    expect(rows(outlet.frames)).toEqual([6, 7, 8, 9].map(i => [1, i, i]));
    expect(outlet.gaps).toEqual([]);
  });

  test('[LIV-2] in mode latest a position older than the log is as good as any: it needs no log', () => {
    log.commit([1, 1, 1], [2, 1, 1]);
    log.commit([1, 2, 2]);
    log.trimmedThrough = 2;
    log.subscribe('latest', outlet).start({ epoch: 'E', offset: 0 });
    expect([held(outlet.frames), outlet.gaps]).toEqual([fresh(), []]);
  });

  test('[LIV-2] where the log cannot be read just then, goes on with the next pump', async () => {
    log.commit([1, 1, 1]);
    log.failing = true;
    const subscription = log.subscribe('log', outlet);
    const refused: unknown[] = [];
    const note = (reason: unknown) => void refused.push(reason);
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', note);
    subscription.start({ epoch: 'E', offset: 0 });
    await settle();
    process.removeListener('unhandledRejection', note);
    for (const listener of listeners) process.on('unhandledRejection', listener);
    log.failing = false;
    subscription.pump();
    await settle();
    expect(rows(outlet.frames)).toEqual([[1, 1, 1]]);
    expect(refused).toEqual([]);
  });
});

describe('a slow viewer', () => {
  test('[LIV-3] in mode latest gets the newest value of each series when it can take more, and is not closed', () => {
    const subscription = log.subscribe('latest', outlet);
    subscription.start(undefined);
    outlet.take();
    outlet.room = 0;
    for (let i = 1; i <= 1_000; i++) log.commit([1 + (i % 2), i, i]);
    expect([outlet.frames, subscription.isCaughtUp()]).toEqual([[], false]);
    outlet.room = 1;
    subscription.pump();
    expect(outlet.take()).toEqual([
      {
        t: 'snap',
        sub: 's',
        offset: 1_000,
        rows: [
          [2, 999, 999, 'live'],
          [1, 1_000, 1_000, 'live'],
        ],
        done: true,
      },
    ]);
    outlet.room = 1;
    log.commit([1, 1_001, 0]);
    expect(kinds(outlet.frames)).toEqual(['data 1001']);
    expect(subscription.isCaughtUp()).toBe(true);
  });

  test('[LIV-3] in mode log catches up from the log, missing and repeating nothing', async () => {
    const subscription = log.subscribe('log', outlet);
    subscription.start(undefined);
    outlet.take();
    outlet.room = 0;
    for (let i = 1; i <= 9; i++) log.commit([1, i, i]);
    expect([outlet.frames, log.reads]).toEqual([[], 0]);
    for (let round = 0; !subscription.isCaughtUp() && round < 20; round++) {
      outlet.room = 1;
      subscription.pump();
      await settle();
    }
    outlet.room = 1;
    log.commit([1, 10, 10]);
    expect(rows(outlet.frames)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(i => [1, i, i]));
  });

  test('[LIV-2] that is behind the oldest entry of the log gets a gap with reason trimmed, then a snapshot', async () => {
    const subscription = log.subscribe('log', outlet);
    subscription.start(undefined);
    outlet.take();
    outlet.room = 0;
    for (let i = 1; i <= 9; i++) log.commit([1 + (i % 2), i, i]);
    log.trimmedThrough = 6;
    outlet.room = 1;
    subscription.pump();
    await settle();
    // The gap took the only room there was: the snapshot follows as soon as there is more.
    expect([outlet.take(), subscription.isCaughtUp()]).toEqual([
      [{ t: 'gap', sub: 's', from: 0, to: 9, reason: 'trimmed' }],
      false,
    ]);
    log.commit([1, 10, 10]);
    outlet.room = Number.POSITIVE_INFINITY;
    subscription.pump();
    await settle();
    expect(held(outlet.frames)).toEqual(fresh());
    expect([outlet.gaps, subscription.isCaughtUp()]).toEqual([['trimmed'], true]);
  });

  test('[LIV-2] under which the log is trimmed while it reads a page of it is told of the gap, whatever the page had', async () => {
    for (let i = 1; i <= 9; i++) log.commit([1, i, i]);
    log.duringRead = () => {
      log.trimmedThrough = 6;
    };
    const subscription = log.subscribe('log', outlet);
    subscription.start({ epoch: 'E', offset: 0 });
    await settle();
    const [gap, snap] = outlet.take();
    expect(gap).toEqual({ t: 'gap', sub: 's', from: 0, to: 9, reason: 'trimmed' });
    expect(snap).toMatchObject({ t: 'snap', offset: 9, rows: [[1, 9, 9, 'live']], done: true });
    expect(subscription.isCaughtUp()).toBe(true);
  });

  test('[LIV-3] delays no other viewer', () => {
    const quick = new FakeOutlet();
    outlet.room = 0;
    log.subscribe('log', outlet, 'slow').start(undefined);
    log.subscribe('latest', quick, 'quick').start(undefined);
    log.commit([1, 1, 1]);
    expect(kinds(quick.frames)).toEqual(['snap 0', 'data 1']);
  });

  test('[LIV-3] that is gone is read for no more', async () => {
    for (let i = 1; i <= 9; i++) log.commit([1, i, i]);
    log.duringRead = () => {
      outlet.closed = true;
    };
    log.subscribe('log', outlet).start({ epoch: 'E', offset: 0 });
    await settle();
    expect([log.reads, outlet.frames]).toEqual([1, []]);
  });

  test('[LIV-2] of either kind, and of any speed, holds in the end what a fresh read shows', async () => {
    for (const mode of ['latest', 'log'] as const) {
      [log, outlet] = [new MemoryLog(), new FakeOutlet()];
      const subscription = log.subscribe(mode, outlet);
      subscription.start(undefined);
      for (let i = 1; i <= 60; i++) {
        outlet.room = i % 7 === 0 ? 2 : 0;
        log.commit([1 + (i % 5), 100 + ((i * 37) % 60), i]);
        subscription.pump();
        if (i % 3 === 0) await settle();
      }
      outlet.room = Number.POSITIVE_INFINITY;
      subscription.pump();
      await settle();
      expect(held(outlet.frames)).toEqual(fresh());
      expect(subscription.isCaughtUp()).toBe(true);
    }
  });
});

describe('a large commit', () => {
  test.each(['latest', 'log'] as const)('comes in mode %s in frames of bounded size', async mode => {
    const count = 2 * limits.rowsPerFrameMax;
    const subscription = log.subscribe(mode, outlet);
    subscription.start(undefined);
    outlet.take();
    log.commit(...Array.from({ length: count }, (_, i): [number, number, number] => [i + 1, 10, i]));
    await settle();
    expect(rows(outlet.frames)).toHaveLength(count);
    expect(Math.max(...outlet.frames.map(frame => frame.rows.length))).toBeLessThanOrEqual(limits.rowsPerFrameMax);
  });
});

describe('freshness', () => {
  test('[LIV-4] that changed without a reading is told, and moves no position', () => {
    log.commit([1, 1, 1]);
    const subscription = log.subscribe('latest', outlet);
    subscription.start(undefined);
    outlet.take();
    subscription.freshen([{ series: 1, freshness: 'late' }]);
    expect(outlet.frames).toEqual([{ t: 'fresh', sub: 's', offset: 1, rows: [[1, 'late']] }]);
  });

  test('[LIV-4] reaches a slow viewer with the value, once it can take more', () => {
    log.commit([1, 1, 1]);
    const subscription = log.subscribe('latest', outlet);
    subscription.start(undefined);
    outlet.take();
    outlet.room = 0;
    const known = log.latest.get(1);
    if (known !== undefined) known.freshness = 'stale';
    subscription.freshen([{ series: 1, freshness: 'stale' }]);
    expect(outlet.frames).toEqual([]);
    outlet.room = 1;
    subscription.pump();
    expect(outlet.frames).toMatchObject([{ t: 'snap', rows: [[1, 1, 1, 'stale']], done: true }]);
  });
});
