// What MQTT clients asked to be kept, in a whole gateway: sessions, queues, retained messages and wills, also over SIGKILL.
import { describe, expect, test } from 'vitest';
import type { HistoryReadings } from '../src/contract/index.ts';
import { writeBeside } from '../src/store/index.ts';
import { gatewayHere, gatewayProgram, newFolder, type Rest } from './instruments/gateway.ts';
import { packet } from './instruments/mqtt-bytes.ts';
import { publishPacket, types, Wire } from './instruments/mqtt-wire.ts';

const pubrel = 6;
const word = (number: number) => Buffer.from([number >> 8, number & 0xff]);

type Message = { topic: string; payload: string; qos: number; dup: boolean; retain: boolean; id: number };

/** The next message, as it is on the wire; nothing is acknowledged. */
async function nextMessage(wire: Wire): Promise<Message> {
  const { flags, body } = await wire.next(types.publish);
  const qos = (flags >> 1) & 3;
  const end = 2 + body.readUInt16BE(0);
  return {
    topic: body.toString('utf8', 2, end),
    payload: body.toString('utf8', end + (qos > 0 ? 2 : 0)),
    qos,
    dup: (flags & 8) !== 0,
    retain: (flags & 1) !== 0,
    id: qos > 0 ? body.readUInt16BE(end) : 0,
  };
}

const acknowledge = (wire: Wire, id: number) => wire.send(packet(0x40, word(id)));

async function takeMessages(wire: Wire, count: number): Promise<Message[]> {
  const messages: Message[] = [];
  for (let i = 0; i < count; i++) {
    const message = await nextMessage(wire);
    if (message.qos === 1) acknowledge(wire, message.id);
    messages.push(message);
  }
  return messages;
}

/** All that is kept of a gateway's sessions, and what was let go of. */
async function figures({ rest, http }: { rest: Rest; http: string }): Promise<Record<string, number>> {
  const response = await fetch(`${http}/metrics`, { headers: { Authorization: `Bearer ${rest.token}` } });
  const lines = (await response.text()).split('\n').filter(line => line.startsWith('telltale_'));
  return Object.fromEntries(lines.map(line => [line.split(' ')[0]?.slice(9) ?? '', Number(line.split(' ')[1])]));
}

