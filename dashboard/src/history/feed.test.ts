// History and live in one piece, over a real client whose socket is the test.
import type { HistoryReadings, Value, Void } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { createSockets, createTestClock } from '../../test/platform.ts';
import { createConnection } from '../connection/index.ts';
import type { Reasons } from './absences.ts';
import { type FeedRequest, openFeed } from './feed.ts';

const request: FeedRequest = {
  device: 'a',
  metric: 'temp',
  type: 'number',
  cadenceMs: 1_000,
  range: { kind: 'last', ms: 60_000 },
};

function setUp(part: Partial<FeedRequest> = {}) {
  const clock = createTestClock(1_000_000);
  const sockets = createSockets();
  const connection = createConnection({ url: 'ws://g', WebSocket: sockets.Socket, clock, random: () => 0 });
  connection.start();
  sockets.newest().greet();
  const asked: {
    from: number;
    answer(readings: [number, Value][], next?: string, reasons?: Partial<Reasons>): Promise<void>;
    fail(): Promise<void>;
  }[] = [];
  const api = {
    buckets: () => Promise.reject(new Error('not asked for')),
    readings: ({ from, to }: { from: number; to: number }) =>
      new Promise<HistoryReadings>((resolve, reject) => {
        const soon = () => new Promise<void>(done => setTimeout(done, 0));
        asked.push({
          from,
          answer(readings, next, reasons) {
            const head = { device: 'a', metric: 'temp', unit: '°C', from, to, gaps: [], voids: [] };
            resolve({ ...head, readings, next: next ?? null, ...reasons });
            return soon();
          },
          fail() {
            reject(new Error('no network'));
            return soon();
          },
        });
      }),
  };
  let changes = 0;
  const feed = openFeed(
    { ...request, ...part },
    { api, connection, clock, gatewayNow: clock.now, changed: () => changes++ },
  );
  const say = (...rows: [number, Value][]) =>
    sockets
      .newest()
      .say(
        { t: 'def', series: [[1, 'a', 'temp', '°C', 'number']] },
        { t: 'data', sub: 's1', offset: 200, rows: rows.map(([ts, value]) => [1, ts, value]) },
      );
  const times = () => feed.line!.columns().times.filter((_, index) => feed.line!.columns().values[index] !== null);
  return { clock, sockets, asked, feed, say, times, changes: () => changes };
}

