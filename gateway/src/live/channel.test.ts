import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Mode, Value } from '../contract/index.ts';
import { Channel, type ChannelSpec, channelKey } from './channel.ts';
import { at, FakeOutlet, type Frame, MemoryLog, settle } from './log.fixture.ts';
import { encodeRow, encodeSnapRow } from './readings.ts';

const spec = (patterns: Partial<ChannelSpec>): ChannelSpec => ({ mode: 'latest', intervalMs: 0, ...patterns });
const values = (frames: Frame[]) => frames.map(({ rows }) => rows.map(([, , value]) => value));

describe('a channel', () => {
  const names = ['a/t', 'a/u', 'b/t', 'plant-1/t'].map(name => {
    const [device = '', metric = ''] = name.split('/');
    return { device, metric };
  });

  test.each([
    [{}, [0, 1, 2, 3]],
    [{ device: ['a'] }, [0, 1]],
    [{ metric: ['t'] }, [0, 2, 3]],
    [{ device: ['a', 'plant-*'], metric: ['t'] }, [0, 3]],
    [{ device: [] }, []],
  ])('of %j covers the series %j', (patterns, covered) => {
    const ports = { clock: new MemoryLog().clock, head: () => 0, latest: () => undefined };
    const channel = new Channel(spec(patterns), ports);
    expect(names.flatMap((name, i) => (channel.covers(name) ? [i] : []))).toEqual(covered);
  });

  test('is shared by the same patterns, mode and pace alone', () => {
    expect(channelKey(spec({ device: ['a'] }))).toBe(channelKey(spec({ device: ['a'], metric: undefined })));
    const keys: Partial<ChannelSpec>[] = [
      {},
      { device: ['a'] },
      { metric: ['a'] },
      { device: ['a', 'b'] },
      { device: ['a","b'] },
      { device: [] },
      { mode: 'log' },
      { intervalMs: 100 },
    ];
    expect(new Set(keys.map(key => channelKey(spec(key)))).size).toBe(keys.length);
  });

  test('encodes every value so that JSON gives it back', () => {
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(value, (given: Value) => {
        const plain = JSON.parse(JSON.stringify(given)) as Value;
        expect(JSON.parse(encodeRow(1, 5, given))).toEqual([1, 5, plain]);
        const latest = { ts: 5, value: given, freshness: 'late', offset: 1, freshSeq: 0 } as const;
        expect(JSON.parse(encodeSnapRow(1, latest))).toEqual([1, 5, plain, 'late']);
      }),
    );
  });
});

describe('a round', () => {
  function watched(mode: Mode, intervalMs: number) {
    const log = new MemoryLog();
    const outlet = new FakeOutlet();
    const subscription = log.subscribe(mode, outlet, { intervalMs });
    subscription.start(null);
    outlet.take();
    return { log, outlet, subscription };
  }

  test('[LIV-7] goes out with the first commit, and then no sooner than the interval allows', () => {
    const { log, outlet } = watched('latest', 100);
    log.commit([1, 1, 'first']);
    expect(values(outlet.take())).toEqual([['first']]);
    log.clock.advance(10);
    log.commit([1, 2, 'replaced']);
    log.commit([2, 2, 'other']);
    log.clock.advance(80);
    log.commit([1, 3, 'newest']);
    expect(outlet.take()).toEqual([]);
    log.clock.advance(10);
    expect(outlet.take()).toMatchObject([
      {
        t: 'data',
        offset: 4,
        rows: [
          [1, 3, 'newest'],
          [2, 2, 'other'],
        ],
      },
    ]);
  });

  test('[LIV-7] has in mode log every reading of the interval, in order', () => {
    const { log, outlet } = watched('log', 100);
    for (let i = 1; i <= 5; i++) log.commit([1, i, i], [2, i, -i]);
    log.clock.advance(100);
    expect(values(outlet.take())).toEqual([
      [1, -1],
      [2, -2, 3, -3, 4, -4, 5, -5],
    ]);
  });

  test('[LIV-7] does not wait where a frame is full', () => {
    const { log, outlet } = watched('log', 60_000);
    log.commit([1, 1, 0]);
    outlet.take();
    for (let i = 0; i < 49; i++)
      log.commit(...Array.from({ length: 100 }, (_, n) => [1, 100 * i + n, n] as [number, number, number]));
    expect(outlet.take()).toEqual([]);
    log.commit(...Array.from({ length: 100 }, (_, n) => [1, 4_900 + n, n] as [number, number, number]));
    expect(outlet.take()).toHaveLength(1);
  });

  test('[LIV-7] is encoded once for all who want the same, and each gets its own pace', () => {
    const { log, outlet } = watched('latest', 0);
    const same = new FakeOutlet();
    const texts: unknown[] = [];
    const keep = (send: FakeOutlet['send']) => (text: string | Buffer) => {
      texts.push(text);
      return send(text);
    };
    outlet.send = keep(outlet.send);
    log.subscribe('latest', same).start(null);
    same.send = keep(same.send);
    const slower = new FakeOutlet();
    log.subscribe('latest', slower, { intervalMs: 1_000 }).start(null);
    slower.take();
    log.commit([1, 1, 1]);
    log.commit([1, 2, 2]);
    expect(texts).toHaveLength(4);
    expect([texts[0] === texts[1], texts[2] === texts[3]]).toEqual([true, true]);
    expect(values(slower.frames)).toEqual([[1]]);
  });

  test.each(['latest', 'log'] as const)(
    '[LIV-2] in mode %s does not repeat what a viewer that came in between has already',
    async mode => {
      const { log, outlet } = watched(mode, 100);
      log.commit([1, 1, 1]);
      log.commit([1, 2, 2]);
      const late = new FakeOutlet();
      const subscription = log.subscribe(mode, late, { intervalMs: 100 });
      subscription.start(mode === 'log' ? at(0) : null);
      await settle();
      expect(values(late.take()).flat()).toEqual(mode === 'log' ? [1, 2] : [2]);
      // Up to here it has everything, although the round of the others is still to come.
      expect(subscription.position()).toBe(2);
      log.commit([2, 3, 3]);
      log.clock.advance(100);
      expect(values(late.take())).toEqual([[3]]);
      expect(values(outlet.take()).flat()).toEqual([1, 2, 3]);
    },
  );

  test('[LIV-2] claims no position beyond what still waits in it', () => {
    const { log, subscription } = watched('log', 100);
    log.commit([1, 1, 1]);
    log.commit([9, 1, 1]);
    expect(subscription.position()).toBe(1);
    log.clock.advance(100);
    expect(subscription.position()).toBe(2);
  });

  test('in mode latest leaves out a reading that came late', () => {
    const { log, outlet } = watched('latest', 0);
    log.commit([1, 100, 'newest']);
    log.commit([1, 50, 'late']);
    expect(values(outlet.take())).toEqual([['newest']]);
  });

  test('a clock that is set back does not hold it up', () => {
    const { log, outlet } = watched('latest', 100);
    log.commit([1, 1, 1]);
    log.clock.set(log.clock.now() - 3_600_000);
    log.commit([1, 2, 2]);
    log.clock.advance(100);
    expect(values(outlet.take())).toEqual([[1], [2]]);
  });
});