/** Resolves once a figure is as it should be. */
async function figure(gateway: { rest: Rest; http: string }, name: string, value: number): Promise<void> {
  for (;;) {
    const now = (await figures(gateway))[name];
    if (now === value) return;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

/** A round trip over the connection: what the broker had for it before has come. */
async function settled(wire: Wire): Promise<void> {
  wire.send(packet(0xc0));
  await wire.next(types.pingresp);
}

describe('over SIGKILL', () => {
  test('[BRK-5] subscriptions, queued messages, retained messages and a will are there again, and a QoS 2 message once', async () => {
    const dir = newFolder();
    const first = await gatewayProgram(dir);
    const secret = await first.rest.device('d1');
    const signIn = { user: 'd1', secret };
    const away = await Wire.connect(first.mqttPort, { ...signIn, id: 'away', clean: false });
    expect(await away.subscribeWith(2, 'devices/d1/attributes', 'devices/d1/status')).toEqual([2, 2]);
    await away.breakOff();

    const will = { topic: 'devices/d1/status', payload: 'offline' };
    const device = await Wire.connect(first.mqttPort, { ...signIn, id: 'device', clean: false, will });
    await device.publish('devices/d1/status', 'online', 1, true);
    await device.publish('devices/d1/attributes', '{"n":1}', 2);
    device.send(publishPacket('devices/d1/attributes', '{"n":2}', 2, 3));
    await device.next(types.pubrec);
    device.send(publishPacket('devices/d1/telemetry', '{"count":1}', 2, 4));
    await device.next(types.pubrec);
    await first.kill('SIGKILL');

    const second = await gatewayProgram(dir);
    const back = await Wire.connect(second.mqttPort, { ...signIn, id: 'away', clean: false });
    expect(back.sessionPresent).toBe(true);
    const queued = await takeMessages(back, 4);
    expect(queued.map(({ topic, payload, qos, dup }) => [topic, payload, qos, dup])).toEqual([
      ['devices/d1/status', 'online', 1, false],
      ['devices/d1/attributes', '{"n":1}', 1, false],
      ['devices/d1/attributes', '{"n":2}', 2, false],
      ['devices/d1/status', 'offline', 1, false],
    ]);

    const again = await Wire.connect(second.mqttPort, { ...signIn, id: 'device', clean: false });
    expect(again.sessionPresent).toBe(true);
    again.send(publishPacket('devices/d1/telemetry', '{"count":1}', 2, 4));
    await again.next(types.pubrec);
    again.send(packet(0x62, word(4)));
    await again.next(types.pubcomp);
    const { readings } = await second.rest.get<HistoryReadings>('/history?device=d1&metric=count&from=0');
    expect(readings).toHaveLength(1);
    // An id that is through may be used again.
    again.send(publishPacket('devices/d1/telemetry', '{"count":2}', 2, 4));
    await again.next(types.pubrec);
    const both = await second.rest.get<HistoryReadings>('/history?device=d1&metric=count&from=0');
    expect(both.readings.map(([, value]) => value)).toEqual([1, 2]);

    // The will was published once, before anybody could connect; it was not retained, so that the status is as it was.
    await again.subscribe('devices/d1/status');
    expect(await nextMessage(again)).toMatchObject({ payload: 'online', retain: true });
    expect((await figures(second)).session_wills_restored_total).toBe(1);
  }, 120_000);
});

describe('a session', () => {
  test('[BRK-7] is present when it was kept, also without subscriptions, and is gone after a clean one', async () => {
    const { mqttPort, rest } = await gatewayHere();
    const signIn = { user: 'd1', secret: await rest.device('d1'), id: 'x', clean: false };
    const present = async (clean: boolean, ...filters: string[]) => {
      const wire = await Wire.connect(mqttPort, { ...signIn, clean });
      if (filters.length > 0) await wire.subscribe(...filters);
      await wire.disconnect();
      return wire.sessionPresent;
    };
    expect(await present(false)).toBe(false);
    expect(await present(false)).toBe(true);
    expect(await present(false, 'devices/d1/attributes')).toBe(true);
    expect(await present(false)).toBe(true);
    expect(await present(true)).toBe(false);
    expect(await present(false)).toBe(false);
  });

  test('[BRK-7] what was sent and not acknowledged comes again first, with DUP and the id that it had', async () => {
    const { mqttPort, rest } = await gatewayHere();
    const secret = await rest.device('d1');
    const kept = { user: 'd1', secret, id: 'kept', clean: false };
    const wire = await Wire.connect(mqttPort, kept);
    await wire.subscribeWith(2, 'devices/d1/attributes');
    const other = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'other' });
    await other.publish('devices/d1/attributes', '{"n":1}', 1);
    const first = await nextMessage(wire);
    other.send(publishPacket('devices/d1/attributes', '{"n":2}', 2, 2));
    const second = await nextMessage(wire);
    // The second one is received, and its PUBREL lost.
    wire.send(packet(0x50, word(second.id)));
    expect((await wire.next(pubrel)).body.readUInt16BE(0)).toBe(second.id);
    await wire.breakOff();
    await other.publish('devices/d1/attributes', '{"n":3}', 3);

    const back = await Wire.connect(mqttPort, kept);
    expect(await nextMessage(back)).toEqual({ ...first, dup: true });
    expect((await back.next(pubrel)).body.readUInt16BE(0)).toBe(second.id);
    const third = await nextMessage(back);
    expect(third).toMatchObject({ payload: '{"n":3}', dup: false });
    expect([first.id, second.id]).not.toContain(third.id);
    acknowledge(back, first.id);
    back.send(packet(0x70, word(second.id)));
    acknowledge(back, third.id);
    await settled(back);
    await figure({ rest, http: rest.base }, 'queued_messages', 0);
  });

  test('[BRK-5] has a QoS 2 message taken in once that comes again before its commit, over a new connection', async () => {
    const { mqttPort, rest } = await gatewayHere(['store.commitIntervalMs=400']);
    const signIn = { user: 'd1', secret: await rest.device('d1'), clean: false };
    const reader = await Wire.connect(mqttPort, { ...signIn, id: 'reader' });
    await reader.subscribeWith(2, 'devices/d1/telemetry');
    const exactly = publishPacket('devices/d1/telemetry', '{"a":1}', 2, 7);
    const first = await Wire.connect(mqttPort, { ...signIn, id: 'writer' });
    // Read in one piece, so that the answer to the ping comes before the commit.
    first.send(Buffer.concat([exactly, packet(0xc0)]));
    await first.next(types.pingresp);
    await first.breakOff();
    const again = await Wire.connect(mqttPort, { ...signIn, id: 'writer' });
    again.send(exactly);
    again.send(exactly);
    for (let i = 0; i < 2; i++) await again.next(types.pubrec);
    again.send(packet(0x62, word(7)));
    await again.next(types.pubcomp);
    await again.publish('devices/d1/telemetry', '{"b":1}', 8);
    expect((await takeMessages(reader, 2)).map(({ payload }) => payload)).toEqual(['{"a":1}', '{"b":1}']);
    const { readings } = await rest.get<HistoryReadings>('/history?device=d1&metric=a&from=0');
    expect(readings).toHaveLength(1);
  });

  test('[BRK-6] has a thousand QoS 2 messages under way and no more, over all of its connections', async () => {
    const { mqttPort, rest } = await gatewayHere();
    const signIn = { user: 'd1', secret: await rest.device('d1'), clean: false };
    const publishes = (from: number, to: number) =>
      Buffer.concat(
        Array.from({ length: to - from }, (_, i) => publishPacket('devices/d1/telemetry', '{"a":1}', 2, from + i)),
      );
    const first = await Wire.connect(mqttPort, signIn);
    first.send(publishes(1, 601));
    for (let i = 0; i < 600; i++) await first.next(types.pubrec);
    const second = await Wire.connect(mqttPort, signIn);
    second.send(publishes(601, 1_001));
    for (let i = 0; i < 400; i++) await second.next(types.pubrec);
    // One that is there already is a repetition, and answered as such.
    second.send(publishes(1, 2));
    await second.next(types.pubrec);
    second.send(publishes(1_001, 1_002));
    await second.closed;
    const third = await Wire.connect(mqttPort, signIn);
    third.send(packet(0x62, word(1)));
    await third.next(types.pubcomp);
    third.send(publishes(1_001, 1_002));
    await third.next(types.pubrec);
  });

  test('[BRK-7] gets a message that its publisher repeated as what it is to the session: new', async () => {
    const { mqttPort, rest } = await gatewayHere();
    const signIn = { user: 'd1', secret: await rest.device('d1') };
    const reader = await Wire.connect(mqttPort, { ...signIn, id: 'reader', clean: false });
    await reader.subscribe('devices/d1/notes');
    const writer = await Wire.connect(mqttPort, { ...signIn, id: 'writer' });
    const repeated = publishPacket('devices/d1/notes', 'again', 1, 7);
    repeated[0] = (repeated[0] as number) | 0x08;
    writer.send(repeated);
    expect(await nextMessage(reader)).toMatchObject({ payload: 'again', dup: false, id: 1 });
  });

  test('[BRK-7] gets no message with a higher QoS than it was granted, by wildcard, from its queue or retained', async () => {
    const { mqttPort, rest } = await gatewayHere();
    const secret = await rest.device('d1');
    const wire = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'kept', clean: false });
    await wire.subscribeWith(1, 'devices/d1/#');
    const other = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'other' });
    other.send(publishPacket('devices/d1/attributes', '{"n":1}', 2, 1, true));
    expect((await takeMessages(wire, 1))[0]).toMatchObject({ payload: '{"n":1}', qos: 1, retain: false });
    await other.subscribeWith(0, 'devices/d1/+');
    expect(await nextMessage(other)).toMatchObject({ payload: '{"n":1}', qos: 0, retain: true });
  });

  test('[BRK-7] that is taken up under traffic gets everything once and in order, what waited first', async () => {
    const { mqttPort, rest } = await gatewayHere();
    const secret = await rest.device('d1');
    const kept = { user: 'd1', secret, id: 'kept', clean: false };
    const wire = await Wire.connect(mqttPort, kept);
    await wire.subscribe('devices/d1/telemetry');
    await wire.breakOff();
    const other = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'other' });
    const publish = (from: number, to: number) => {
      for (let n = from; n < to; n++) other.send(publishPacket('devices/d1/telemetry', `{"n":${n}}`, 1, n + 1));
    };
    publish(0, 300);
    for (let n = 0; n < 300; n++) await other.next(types.puback);
    const back = Wire.connect(mqttPort, kept);
    const during = (async () => {
      for (let n = 300; n < 600; n += 10) {
        publish(n, n + 10);
        await other.next(types.puback);
      }
    })();
    const messages = await takeMessages(await back, 600);
    await during;
    expect(messages.map(({ payload }) => JSON.parse(payload).n)).toEqual(Array.from({ length: 600 }, (_, n) => n));
    expect(messages.filter(({ dup }) => dup)).toEqual([]);
  });

  test('[BRK-5] a message that was on its way when the gateway was killed comes again with DUP', async () => {
    const dir = newFolder();
    const first = await gatewayProgram(dir);
    const kept = { user: 'd1', secret: await first.rest.device('d1'), id: 'kept', clean: false };
    const wire = await Wire.connect(first.mqttPort, kept);
    await wire.subscribe('devices/d1/attributes');
    await wire.publish('devices/d1/attributes', '{"n":1}', 1);
    const sent = await nextMessage(wire);
    expect(sent.dup).toBe(false);
    await first.kill('SIGKILL');
    const second = await gatewayProgram(dir);
    const back = await Wire.connect(second.mqttPort, kept);
    expect(await nextMessage(back)).toMatchObject({ payload: sent.payload, dup: true });
  }, 120_000);

  test('[BRK-6] of more messages than may wait the newest are there, and those let go of are counted', async () => {
    const gateway = await gatewayHere(['mqtt.queueMessagesMax=3']);
    const secret = await gateway.rest.device('d1');
    const kept = { user: 'd1', secret, id: 'kept', clean: false };
    const wire = await Wire.connect(gateway.mqttPort, kept);
    await wire.subscribe('devices/d1/#');
    await wire.breakOff();
    const other = await Wire.connect(gateway.mqttPort, { user: 'd1', secret, id: 'other' });
    for (let n = 1; n <= 5; n++) await other.publish('devices/d1/telemetry', `{"n":${n}}`, n);
    expect(await figures({ ...gateway })).toMatchObject({ queued_messages: 3, session_queue_dropped_total: 2 });
    const back = await Wire.connect(gateway.mqttPort, kept);
    expect((await takeMessages(back, 3)).map(({ payload }) => payload)).toEqual(['{"n":3}', '{"n":4}', '{"n":5}']);
    await settled(back);
    await figure(gateway, 'queued_messages', 0);
  });

  test('[CMD-4] keeps no command, and [ACC-2] nothing of a filter that was refused in the same SUBSCRIBE', async () => {
    const gateway = await gatewayHere();
    const { mqttPort, rest } = gateway;
    const secret = await rest.device('d1');
    const other = await Wire.connect(mqttPort, { user: 'd2', secret: await rest.device('d2') });
    const wire = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'kept', clean: false });
    expect(await wire.subscribe('devices/d2/attributes', 'devices/d1/commands/+')).toEqual([128, 1]);
    await rest.post('/devices/d1/commands', { name: 'open' });
    expect(await nextMessage(wire)).toMatchObject({ qos: 1, dup: false });
    await other.publish('devices/d2/attributes', '{"n":1}', 1);
    expect(await figures(gateway)).toMatchObject({ sessions: 1, queued_messages: 0 });
    await wire.breakOff();
    const back = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'kept', clean: false });
    await settled(back);
    expect(back.received).toEqual([]);
  });

  test('of a device that is deleted goes with it, and so do its retained messages', async () => {
    const gateway = await gatewayHere();
    const { mqttPort, rest } = gateway;
    const will = { topic: 'devices/d1/status', payload: 'offline' };
    const signIn = { user: 'd1', secret: await rest.device('d1'), id: 'kept', clean: false, will };
    const wire = await Wire.connect(mqttPort, signIn);
    await wire.subscribe('devices/d1/attributes');
    await wire.publish('devices/d1/attributes', '{"n":1}', 1, true);
    expect(await figures(gateway)).toMatchObject({ sessions: 1, queued_messages: 1, retained_messages: 1 });
    await rest.fetch('/devices/d1', { method: 'DELETE' });
    await wire.closed;
    expect(await figures(gateway)).toMatchObject({ sessions: 0, queued_messages: 0, retained_messages: 0, devices: 0 });
  });
});