describe('a feed', () => {
  it('subscribes before it loads, so that nothing falls between the two', async () => {
    const { sockets, asked, say, times, feed } = setUp();
    expect(sockets.newest().asked('sub')).toMatchObject([
      { device: ['a'], metric: ['temp'], mode: 'log', intervalMs: 250 },
    ]);
    expect(feed.status().name).toBe('loading');
    say([999_000, 3]);
    await asked[0]!.answer([
      [997_000, 1],
      [998_000, 2],
      [999_000, 3],
    ]);
    say([1_000_000, 4]);
    expect(feed.status().name).toBe('ready');
    expect(times()).toEqual([997_000, 998_000, 999_000, 1_000_000]);
  });

  it('fetches what a gap left out, and merges it without a double', async () => {
    const { sockets, asked, say, times } = setUp();
    await asked[0]!.answer([
      [997_000, 1],
      [998_000, 2],
    ]);
    sockets.newest().say({ t: 'gap', sub: 's1', from: 201, to: 300, reason: 'slow' });
    say([1_000_000, 5]);
    expect(asked[1]!.from).toBeLessThan(998_000);
    await asked[1]!.answer([
      [998_000, 2],
      [999_000, 3],
      [1_000_000, 5],
    ]);
    expect(times()).toEqual([997_000, 998_000, 999_000, 1_000_000]);
  });

  it('fetches what it missed after a reconnect', async () => {
    const { sockets, clock, asked, say, times } = setUp();
    await asked[0]!.answer([[997_000, 1]]);
    say([998_000, 2]);
    sockets.newest().drop(1006);
    clock.advance(0);
    sockets.newest().greet();
    expect(asked).toHaveLength(2);
    await asked[1]!.answer([
      [998_000, 2],
      [999_000, 3],
    ]);
    expect(times()).toEqual([997_000, 998_000, 999_000]);
  });

  it('loads everything anew after an absence longer than a page of readings, and is not ready before that', async () => {
    const { sockets, asked, feed, times } = setUp();
    await asked[0]!.answer([[997_000, 1]]);
    sockets.newest().say({ t: 'gap', sub: 's1', from: 201, to: 9_000, reason: 'slow' });
    await asked[1]!.answer([[998_000, 2]], 'more');
    expect(feed.status().name).toBe('loading');
    expect(asked[2]!.from).toBe(940_000);
    await asked[2]!.answer([[999_000, 3]]);
    expect(feed.status().name).toBe('ready');
    expect(times()).toContain(999_000);
  });

  it('loads everything anew when the log was begun anew', async () => {
    const { sockets, asked } = setUp();
    await asked[0]!.answer([[997_000, 1]]);
    sockets.newest().say({ t: 'gap', sub: 's1', from: 0, to: 3, reason: 'epoch' });
    expect(asked[1]!.from).toBe(940_000);
  });

  it('says when history could not be loaded, shows what is live, and can try again', async () => {
    const { asked, say, times, feed } = setUp();
    await asked[0]!.fail();
    expect(feed.status().name).toBe('failed');
    say([1_000_000, 4]);
    expect(times()).toEqual([1_000_000]);
    feed.reload();
    await asked[1]!.answer([[999_000, 3]]);
    expect(feed.status().name).toBe('ready');
    expect(times()).toEqual([999_000, 1_000_000]);
  });

  it('loads again what came before it was connected', async () => {
    const { sockets, clock, asked, feed, say, times } = setUp();
    sockets.newest().drop(1006);
    await asked[0]!.answer([[997_000, 1]]);
    clock.advance(0);
    sockets.newest().greet();
    await asked[1]!.answer([[998_000, 2]]);
    say([999_000, 3]);
    expect(feed.status().name).toBe('ready');
    expect(times()).toEqual([997_000, 998_000, 999_000]);
  });

  it('has nothing of a metric that was announced and never sent', async () => {
    const { sockets, asked, times } = setUp();
    await asked[0]!.answer([]);
    const def = [[1, 'a', 'temp', '°C', 'number']] as [number, string, string, string, 'number'][];
    sockets
      .newest()
      .say(
        { t: 'def', series: def },
        { t: 'snap', sub: 's1', offset: 100, rows: [[1, null, null, 'never']], done: true },
      );
    expect(times()).toEqual([]);
  });

  it('loads by itself once the gateway is back', async () => {
    const { sockets, clock, asked, feed } = setUp();
    sockets.newest().drop(1006);
    await asked[0]!.fail();
    clock.advance(0);
    sockets.newest().greet();
    await asked[1]!.answer([[999_000, 3]]);
    expect(feed.status().name).toBe('ready');
  });

  it('does not follow live where its range stands still', () => {
    const { sockets } = setUp({ range: { kind: 'between', from: 0, to: 1_000 } });
    expect(sockets.newest().asked('sub')).toEqual([]);
  });

  it('changes nothing any more once it is closed', async () => {
    const { asked, feed, changes, sockets } = setUp();
    feed.close();
    const before = changes();
    await asked[0]!.answer([[997_000, 1]]);
    expect(changes()).toBe(before);
    expect(sockets.newest().asked('unsub')).toHaveLength(1);
  });

  const voided = (from: number, to: number): Void => ({
    id: 'v1',
    device: 'a',
    metric: 'temp',
    from,
    to,
    by: 'anna',
    reason: 'sensor was in the oven',
    at: 1_000_000,
    restored: null,
  });

  it('leaves out what was voided after it is loaded again, and what still comes for it', async () => {
    const { asked, say, times, feed } = setUp();
    await asked[0]!.answer([[997_000, 1]]);
    say([998_000, 2], [999_000, 3]);
    feed.reload();
    await asked[1]!.answer([[997_000, 1]], undefined, { voids: [voided(998_000, 999_500)] });
    say([998_500, 7], [999_500, 4]);
    expect(times()).toEqual([997_000, 999_500]);
    expect(feed.absences()).toMatchObject([{ kind: 'void', from: 998_000, to: 999_500, void: { by: 'anna' } }]);
  });

  it('has a voided range back when it is loaded after a restore', async () => {
    const { asked, times, feed } = setUp();
    await asked[0]!.answer([], undefined, { voids: [voided(998_000, 999_500)] });
    feed.reload();
    await asked[1]!.answer([[998_500, 1]]);
    expect(times()).toEqual([998_500]);
    expect(feed.absences()).toEqual([]);
  });

  it('lets an absence last until the device is back, and asks why it was away', async () => {
    const { sockets, clock, asked, say, feed } = setUp();
    const offline = { from: 990_000, to: 1_060_000, reason: 'device-offline' as const };
    await asked[0]!.answer([[989_000, 1]], undefined, { gaps: [offline] });
    clock.advance(5_000);
    expect(feed.absences()).toMatchObject([{ from: 990_000, to: 1_005_000 }]);
    say([1_005_000, 2]);
    sockets.newest().say({
      t: 'event',
      offset: 201,
      kind: 'presence',
      device: 'a',
      at: 1_005_000,
      state: 'online',
      since: 1_005_000,
      cause: 'connect',
    });
    clock.advance(1_500);
    await asked[1]!.answer([[1_005_000, 2]], undefined, { gaps: [{ ...offline, from: 995_000, to: 1_004_900 }] });
    expect(feed.absences()).toMatchObject([{ kind: 'gap', from: 990_000, to: 1_004_900, reason: 'device-offline' }]);
  });
});
