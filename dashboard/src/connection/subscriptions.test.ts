// Subscriptions: what they are told, and where they go on after the connection was lost.
import { describe, expect, it } from 'vitest';
import { createSockets, createTestClock } from '../../test/platform.ts';
import { createConnection } from './client.ts';
import type { SubscriptionUpdate } from './subscription.ts';

function setUp() {
  const clock = createTestClock();
  const sockets = createSockets();
  const connection = createConnection({ url: 'ws://g', WebSocket: sockets.Socket, clock, random: () => 0 });
  connection.start();
  sockets.newest().greet();
  const updates: SubscriptionUpdate[] = [];
  const unsubscribe = connection.subscribe({ device: ['a'] }, update => updates.push(update));
  const reconnect = (epoch = 'E1') => {
    sockets.newest().drop(1006);
    clock.advance(0);
    sockets.newest().greet({ epoch });
    return sockets.newest().asked('sub')[0]!;
  };
  const kinds = () => updates.map(update => update.kind);
  return { clock, sockets, connection, updates, unsubscribe, reconnect, kinds };
}

const def = {
  t: 'def' as const,
  series: [[1, 'a', 'temp', '°C', 'number'] as [number, string, string, string, 'number']],
};

describe('a subscription', () => {
  it('is asked for when the connection opens, and given up by the function it returned', () => {
    const { sockets, unsubscribe } = setUp();
    expect(sockets.newest().asked('sub')).toMatchObject([{ sub: 's1', device: ['a'] }]);
    unsubscribe();
    unsubscribe();
    expect(sockets.newest().asked('unsub')).toEqual([{ t: 'unsub', sub: 's1' }]);
  });

  it('waits for the connection where there is none yet', () => {
    const sockets = createSockets();
    const connection = createConnection({ url: 'ws://g', WebSocket: sockets.Socket, clock: createTestClock() });
    connection.subscribe({ mode: 'log' }, () => {});
    connection.start();
    sockets.newest().greet();
    expect(sockets.newest().asked('sub')).toMatchObject([{ mode: 'log' }]);
  });

  it('takes a snapshot in several frames, and is settled at its end', () => {
    const { sockets, updates, kinds } = setUp();
    sockets.newest().say(def, { t: 'snap', sub: 's1', offset: 101, rows: [[1, 5, 20, 'live']], done: false });
    expect(updates.at(-1)).toMatchObject({ kind: 'snapshot', first: true, done: false });
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    expect(updates.at(-2)).toMatchObject({ kind: 'snapshot', first: false, done: true });
    expect(kinds()).toEqual(['asked', 'snapshot', 'snapshot', 'settled']);
  });

  it('brings readings with their series, and counts rows whose series nobody defined', () => {
    const { sockets, connection, updates } = setUp();
    sockets.newest().say(def, {
      t: 'data',
      sub: 's1',
      offset: 101,
      rows: [
        [1, 5, 20],
        [9, 5, 1],
      ],
    });
    expect(updates.at(-1)).toEqual({
      kind: 'readings',
      readings: [
        { series: { device: 'a', metric: 'temp', unit: '°C', type: 'number' }, ts: 5, value: 20, freshness: null },
      ],
    });
    expect(connection.counters().rowsUnknown).toBe(1);
  });

  it('does not use the definitions of an earlier connection', () => {
    const { sockets, updates, reconnect } = setUp();
    sockets.newest().say(def);
    reconnect();
    sockets.newest().say({ t: 'data', sub: 's1', offset: 101, rows: [[1, 5, 20]] });
    expect(updates.at(-1)).toEqual({ kind: 'readings', readings: [] });
  });

  it('hears freshness, gaps and refusals', () => {
    const { sockets, updates } = setUp();
    sockets.newest().say(def, { t: 'fresh', sub: 's1', offset: 101, rows: [[1, 'stale']] });
    expect(updates.at(-1)).toMatchObject({ kind: 'fresh', rows: [{ series: { metric: 'temp' }, freshness: 'stale' }] });
    sockets.newest().say({ t: 'gap', sub: 's1', from: 101, to: 110, reason: 'slow' });
    expect(updates.at(-1)).toEqual({ kind: 'gap', from: 101, to: 110, reason: 'slow' });
    sockets.newest().say({ t: 'err', id: 1, sub: 's1', code: 'too_many', status: 429, title: 'Too many' });
    expect(updates.at(-1)).toMatchObject({ kind: 'refused', code: 'too_many' });
  });
});