// The filters and topics of Mosquitto's test of pattern matching.
const found: [filter: string, topic: string][] = [
  ['#', 'test/topic'],
  ['#', '/test/topic'],
  ['foo/#', 'foo/bar/baz'],
  ['foo/+/baz', 'foo/bar/baz'],
  ['foo/+/baz/#', 'foo/bar/baz'],
  ['foo/+/baz/#', 'foo/bar/baz/bar'],
  ['foo/foo/baz/#', 'foo/foo/baz/bar'],
  ['foo/#', 'foo'],
  ['/#', '/foo'],
  ['test/topic/', 'test/topic/'],
  ['test/topic/+', 'test/topic/'],
  ['+/+/+/+/+/+/+/+/+/+/test', 'one/two/three/four/five/six/seven/eight/nine/ten/test'],
  ['#', 'test////a//topic'],
  ['#', '/test////a//topic'],
  ['foo/#', 'foo//bar///baz'],
  ['foo/+/baz', 'foo//baz'],
  ['foo/+/baz//', 'foo//baz//'],
  ['foo/+/baz/#', 'foo//baz'],
  ['foo/+/baz/#', 'foo//baz/bar'],
  ['foo//baz/#', 'foo//baz/bar'],
  ['foo/foo/baz/#', 'foo/foo/baz/bar'],
  ['/#', '////foo///bar'],
  ['+/+', '/finance'],
];

