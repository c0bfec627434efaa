import { afterEach, beforeEach, expect, test } from 'vitest';
import { publishPacket, types, Wire } from '../../test/instruments/mqtt-wire.ts';
import { systemClock } from '../lib/clock.ts';
import { Broker, type BrokerPorts } from './broker.ts';

const config = {
  host: '127.0.0.1',
  port: 0,
  open: false,
  connectionsMax: 100,
  connectionsPerAddressMax: 100,
  unauthenticatedMax: 100,
  connectsPerSecondMax: 1_000,
  connectTimeoutMs: 5_000,
  deniedFilters: [],
  sessionExpiryMs: 1_000_000,
  queueExpiryMs: 1_000_000,
  queueMessagesMax: 100,
  tls: { host: '127.0.0.1', port: 0, requireClientCert: false },
  packetBytesMax: 100_000,
  keepAliveSecondsMax: 100,
  messagesPerSecondMax: 1_000,
  bytesPerSecondMax: 1_000_000,
};
const silent = () => {};

/** The ports of a gateway where all goes well, and where what a test puts in its place does not. */
let faulty: Partial<BrokerPorts>;
const ports: BrokerPorts = {
  clock: systemClock,
  log: { debug: silent, info: silent, warn: silent, error: silent },
  signIn: (name, secret) =>
    faulty.signIn?.(name, secret) ?? { name, device: name, holds: () => true, covers: id => id === name },
  tls: null,
  saveSessions: async () => {},
  identityNamed: () => null,
  signInByCertificate: () => ({ refused: 'no-certificates' }),
  take: (message, settled) => (faulty.take ?? ((_, done) => done(null)))(message, settled),
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
  broker = new Broker(config, ports);
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
  await wire.subscribe('devices/c/commands/+').catch(silent);
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
