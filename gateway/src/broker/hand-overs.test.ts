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
  broker = new Broker(brokerConfig, { ...soundPorts, commandTaken: (device, id) => taken.push(`${device} ${id}`) });
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
    wire.send(packet(0xa2, Buffer.from([0, 5, 0, 20]), Buffer.from('devices/a/commands/+')));
    await wire.next(types.unsuback);
    expect([broker.isReachable('a'), broker.sendCommand('a', 'c1', '1')]).toEqual([false, false]);
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

  test('is taken to be there where its subscription lets nobody know', async () => {
    await device(0);
    await new Promise<void>(resolve => expect(broker.sendDesired('a', '{}', resolve)).toBe(true));
  });
});