describe('after a reconnect', () => {
  it('begins anew where nothing was heard', () => {
    expect(setUp().reconnect()).not.toHaveProperty('since');
  });

  it('goes on after its last rows', () => {
    const { sockets, reconnect } = setUp();
    sockets.newest().say(def, { t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    sockets.newest().say({ t: 'data', sub: 's1', offset: 107, rows: [[1, 5, 20]] });
    expect(reconnect()).toMatchObject({ sub: 's1', since: { epoch: 'E1', offset: 107 } });
  });

  it('goes on after a heartbeat, which comes when nothing is held back', () => {
    const { sockets, reconnect } = setUp();
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    sockets.newest().say({ t: 'hb', offset: 150, now: 1 });
    expect(reconnect()).toMatchObject({ since: { epoch: 'E1', offset: 150 } });
  });

  it('does not count what may have overtaken its own rows: events, and rows of others', () => {
    const { sockets, connection, reconnect } = setUp();
    connection.subscribe({ device: ['b'] }, () => {});
    sockets.newest().say(def, { t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    sockets.newest().say({ t: 'data', sub: 's2', offset: 120, rows: [[1, 5, 20]] });
    sockets.newest().say({ t: 'event', offset: 121, kind: 'device', device: 'b', change: 'changed', at: 1 });
    expect(reconnect()).toMatchObject({ since: { offset: 101 } });
  });

  it('does not count a snapshot that was broken off', () => {
    const { sockets, reconnect } = setUp();
    sockets.newest().say(def, { t: 'snap', sub: 's1', offset: 101, rows: [[1, 5, 20, 'live']], done: false });
    sockets.newest().say({ t: 'data', sub: 's1', offset: 102, rows: [[1, 6, 21]] }, { t: 'hb', offset: 103, now: 1 });
    expect(reconnect()).not.toHaveProperty('since');
  });

  it('goes on after a gap that it was told of', () => {
    const { sockets, reconnect } = setUp();
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    sockets.newest().say({ t: 'gap', sub: 's1', from: 102, to: 140, reason: 'slow' });
    expect(reconnect()).toMatchObject({ since: { offset: 140 } });
  });

  it('names the old epoch, so that the gateway can say that it ended; then counts in the new one', () => {
    const { sockets, reconnect } = setUp();
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    expect(reconnect('E2')).toMatchObject({ since: { epoch: 'E1', offset: 101 } });
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 3, rows: [], done: true });
    expect(reconnect('E2')).toMatchObject({ since: { epoch: 'E2', offset: 3 } });
  });

  it('does not take a heartbeat for proof that what it missed has come', () => {
    const { sockets, reconnect } = setUp();
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 60, rows: [], done: true });
    reconnect();
    sockets.newest().say({ t: 'hb', offset: 100, now: 1 });
    expect(reconnect()).toMatchObject({ since: { offset: 60 } });
  });

  it('begins with a whole snapshot where it was asked for so', () => {
    const { sockets, connection, reconnect } = setUp();
    connection.subscribe({ device: ['b'], resume: false }, () => {});
    sockets.newest().say({ t: 'snap', sub: 's2', offset: 101, rows: [], done: true });
    reconnect();
    const [, second] = sockets.newest().asked('sub');
    expect(second).toEqual({ t: 'sub', id: expect.any(Number), sub: 's2', device: ['b'] });
  });

  it('is told of the loss, and settled once what the gateway had to send is here', () => {
    const { sockets, reconnect, kinds } = setUp();
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    const sub = reconnect();
    expect(kinds()).toEqual(['asked', 'snapshot', 'settled', 'lost', 'asked']);
    sockets.newest().say({ t: 'ok', id: sub.id!, sub: 's1' });
    const ping = sockets.newest().asked('ping')[0]!;
    expect(kinds().at(-1)).toBe('asked');
    sockets.newest().say({ t: 'pong', id: ping.id!, offset: 101, now: 1 });
    expect(kinds().at(-1)).toBe('settled');
  });

  it('is forgotten when it was given up in between', () => {
    const { sockets, clock, unsubscribe } = setUp();
    sockets.newest().drop(1006);
    unsubscribe();
    clock.advance(0);
    sockets.newest().greet();
    expect(sockets.newest().asked('sub')).toEqual([]);
  });
});
