import { afterEach, beforeEach, expect, test } from 'vitest';
import { publishPacket, types, Wire } from '../../test/instruments/mqtt-wire.ts';
import { brokerConfig, soundPorts } from './broker.fixture.ts';
import { Broker, type BrokerPorts } from './broker.ts';

/** The ports of a gateway where all goes well, and where what a test puts in its place does not. */
let faulty: Partial<BrokerPorts>;
const ports: BrokerPorts = {
  ...soundPorts,
  signIn: (name, secret) => (faulty.signIn ?? soundPorts.signIn)(name, secret),
  take: (message, settled) => (faulty.take ?? soundPorts.take)(message, settled),
  connected: device => faulty.connected?.(device),
  disconnected: (device, cause) => faulty.disconnected?.(device, cause),
  commandsReady: device => faulty.commandsReady?.(device),
  desiredReady: device => faulty.desiredReady?.(device),
};
const fault = () => {
  throw new Error('a fault');
};

let broker: Broker;
let port: number;
beforeEach(async () => {
  faulty = {};
  broker = new Broker(brokerConfig, ports);
  port = (await broker.open()).port ?? 0;
});
afterEach(() => broker.close());

const signIn = (user: string) => Wire.connect(port, { user, secret: 'x' });

test('[BRK-1] a fault in a hook ends the one connection that it was about, and is counted', async () => {
  const bystander = await signIn('bystander');
  faulty = { signIn: fault };
  await expect(signIn('a')).rejects.toThrow('closed');
  faulty = { connected: fault };
  await (await signIn('b')).closed;
  faulty = { commandsReady: fault };
  const wire = await signIn('c');
  await wire.subscribe('devices/c/commands/+').catch(() => {});
  await wire.closed;
  faulty = {};
  expect(broker.front.refusals.mqtt_fault).toBe(3);
  expect(await bystander.publish('devices/bystander/telemetry', '{"a":1}')).toBe(1);
});

test('[BRK-1] a fault while a publish is taken in leaves it unacknowledged, and the connection ends', async () => {
  const wire = await signIn('a');
  faulty = { take: fault };
  await expect(wire.publish('devices/a/telemetry', '{"a":1}')).rejects.toThrow('closed');
  faulty = {};
  expect(await (await signIn('a')).publish('devices/a/telemetry', '{"a":1}')).toBe(1);
  expect(wire.received.filter(({ type }) => type === types.puback)).toEqual([]);
});

test('closing waits for nobody who has not signed in', async () => {
  const silent = await Wire.open(port);
  await signIn('a');
  await broker.close();
  expect(broker.connectionCount()).toBe(0);
  await silent.closed;
});

test('clients that break off are not counted as faults of the gateway', async () => {
  const wire = await signIn('a');
  await wire.subscribe('devices/a/notes');
  wire.send(Buffer.concat(Array.from({ length: 100 }, () => publishPacket('devices/a/notes', 'x', 1, 1))));
  await wire.next(types.puback);
  await wire.breakOff();
  await expect.poll(() => broker.connectionCount()).toBe(0);
  expect([broker.counters.faults, broker.front.refusals.mqtt_fault]).toEqual([0, 0]);
});
