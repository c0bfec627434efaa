// Subscriptions: what they are told, and where they go on after the connection was lost.
import type { ServerFrame } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { createSockets, createTestClock } from '../../test/platform.ts';
import { createConnection } from './client.ts';
import type { SubscriptionSpec, SubscriptionUpdate } from './subscription.ts';

function setUp(spec: SubscriptionSpec = { device: ['a'] }) {
  const clock = createTestClock();
  const sockets = createSockets();
  const connection = createConnection({ url: 'ws://g', WebSocket: sockets.Socket, clock, random: () => 0 });
  connection.start();
  sockets.newest().greet();
  const updates: SubscriptionUpdate[] = [];
  const unsubscribe = connection.subscribe(spec, update => updates.push(update));
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
      offset: 101,
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
    expect(updates.at(-1)).toEqual({ kind: 'readings', offset: 101, readings: [] });
  });

  it('brings the freshness that a row says, and metrics that were never seen', () => {
    const { sockets, updates } = setUp();
    sockets.newest().say(def, { t: 'snap', sub: 's1', offset: 101, rows: [[1, null, null, 'never']], done: true });
    expect(updates.at(-2)).toMatchObject({ readings: [{ ts: null, value: null, freshness: 'never' }] });
    sockets.newest().say({ t: 'data', sub: 's1', offset: 102, rows: [[1, 5, 20, 'late']] });
    expect(updates.at(-1)).toMatchObject({ readings: [{ ts: 5, value: 20, freshness: 'late' }] });
  });

  it('passes on how often it wants to be told', () => {
    expect(setUp({ intervalMs: 250 }).sockets.newest().asked('sub')).toMatchObject([{ intervalMs: 250 }]);
  });

  it('hears that a device was deleted, and where in the log', () => {
    const { sockets, updates } = setUp();
    sockets.newest().say({ t: 'event', offset: 105, kind: 'device', device: 'b', change: 'deleted', at: 1 });
    expect(updates.at(-1)).toEqual({ kind: 'deleted', device: 'b', offset: 105 });
  });

  it('hears freshness, gaps and refusals', () => {
    const { sockets, updates } = setUp();
    sockets.newest().say(def, { t: 'fresh', sub: 's1', offset: 101, rows: [[1, 'stale']] });
    expect(updates.at(-1)).toMatchObject({ kind: 'fresh', rows: [{ series: { metric: 'temp' }, freshness: 'stale' }] });
    sockets.newest().say({ t: 'gap', sub: 's1', from: 101, to: 110, reason: 'slow' });
    expect(updates).toContainEqual({ kind: 'gap', from: 101, to: 110, reason: 'slow' });
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

  it('goes on after a gap that it was told of, in mode log', () => {
    const { sockets, reconnect } = setUp({ mode: 'log' });
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    sockets.newest().say({ t: 'gap', sub: 's1', from: 102, to: 140, reason: 'slow' });
    expect(reconnect()).toMatchObject({ since: { offset: 140 } });
  });

  it('[LIV-2] begins anew in mode latest where the snapshot after a gap did not come to its end', () => {
    const { sockets, reconnect, updates } = setUp();
    sockets.newest().say(def, { t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    sockets.newest().say({ t: 'gap', sub: 's1', from: 102, to: 3, reason: 'epoch' });
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 3, rows: [[1, 5, 20, 'live']], done: false });
    expect(reconnect()).not.toHaveProperty('since');
    expect(updates.at(-1)).toEqual({ kind: 'asked', since: null });
  });

  it('[LIV-2] keeps its position where the snapshot of what changed did not come to its end', () => {
    const { sockets, reconnect } = setUp();
    sockets.newest().say(def, { t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    reconnect();
    sockets.newest().say(def, { t: 'snap', sub: 's1', offset: 120, rows: [[1, 5, 20, 'live']], done: false });
    sockets.newest().say({ t: 'data', sub: 's1', offset: 121, rows: [[1, 6, 21]] }, { t: 'hb', offset: 121, now: 1 });
    expect(reconnect()).toMatchObject({ since: { offset: 101 } });
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

  it('is told of the loss, and settled at the end of the snapshot, which a pong may overtake', () => {
    const { sockets, reconnect, kinds } = setUp();
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    const sub = reconnect();
    expect(kinds()).toEqual(['asked', 'snapshot', 'settled', 'lost', 'asked']);
    sockets.newest().say({ t: 'ok', id: sub.id!, sub: 's1' }, { t: 'pong', offset: 101, now: 1 });
    expect(kinds().at(-1)).toBe('asked');
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 102, rows: [], done: true });
    expect(kinds().at(-1)).toBe('settled');
  });

  it('is settled in mode log with the snapshot that ends what was missed, and goes on after each row until then', () => {
    const { sockets, reconnect, kinds } = setUp({ mode: 'log' });
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 60, rows: [], done: true });
    reconnect();
    sockets
      .newest()
      .say(def, { t: 'data', sub: 's1', offset: 70, rows: [[1, 5, 20]] }, { t: 'hb', offset: 100, now: 1 });
    expect(kinds().at(-1)).toBe('readings');
    expect(reconnect()).toMatchObject({ since: { offset: 70 } });
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 100, rows: [], done: true });
    expect(kinds().at(-1)).toBe('settled');
  });

  it('asks for all subscriptions in one message, so that the events they missed come in one order', () => {
    const { sockets, connection, reconnect } = setUp();
    connection.subscribe({ device: ['b'] }, () => {});
    reconnect();
    expect(sockets.newest().messages.map(frames => frames.map(({ t }) => t))).toEqual([['sub', 'sub']]);
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

describe('what came together', () => {
  const part = (offset: number, value: number, more?: true): ServerFrame => ({
    t: 'data',
    sub: 's1',
    offset,
    rows: [[1, value, value]],
    ...(more && { more }),
  });

  it('[LIV-2] is told together, with the position at its end', () => {
    const { sockets, updates } = setUp({ mode: 'log' });
    sockets.newest().say(def, { t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    sockets.newest().say(part(101, 1, true), { t: 'hb', offset: 101, now: 1 }, part(101, 2, true));
    expect(updates.at(-1)).toEqual({ kind: 'settled' });
    sockets.newest().say(part(102, 3));
    expect(updates.at(-1)).toMatchObject({
      kind: 'readings',
      offset: 102,
      readings: [1, 2, 3].map(value => ({ value })),
    });
    sockets.newest().say(part(103, 4));
    expect(updates.at(-1)).toMatchObject({ readings: [{ value: 4 }] });
  });

  it('[LIV-2] is not told where the connection breaks before its end: it comes again', () => {
    const { sockets, updates, reconnect } = setUp({ mode: 'log' });
    sockets.newest().say(def, { t: 'snap', sub: 's1', offset: 101, rows: [], done: true }, part(101, 1, true));
    expect(reconnect()).toMatchObject({ since: { offset: 101 } });
    sockets.newest().say(def, part(101, 1, true), part(102, 2));
    expect(updates.filter(({ kind }) => kind === 'readings')).toMatchObject([
      { readings: [{ value: 1 }, { value: 2 }] },
    ]);
  });
});

describe('a gap in the events', () => {
  it('[LIV-2] makes all in mode latest begin anew, for a deleted device is told by an event alone', () => {
    const { sockets, connection, updates } = setUp();
    let gaps = 0;
    connection.listen({ gap: () => (gaps += 1) });
    connection.subscribe({ device: ['b'], mode: 'log' }, () => {});
    connection.subscribe({ device: ['c'] }, () => {});
    for (const sub of ['s1', 's2', 's3']) sockets.newest().say({ t: 'snap', sub, offset: 101, rows: [], done: true });
    sockets.newest().say({ t: 'gap', from: 101, to: 140, reason: 'slow' });
    const again = sockets.newest().asked('sub').slice(3);
    expect(again.map(({ device, since }) => [device, since])).toEqual([
      [['a'], undefined],
      [['c'], undefined],
    ]);
    expect(updates.at(-1)).toEqual({ kind: 'asked', since: null });
    expect(gaps).toBe(1);
    // Rows that were on their way may be of what is no more.
    expect(
      sockets
        .newest()
        .asked('unsub')
        .map(({ sub }) => sub),
    ).toEqual(['s1', 's3']);
    sockets.newest().say(def, { t: 'data', sub: 's1', offset: 140, rows: [[1, 5, 20]] });
    expect(updates.at(-1)).toEqual({ kind: 'asked', since: null });
    // Each is asked for once, however many gaps come together.
    sockets.newest().say({ t: 'gap', from: 140, to: 150, reason: 'slow' });
    expect(sockets.newest().asked('sub')).toHaveLength(5);
  });

  it('is another thing than one in the readings of a subscription, which a snapshot of its own follows', () => {
    const { sockets, connection } = setUp();
    let gaps = 0;
    connection.listen({ gap: () => (gaps += 1) });
    sockets.newest().say({ t: 'snap', sub: 's1', offset: 101, rows: [], done: true });
    sockets.newest().say({ t: 'gap', sub: 's1', from: 101, to: 140, reason: 'slow' });
    expect(sockets.newest().asked('sub')).toHaveLength(1);
    expect(gaps).toBe(0);
  });
});
