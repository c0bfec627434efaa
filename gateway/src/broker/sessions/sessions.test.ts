import { describe, expect, test } from 'vitest';
import { limits } from '../../contract/index.ts';
import { TestSessions } from './sessions.fixture.ts';

describe('a queue', () => {
  test('has a message once, however many subscriptions reach it, with the least QoS', async () => {
    const sessions = new TestSessions();
    const client = await sessions.away('d1/x', 'devices/d1/#', 'devices/d1/+', 'devices/d1/attributes');
    await sessions.publish('devices/d1/attributes', 'a', { qos: 2 });
    await sessions.publish('devices/d1/attributes', 'b', { qos: 0 });
    await sessions.publish('devices/d2/attributes', 'c');
    expect(sessions.waiting(client)).toEqual(['a']);
    expect(sessions.state.sessions.get('d1/x')?.queue.messages[0]?.qos).toBe(1);
  });

  test('[BRK-6] lets go of its oldest message by count and by bytes, never of one under way, and counts it', async () => {
    const sessions = new TestSessions({ queueMessagesMax: 3 });
    const client = await sessions.away('d1/x', 'devices/d1/#');
    for (const payload of ['a', 'b', 'c']) await sessions.publish('devices/d1/attributes', payload);
    sessions.state.connected(client);
    const [first] = sessions.state.sessions.get(client.id)?.queue.messages ?? [];
    await sessions.persistence.outgoingUpdate(client, {
      cmd: 'publish',
      brokerId: 'kept',
      brokerCounter: first?.id ?? 0,
      messageId: 9,
    });
    await sessions.publish('devices/d1/attributes', 'd');
    expect(sessions.waiting(client)).toEqual(['a', 'c', 'd']);
    const large = 'x'.repeat(limits.queueBytesMax - 2_000);
    await sessions.publish('devices/d1/attributes', large);
    await sessions.publish('devices/d1/attributes', large);
    expect(sessions.waiting(client)).toEqual(['a', large]);
    await sessions.publish('devices/d1/attributes', 'x'.repeat(limits.queueBytesMax));
    expect(sessions.waiting(client)).toHaveLength(2);
    expect(sessions.state.counters).toMatchObject({ queueDropped: 4, queueRefused: 1 });
    expect(sessions.state.gauges().queuedBytes).toBeLessThanOrEqual(limits.queueBytesMax);
  });

  test('[BRK-6] lets a message go when it waited for too long', async () => {
    const sessions = new TestSessions();
    const client = await sessions.away('d1/x', 'devices/d1/#');
    await sessions.publish('devices/d1/attributes', 'old');
    sessions.passDays(0.5);
    await sessions.publish('devices/d1/attributes', 'new');
    sessions.passDays(0.6);
    expect(sessions.waiting(client)).toEqual(['new']);
    expect(sessions.state.counters.queueExpired).toBe(1);
  });

  test('[BRK-5] has nothing of a publish whose commit was refused', async () => {
    const sessions = new TestSessions();
    const client = await sessions.away('d1/x', 'devices/d1/#');
    sessions.isFull = true;
    expect(await sessions.publish('devices/d1/attributes', 'a', { retain: true })).toBe('store_full');
    sessions.isFull = false;
    expect(await sessions.publish('devices/d1/attributes', 'b', { retain: true })).toBeNull();
    expect(sessions.waiting(client)).toEqual(['b']);
    expect(sessions.retained('#')).toEqual(['b']);
    expect(sessions.state.gauges()).toMatchObject({ queuedMessages: 1, retainedMessages: 1 });
  });
});