describe('retained messages', () => {
  test('[BRK-7] are found by filters with wildcards and empty levels, and only by those', async () => {
    const { mqttPort } = await gatewayHere(['access.devices=open']);
    const wire = await Wire.connect(mqttPort, { id: 'one' });
    const topics = [...new Set(found.map(([, topic]) => topic))];
    for (const topic of topics) await wire.publish(topic, topic, 1, true);
    for (const [filter, topic] of found) {
      const reader = await Wire.connect(mqttPort, { id: `reader of ${filter} ${topic}` });
      await reader.subscribe(filter);
      const got: string[] = [];
      while (!got.includes(topic)) {
        const message = await nextMessage(reader);
        expect([message.topic, message.retain]).toEqual([message.payload, true]);
        got.push(message.topic);
      }
      await reader.disconnect();
    }
    const none = await Wire.connect(mqttPort, { id: 'none' });
    await none.subscribe('+', 'foo/+', 'test/topic/+/+', '/+/+/+');
    await settled(none);
    expect(none.received.map(({ body }) => body.toString('utf8', 2, 2 + body.readUInt16BE(0)))).toEqual(['foo']);
  });

  test('[BRK-6] a status that is told again is not written again; one that is cleared is gone', async () => {
    const gateway = await gatewayHere();
    const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret: await gateway.rest.device('d1') });
    await wire.publish('devices/d1/status', 'online', 1, true);
    await wire.publish('devices/d1/status', 'online', 2, true);
    expect(await figures(gateway)).toMatchObject({ retained_messages: 1 });
    await wire.publish('devices/d1/status', '', 3, true);
    expect(await figures(gateway)).toMatchObject({ retained_messages: 0, retained_bytes: 0 });
    await wire.subscribe('devices/d1/status');
    await settled(wire);
    expect(wire.received).toEqual([]);
  });
});

