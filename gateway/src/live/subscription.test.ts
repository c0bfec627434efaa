import { beforeEach, describe, expect, test } from 'vitest';
import { limits } from '../contract/index.ts';
import { at, FakeOutlet, type Frame, MemoryLog, settle } from './log.fixture.ts';

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
    log.subscribe('latest', outlet).start(null);
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
    log.subscribe('latest', outlet).start(null);
    expect(outlet.frames).toEqual([{ t: 'snap', sub: 's', offset: 0, rows: [], done: true }]);
  });

  test('gets a long snapshot in several frames, the last of which says so', () => {
    const count = limits.rowsPerFrameMax + 1;
    log.commit(...Array.from({ length: count }, (_, i): [number, number, number] => [i + 1, 10, i]));
    log.subscribe('latest', outlet).start(null);
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
    log.subscribe('log', outlet).start(at(2));
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
    subscription.start(at(1));
    await settle();
    expect([subscription.isCaughtUp(), log.reads]).toEqual([true, 0]);
    expect(outlet.frames).toEqual([{ t: 'snap', sub: 's', offset: 1, rows: [], done: true }]);
  });

  test('[LIV-2] in mode latest gets what changed after its position', () => {
    log.commit([1, 1, 1], [2, 1, 1]);
    log.commit([1, 2, 2]);
    log.subscribe('latest', outlet).start(at(1));
    expect(outlet.frames).toEqual([{ t: 'snap', sub: 's', offset: 2, rows: [[1, 2, 2, 'live']], done: true }]);
  });

  test.each(['latest', 'log'] as const)(
    '[LIV-2] in mode %s learns which values went stale while it was away',
    async mode => {
      log.commit([1, 1, 1]);
      log.age(1, 'stale');
      log.subscribe(mode, outlet).start(at(1));
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
      log.subscribe(mode, outlet).start(at(since.offset, since.epoch));
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
    log.hub.head = far;
    const subscription = log.subscribe('log', outlet);
    subscription.start(at(1));
    await settle();
    expect(outlet.frames[0]).toEqual({ t: 'gap', sub: 's', from: 1, to: far, reason: 'slow' });
    expect(outlet.frames[1]).toMatchObject({ t: 'snap', offset: far, done: true });
    expect([outlet.gaps, log.reads, subscription.isCaughtUp()]).toEqual([['slow'], 0, true]);
  });

  test('[LIV-2] a position older than the log gives a gap with reason trimmed, then a snapshot', async () => {
    for (let i = 1; i <= 9; i++) log.commit([1 + (i % 2), i, i]);
    log.trimmedThrough = 5;
    const subscription = log.subscribe('log', outlet);
    subscription.start(at(4));
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
    log.subscribe('log', outlet).start(at(5));
    await settle();
    expect(rows(outlet.frames)).toEqual([6, 7, 8, 9].map(i => [1, i, i]));
    expect(outlet.gaps).toEqual([]);
  });

  test('[LIV-2] in mode latest a position older than the log is as good as any: it needs no log', () => {
    log.commit([1, 1, 1], [2, 1, 1]);
    log.commit([1, 2, 2]);
    log.trimmedThrough = 2;
    log.subscribe('latest', outlet).start(at(0));
    expect([held(outlet.frames), outlet.gaps]).toEqual([fresh(), []]);
  });

  test('[LIV-2] where the log cannot be read just then, goes on with the next pump', async () => {
    log.commit([1, 1, 1]);
    log.failing = true;
    const subscription = log.subscribe('log', outlet);
    subscription.start(at(0));
    await settle();
    expect([outlet.frames, outlet.retries]).toEqual([[], 1]);
    log.failing = false;
    subscription.pump();
    await settle();
    expect(rows(outlet.frames)).toEqual([[1, 1, 1]]);
  });
});