describe('sessions', () => {
  test('[BRK-6] that nobody comes back to expire; a clock that jumps to 2038 and back expires none', async () => {
    const sessions = new TestSessions();
    const { state, clock } = sessions;
    await sessions.away('d1/gone', 'devices/d1/#');
    state.connected({ id: 'd1/here', clean: false });
    await sessions.publish('devices/d1/attributes', 'a');
    const before = clock.now();
    for (const time of [Date.UTC(2038, 0, 19), before - 7_200_000, before + 3_600_000, before]) {
      clock.set(time);
      sessions.state.sessions.expire();
    }
    expect(state.gauges()).toMatchObject({ sessions: 2, queuedMessages: 1 });
    sessions.passDays(6.9);
    expect(state.gauges().sessions).toBe(2);
    sessions.passDays(0.2);
    expect(state.gauges()).toMatchObject({ sessions: 1, queuedMessages: 0 });
    expect(state.counters.sessionsExpired).toBe(1);
    await state.close();
    expect(sessions.changes()).toContainEqual({ kind: 'session', client: 'd1/gone', record: null });
  });

  test('[BRK-6] of one credential are limited: the one that was left alone longest goes, one in use never', async () => {
    const sessions = new TestSessions();
    const { state } = sessions;
    state.connected({ id: 'd1/used', clean: false });
    for (let i = 1; i < limits.sessionsPerCredentialMax; i++) {
      await sessions.away(`d1/${i}`, 'devices/d1/#');
      sessions.clock.advance(60_000);
    }
    await sessions.away('d2/x', 'devices/d2/#');
    state.connected({ id: 'd1/more', clean: false });
    expect(state.sessions.get('d1/1')).toBeUndefined();
    expect(state.sessions.get('d1/used')).toBeDefined();
    expect(state.counters.sessionsEvicted).toBe(1);
    for (let i = 2; i < limits.sessionsPerCredentialMax; i++) state.connected({ id: `d1/${i}`, clean: false });
    state.connected({ id: 'd1/too many', clean: false });
    expect(state.sessions.get('d1/too many')).toBeUndefined();
    expect(state.counters.sessionsRefused).toBe(1);
    expect(state.gauges().sessions).toBe(limits.sessionsPerCredentialMax + 1);
  });

  test('[BRK-6] keep a limited number of subscriptions, and none that was refused', async () => {
    const sessions = new TestSessions();
    const filters = Array.from({ length: limits.filtersPerClientMax + 5 }, (_, i) => `devices/d1/${i}`);
    await sessions.away('d1/x', 'forbidden', ...filters);
    expect([...sessions.state.filters()]).toEqual(filters.slice(0, limits.filtersPerClientMax));
    expect(sessions.state.counters.subscriptionsNotKept).toBe(5);
  });

  test('a credential that goes takes its sessions, its wills and what its device retained', async () => {
    const sessions = new TestSessions();
    const { state, persistence } = sessions;
    for (const device of ['d1', 'd10']) {
      await sessions.away(`${device}/x`, `devices/${device}/#`);
      await persistence.putWill({ id: `${device}/x` }, { topic: 't', payload: 'x', qos: 0, retain: false });
      await sessions.publish(`devices/${device}/status`, device, { retain: true });
    }
    state.forget('d1');
    await state.close();
    expect(state.gauges()).toMatchObject({ sessions: 1, queuedMessages: 1, retainedMessages: 1 });
    expect(sessions.retained('#')).toEqual(['d10']);
    expect(await persistence.getWill({ id: 'd1/x' })).toBeUndefined();
    expect(await persistence.getWill({ id: 'd10/x' })).toBeDefined();
    expect(sessions.changes()).toContainEqual({ kind: 'retained', topic: 'devices/d1/status', message: null });
  });

  test('[BRK-5] of a restored database begin without the message ids that were under way in it', async () => {
    const message = { topic: 'devices/d1/attributes', payload: Buffer.from('a'), qos: 2 };
    const row = { client: 'd1/x', at: 0, message };
    const saved = {
      sessions: [{ client: 'd1/x', record: { owner: 'd1', subscriptions: [], awaySince: 0 } }],
      queued: [
        { ...row, id: 1, messageId: 7, released: false },
        { ...row, id: 2, messageId: 8, released: true },
      ],
      received: [{ client: 'd1/x', messageId: 9 }],
    };
    const packets = async (sessions: TestSessions) =>
      (await sessions.persistence.outgoingStream({ id: 'd1/x' }).toArray()).map(({ cmd, messageId, dup }) => [
        cmd,
        messageId,
        dup,
      ]);
    const same = new TestSessions({}, saved);
    expect(await packets(same)).toEqual([
      ['publish', 7, true],
      ['pubrel', 8, undefined],
    ]);
    expect(same.state.isRepeated({ id: 'd1/x' }, 9)).toBe(true);
    const other = new TestSessions({}, { ...saved, sameEpoch: false });
    expect(await packets(other)).toEqual([['publish', undefined, true]]);
    expect(other.state.isRepeated({ id: 'd1/x' }, 9)).toBe(false);
    await other.state.close();
    expect(other.changes()).toContainEqual({ kind: 'renewed', minutes: 0 });
  });
});

describe('message ids', () => {
  test('[BRK-7] of what is new begin behind those that are under way', async () => {
    const sessions = new TestSessions();
    const client = await sessions.away('d1/x', 'devices/d1/#');
    await sessions.publish('devices/d1/attributes', 'a');
    const [packet] = await sessions.persistence.outgoingStream(client).toArray();
    await sessions.persistence.outgoingUpdate(client, { ...packet, messageId: 65_535 });
    sessions.state.disconnected(client);
    const back = { ...client, _nextId: 65_535 };
    sessions.persistence.outgoingStream(back).destroy();
    expect(back._nextId).toBe(1);
  });

  test('[BRK-5] of a received QoS 2 message are gone from the disk before its PUBCOMP, also where the disk was full', async () => {
    const sessions = new TestSessions();
    const client = await sessions.away('d1/x');
    await sessions.publish('devices/d1/attributes', 'a', { qos: 2, messageId: 5, client });
    expect(sessions.changes()).toContainEqual({ kind: 'received', client: 'd1/x', messageId: 5, open: true });
    await sessions.persistence.incomingStorePacket(client, {
      topic: '',
      payload: Buffer.from('a'),
      qos: 2,
      messageId: 5,
    });
    sessions.isFull = true;
    let done = false;
    const deleted = sessions.persistence.incomingDelPacket(client, { messageId: 5 }).then(() => {
      done = true;
    });
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    expect(done).toBe(false);
    sessions.isFull = false;
    sessions.clock.advance(10_000);
    await deleted;
    expect(sessions.changes()).toContainEqual({ kind: 'received', client: 'd1/x', messageId: 5, open: false });
    expect(sessions.state.isRepeated(client, 5)).toBe(false);
  });
});
