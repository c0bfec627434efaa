import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packet } from '../../test/instruments/mqtt-bytes.ts';
import { types, Wire } from '../../test/instruments/mqtt-wire.ts';
import { limits } from '../contract/index.ts';
import { brokerConfig, soundPorts } from './broker.fixture.ts';
import { Broker } from './broker.ts';

let broker: Broker;
let port: number;
/** Commands that the device has, as far as the broker heard. */
let taken: string[];
beforeEach(async () => {
  taken = [];
  broker = new Broker(
    { ...brokerConfig, messagesPerSecondMax: 100_000 },
    { ...soundPorts, commandTaken: (device, id) => taken.push(`${device} ${id}`) },
  );
  port = (await broker.open()).port ?? 0;
});
afterEach(() => broker.close());

const device = async (qos: number, clean = true) => {
  const wire = await Wire.connect(port, { id: 'a', user: 'a', secret: 'x', clean });
  expect(await wire.subscribeWith(qos, 'devices/a/#')).toEqual([qos]);
  return wire;
};
/** The id of a message that came, which is not acknowledged. */
const idOf = async (wire: Wire) => {
  const { body } = await wire.next(types.publish);
  return body.readUInt16BE(2 + body.readUInt16BE(0));
};
const unsubscribe = (filter: string) => packet(0xa2, Buffer.from([0, 5, 0, filter.length]), Buffer.from(filter));
const puback = (id: number) => packet(0x40, Buffer.from([id >> 8, id & 0xff]));
/** What was sent before is worked off. */
const settled = (wire: Wire) => wire.publish('devices/a/telemetry', '1');

describe('a command', () => {
  test.each([true, false])('[CMD-7] is known to be with the device by its PUBACK (clean session: %s)', async clean => {
    const wire = await device(1, clean);
    expect(broker.sendCommand('a', 'c1', 'one')).toBe(true);
    expect(broker.sendCommand('a', 'c2', 'two')).toBe(true);
    const ids = [await idOf(wire), await idOf(wire)];
    await settled(wire);
    expect(taken).toEqual([]);
    // In another order, and one twice.
    for (const id of [ids[1], ids[0], ids[0]]) wire.send(puback(id as number));
    await settled(wire);
    expect(taken).toEqual(['a c2', 'a c1']);
  });

  test('that goes out with QoS 0 is not known to be there', async () => {
    const wire = await device(0);
    broker.sendCommand('a', 'c1', '{}');
    expect(await wire.message()).toEqual({ topic: 'devices/a/commands/c1', payload: '{}', retain: false });
    await settled(wire);
    expect(taken).toEqual([]);
  });

  test('has an id that nothing else under way has', async () => {
    const wire = await device(1);
    broker.sendCommand('a', 'c1', '1');
    const first = await idOf(wire);
    // The library's own messages count on behind it.
    await wire.publish('devices/a/notes', 'x');
    const second = await idOf(wire);
    broker.sendCommand('a', 'c2', '2');
    const third = await idOf(wire);
    expect(new Set([first, second, third]).size).toBe(3);
    for (const id of [second, third]) wire.send(puback(id));
    await settled(wire);
    expect(taken).toEqual(['a c2']);
  });

  test('is not kept for the next connection of its session', async () => {
    const wire = await device(1, false);
    broker.sendCommand('a', 'c1', '1');
    await idOf(wire);
    await wire.breakOff();
    await expect.poll(() => broker.connectionCount()).toBe(0);
    const next = await Wire.connect(port, { id: 'a', user: 'a', secret: 'x', clean: false });
    expect(next.sessionPresent).toBe(true);
    await next.publish('devices/a/notes', 'x');
    expect((await next.message()).topic).toBe('devices/a/notes');
  });

  test('is handed to nobody who does not listen, or not any more', async () => {
    const wire = await Wire.connect(port, { id: 'a', user: 'a', secret: 'x' });
    expect([broker.isReachable('a'), broker.sendCommand('a', 'c1', '1')]).toEqual([false, false]);
    await wire.subscribe('devices/a/commands/+');
    expect(broker.isReachable('a')).toBe(true);
    wire.send(unsubscribe('devices/a/commands/+'));
    await wire.next(types.unsuback);
    expect([broker.isReachable('a'), broker.sendCommand('a', 'c1', '1')]).toEqual([false, false]);
  });

  test('[CMD-7] is handed to no connection that has just broken off, before the library has heard of it', async () => {
    await device(1);
    const [client] = (broker as unknown as { live: Set<{ conn: { destroy(): void } }> }).live;
    client?.conn.destroy();
    expect([broker.isReachable('a'), broker.sendCommand('a', 'c1', '1')]).toEqual([false, false]);
  });

  test('[CMD-7] goes to a connection that listens by one filter still, after it gave up another', async () => {
    const wire = await device(1);
    await wire.subscribe('devices/a/commands/+', 'devices/a/telemetry');
    wire.send(unsubscribe('devices/a/commands/+'));
    await wire.next(types.unsuback);
    expect([broker.isReachable('a'), broker.sendCommand('a', 'c1', '1')]).toEqual([true, true]);
    wire.send(unsubscribe('devices/a/#'));
    await wire.next(types.unsuback);
    expect([broker.isReachable('a'), broker.sendCommand('a', 'c2', '2')]).toEqual([false, false]);
  });

  test('that is not acknowledged while the ids go once round is none that a later message has the id of', async () => {
    const wire = await device(1, false);
    broker.sendCommand('a', 'c1', '1');
    const id = await idOf(wire);
    const [client] = (broker as unknown as { live: Set<{ _nextId: number }> }).live;
    if (client !== undefined) client._nextId = 65_535;
    const later: number[] = [];
    for (let i = 0; i < 2; i++) {
      await wire.publish('devices/a/notes', 'x');
      later.push(await idOf(wire));
    }
    expect([id, later]).toEqual([1, [65_535, 1]]);
    for (const each of later) wire.send(puback(each));
    await settled(wire);
    // What is left is what this waited for.
    expect([taken, broker.sessions.gauges().queuedMessages]).toEqual([[], 1]);
  });

  test('of so many that are not acknowledged the oldest is let go of', async () => {
    const wire = await device(1);
    for (let i = 0; i <= limits.handedOverMax; i++) broker.sendCommand('a', `c${i}`, '');
    const ids: number[] = [];
    for (let i = 0; i <= limits.handedOverMax; i++) ids.push(await idOf(wire));
    for (const id of ids) wire.send(puback(id));
    await settled(wire);
    expect([taken.length, taken[0]]).toEqual([limits.handedOverMax, 'a c1']);
  });
});

describe('desired state', () => {
  test('[CMD-9] is known to be with the device by its PUBACK', async () => {
    const wire = await device(1);
    let count = 0;
    expect(broker.sendDesired('a', '{}', () => count++)).toBe(true);
    const id = await idOf(wire);
    await settled(wire);
    expect(count).toBe(0);
    wire.send(puback(id));
    await settled(wire);
    expect(count).toBe(1);
  });

  test('[CMD-9] is known to be there, however many commands are not acknowledged behind it', async () => {
    const wire = await device(1);
    let count = 0;
    broker.sendDesired('a', '{}', () => count++);
    const id = await idOf(wire);
    for (let i = 0; i <= limits.handedOverMax; i++) broker.sendCommand('a', `c${i}`, '');
    wire.send(puback(id));
    await settled(wire);
    expect(count).toBe(1);
  });

  test('is taken to be there where its subscription lets nobody know', async () => {
    await device(0);
    await new Promise<void>(resolve => expect(broker.sendDesired('a', '{}', resolve)).toBe(true));
  });
});
