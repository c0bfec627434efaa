// History and live in one piece, over a real client whose socket is the test.
import type { HistoryReadings, Value } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { createSockets, createTestClock } from '../../test/platform.ts';
import { createConnection } from '../connection/index.ts';
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
    answer(readings: [number, Value][], next?: string): Promise<void>;
    fail(): Promise<void>;
  }[] = [];
  const api = {
    buckets: () => Promise.reject(new Error('not asked for')),
    readings: ({ from, to }: { from: number; to: number }) =>
      new Promise<HistoryReadings>((resolve, reject) => {
        const soon = () => new Promise<void>(done => setTimeout(done, 0));
        asked.push({
          from,
          answer(readings, next) {
            resolve({ device: 'a', metric: 'temp', unit: '°C', from, to, readings, next: next ?? null });
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
  const feed = openFeed({ ...request, ...part }, { api, connection, gatewayNow: clock.now, changed: () => changes++ });
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
    expect(sockets.newest().asked('sub')).toMatchObject([{ device: ['a'], metric: ['temp'], mode: 'log' }]);
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
    feed.retry();
    await asked[1]!.answer([[999_000, 3]]);
    expect(feed.status().name).toBe('ready');
    expect(times()).toEqual([999_000, 1_000_000]);
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
});