describe('a slow viewer', () => {
  test('[LIV-3] in mode latest gets the newest value of each series when it can take more, and is not closed', () => {
    const subscription = log.subscribe('latest', outlet);
    subscription.start(null);
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
    subscription.start(null);
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
    subscription.start(null);
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
    subscription.start(at(0));
    await settle();
    const [gap, snap] = outlet.take();
    expect(gap).toEqual({ t: 'gap', sub: 's', from: 0, to: 9, reason: 'trimmed' });
    expect(snap).toMatchObject({ t: 'snap', offset: 9, rows: [[1, 9, 9, 'live']], done: true });
    expect(subscription.isCaughtUp()).toBe(true);
  });

  test('[LIV-3] delays no other viewer', () => {
    const quick = new FakeOutlet();
    outlet.room = 0;
    log.subscribe('log', outlet, { name: 'slow' }).start(null);
    log.subscribe('latest', quick, { name: 'quick' }).start(null);
    log.commit([1, 1, 1]);
    expect(kinds(quick.frames)).toEqual(['snap 0', 'data 1']);
  });

  test('[LIV-3] that is gone is read for no more', async () => {
    for (let i = 1; i <= 9; i++) log.commit([1, i, i]);
    log.duringRead = () => {
      outlet.closed = true;
    };
    log.subscribe('log', outlet).start(at(0));
    await settle();
    expect([log.reads, outlet.frames]).toEqual([1, []]);
  });

  test('[LIV-2] of either kind, and of any speed, holds in the end what a fresh read shows', async () => {
    for (const mode of ['latest', 'log'] as const) {
      [log, outlet] = [new MemoryLog(), new FakeOutlet()];
      const subscription = log.subscribe(mode, outlet);
      subscription.start(null);
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
    subscription.start(null);
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
    log.subscribe('latest', outlet).start(null);
    outlet.take();
    log.age(1, 'late');
    expect(outlet.frames).toEqual([{ t: 'fresh', sub: 's', offset: 1, rows: [[1, 'late']] }]);
  });

  test('[LIV-4] reaches a slow viewer with the value, once it can take more', () => {
    log.commit([1, 1, 1]);
    const subscription = log.subscribe('latest', outlet);
    subscription.start(null);
    outlet.take();
    outlet.room = 0;
    log.age(1, 'stale');
    expect(outlet.frames).toEqual([]);
    outlet.room = 1;
    subscription.pump();
    expect(outlet.frames).toMatchObject([{ t: 'snap', rows: [[1, 1, 1, 'stale']], done: true }]);
  });
});

describe('what belongs together', () => {
  const count = 2 * limits.rowsPerFrameMax + 1;
  const many = Array.from({ length: count }, (_, i): [number, number, number] => [i + 1, 10, i]);

  test.each(['live', 'log'])(
    '[LIV-2] says in all frames but the last that more follows, coming from the %s',
    async from => {
      const subscription = log.subscribe('log', outlet);
      if (from === 'live') subscription.start(null);
      log.commit(...many);
      if (from === 'log') subscription.start(at(0));
      await settle();
      const data = outlet.take().filter(({ t }) => t === 'data');
      expect(data.map(({ offset, more }) => [offset, more])).toEqual([
        [0, true],
        [0, true],
        [1, undefined],
      ]);
    },
  );
});

describe('a viewer that is slow', () => {
  test.each(['latest', 'log'] as const)('[LIV-3] is told so in mode %s, and when it has caught up', async mode => {
    const subscription = log.subscribe(mode, outlet);
    subscription.start(null);
    log.commit([1, 1, 1]);
    expect(outlet.slow).toEqual([]);
    outlet.room = 0;
    for (let i = 2; i <= 5; i++) log.commit([1, i, i]);
    expect(outlet.slow).toEqual([true]);
    outlet.room = Number.POSITIVE_INFINITY;
    subscription.pump();
    await settle();
    log.commit([1, 6, 6]);
    expect(outlet.slow).toEqual([true, false]);
  });

  test.each(['latest', 'log'] as const)('[LIV-2] in mode %s claims no position beyond what it was sent', async mode => {
    const subscription = log.subscribe(mode, outlet);
    subscription.start(null);
    log.commit([1, 1, 1]);
    outlet.room = 0;
    for (let i = 2; i <= 5; i++) log.commit([1, i, i]);
    expect(subscription.position()).toBe(1);
    outlet.room = Number.POSITIVE_INFINITY;
    subscription.pump();
    await settle();
    expect(subscription.position()).toBe(5);
  });

  test('[LIV-2] in mode latest has no position between a gap and the end of its snapshot', () => {
    log.commit([1, 1, 1]);
    const subscription = log.subscribe('latest', outlet);
    outlet.room = 1;
    subscription.start(at(7, 'other'));
    expect(subscription.position()).toBe(-1);
    outlet.room = 1;
    subscription.pump();
    expect(subscription.position()).toBe(1);
  });
});

describe('freshness and readings', () => {
  test('[LIV-4] a newest value that is not live when it is sent says so in its row', () => {
    for (const mode of ['latest', 'log'] as const)
      log.subscribe(mode, outlet, { name: mode, intervalMs: 50 }).start(null);
    log.commit([1, 1, 1]);
    outlet.take();
    log.commit([1, 2, 2]);
    log.age(1, 'stale');
    log.clock.advance(50);
    const last = (name: string) => outlet.frames.filter(({ sub }) => sub === name).at(-1);
    expect(last('latest')).toMatchObject({ t: 'data', rows: [[1, 2, 2, 'stale']] });
    // In mode log the reading goes first, so that it cannot make the value look live again.
    expect(last('log')).toMatchObject({ t: 'fresh', rows: [[1, 'stale']] });
  });

  test('[LIV-4] what aged while a viewer caught up is told behind the rows, and only that', async () => {
    log.commit([1, 1, 1], [2, 1, 1], [3, 1, 1]);
    log.commit([1, 2, 2]);
    log.age(1, 'late');
    log.age(2, 'stale');
    log.subscribe('log', outlet).start(at(1));
    await settle();
    expect(outlet.take().map(({ t, rows }) => [t, rows])).toEqual([
      ['data', [[1, 2, 2]]],
      [
        'snap',
        [
          [1, 2, 2, 'late'],
          [2, 1, 1, 'stale'],
        ],
      ],
    ]);
  });

  test.each(['latest', 'log'] as const)(
    '[LIV-4] in mode %s a viewer that knows up to which change it was told hears of later ones alone',
    async mode => {
      log.commit([1, 1, 1], [2, 1, 1]);
      log.age(1, 'late');
      const seen = log.ports.freshSeq();
      log.age(2, 'late');
      log.subscribe(mode, outlet).start(at(1, 'E', seen));
      await settle();
      expect(outlet.take()).toMatchObject([{ t: 'snap', rows: [[2, 1, 1, 'late']], done: true }]);
    },
  );

  test('[LIV-4] a metric that was announced and never sent is in the snapshot, and comes when it is announced', () => {
    log.announced.add(1);
    log.subscribe('latest', outlet).start(null);
    expect(outlet.take()).toMatchObject([{ rows: [[1, null, null, 'never']] }]);
    log.announced.add(2);
    log.hub.renew([2]);
    expect(outlet.take()).toMatchObject([{ t: 'snap', rows: [[2, null, null, 'never']], done: true }]);
  });
});