test('[BRK-6] a storm of connects with wills and sessions costs few commits', async () => {
  const gateway = await gatewayHere();
  const secret = await gateway.rest.device('d1');
  const before = await figures(gateway);
  const storm = 200;
  const wires = await Promise.all(
    Array.from({ length: storm }, (_, i) => {
      const will = { topic: 'devices/d1/status', payload: 'offline' };
      return Wire.connect(gateway.mqttPort, { user: 'd1', secret, id: `c${i}`, clean: i >= 10, will });
    }),
  );
  await Promise.all(wires.map(wire => wire.breakOff()));
  await figure(gateway, 'device_connections', 0);
  const after = await figures(gateway);
  expect(after.sessions).toBe(10);
  const commits = (after.store_commits_total as number) - (before.store_commits_total as number);
  expect(commits).toBeGreaterThan(0);
  expect(commits).toBeLessThan(storm / 2);
});

test('[BRK-5] the will of who was connected when the gateway ended is published at the next start, if its credential may', async () => {
  const dir = newFolder();
  const first = await gatewayHere([], dir);
  const secret = await first.rest.device('d1');
  const will = { topic: 'devices/d1/attributes', payload: '{"n":1}' };
  await Wire.connect(first.mqttPort, { user: 'd1', secret, will });
  const kept = await Wire.connect(first.mqttPort, { user: 'd1', secret, id: 'kept', clean: false });
  await kept.subscribe('devices/#', 'devices/d1/#');
  await first.close();
  const payload = Buffer.from('{"n":2}');
  writeBeside(dir, [
    ['mqttWill.put', 'd1/other', 'd1', 'devices/d2/attributes', 1, 0, payload],
    ['mqttWill.put', 'gone/x', 'gone', 'devices/gone/attributes', 1, 0, payload],
  ]);
  const second = await gatewayHere([], dir);
  expect(await figures(second)).toMatchObject({
    session_wills_restored_total: 1,
    broker_breaches_total: 2,
    devices: 1,
  });
  expect(await second.rest.get('/devices/d1')).toMatchObject({ attributes: { n: 1 } });
  const back = await Wire.connect(second.mqttPort, { user: 'd1', secret, id: 'kept', clean: false });
  expect(await takeMessages(back, 1)).toMatchObject([{ payload: '{"n":1}', qos: 1 }]);
  await second.close();
  const third = await gatewayHere([], dir);
  expect(await figures(third)).toMatchObject({ session_wills_restored_total: 0, broker_breaches_total: 0 });
});
