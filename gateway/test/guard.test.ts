// The broker from outside, on sockets: what hurts one connection must not hurt another.
import { connect, type Socket } from 'node:net';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import type { HistoryReadings } from '../src/contract/index.ts';
import { gatewayHere } from './instruments/gateway.ts';
import { field, packet } from './instruments/mqtt-bytes.ts';
import { publishPacket, types, Wire } from './instruments/mqtt-wire.ts';

/** A socket that writes whatever it is given and reads nothing. */
async function rawSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await new Promise(resolve => socket.once('connect', resolve));
  return socket;
}

/** The guard's counter of this code, as /metrics tells it. */
async function counter(gateway: Awaited<ReturnType<typeof gatewayHere>>, name: string): Promise<number> {
  const headers = { Authorization: `Bearer ${gateway.rest.token}` };
  const text = await (await fetch(`${gateway.http}/metrics`, { headers })).text();
  const line = new RegExp(`^telltale_${name}_total (\\d+)$`, 'm').exec(text);
  if (line === null) throw new Error(`no counter ${name}`);
  return Number(line[1]);
}

test('[BRK-1] a breach ends its own connection, is counted, and leaves every other alone', async () => {
  const gateway = await gatewayHere();
  const { mqttPort, rest } = gateway;
  const secret = await rest.device('d1');
  const polite = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'polite' });
  const breaches: [Buffer, string][] = [
    [publishPacket('devices/d1/telemetry', '{"a":1}', 1, 0), 'mqtt_message_id'],
    [publishPacket('devices/d1/tele\0metry', '{"a":1}', 1, 1), 'mqtt_text'],
    [publishPacket('devices/d1/#', '{"a":1}', 1, 1), 'mqtt_topic'],
    [packet(0x36, field('a'), Buffer.from([0, 1])), 'mqtt_malformed'],
    [packet(0x82, Buffer.from([0, 1]), field('a/#/b'), Buffer.from([0])), 'mqtt_filter'],
    [packet(0x10, field('MQTT'), Buffer.from([4, 2, 0, 60]), field('again')), 'mqtt_order'],
    [Buffer.concat([Buffer.from([0x30]), Buffer.from([0xff, 0xff, 0xff, 0x7f])]), 'mqtt_too_large'],
  ];
  for (const [bytes, code] of breaches) {
    const before = await counter(gateway, `guard_${code}`);
    const wire = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'rude' });
    wire.send(bytes);
    await wire.closed;
    expect(await counter(gateway, `guard_${code}`)).toBe(before + 1);
  }
  expect(await polite.publish('devices/d1/telemetry', '{"a":2}')).toBe(1);
});

test('[BRK-1] MQTT 5 and a client id that is missing are told why; a reading still gets through with an empty id', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const answer = async (bytes: Buffer) => {
    const wire = await Wire.open(mqttPort);
    wire.send(bytes);
    const { body } = await wire.next(types.connack);
    await wire.closed;
    return [...body];
  };
  expect(await answer(packet(0x10, field('MQTT'), Buffer.from([5, 2, 0, 60, 0]), field('c')))).toEqual([0, 1]);
  expect(await answer(packet(0x10, field('MQTT'), Buffer.from([4, 0, 0, 60]), field('')))).toEqual([0, 2]);
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret, id: '' });
  expect(await wire.publish('devices/d1/telemetry', '{"a":1}')).toBe(1);
});

test('[BRK-1] a hundred sockets that announce 16 MiB before they signed in, and send, cost next to nothing', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  const before = process.memoryUsage().rss;
  const chunk = Buffer.alloc(64 * 1024, 0x61);
  const sockets = await Promise.all(Array.from({ length: 100 }, () => rawSocket(mqttPort)));
  const closed = sockets.map(socket => new Promise(resolve => socket.once('close', resolve)));
  for (const socket of sockets) {
    // 16 MiB, under the name of a CONNECT.
    socket.write(Buffer.from([0x10, 0x80, 0x80, 0x80, 0x08]));
    for (let i = 0; i < 32; i++) socket.write(chunk);
  }
  await Promise.all(closed);
  // This process is both ends, so that twice the promise is allowed. Whoever holds what came holds 200 MB.
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  expect(await wire.publish('devices/d1/telemetry', '{"a":1}')).toBe(1);
});

test('[BRK-1] filters of one client are limited; one that is given up makes room', async () => {
  const { mqttPort } = await gatewayHere(['access.devices=open']);
  const wire = await Wire.connect(mqttPort, {});
  const filters = Array.from({ length: 600 }, (_, i) => `a/${i}`);
  expect(await wire.subscribe(...filters)).toEqual(filters.map(() => 1));
  const more = await wire.subscribe(...filters.map(filter => `${filter}/more`));
  expect(more.filter(granted => granted === 1)).toHaveLength(400);
  expect(more.filter(granted => granted === 128)).toHaveLength(200);
  expect(await wire.subscribe(filters[0] as string)).toEqual([1]);
  wire.send(packet(0xa2, Buffer.from([0, 9]), field(filters[0] as string)));
  await wire.next(types.unsuback);
  expect(await wire.subscribe('b', 'c')).toEqual([1, 128]);
});

test('[BRK-1] a byte at a time is as good as all at once', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const socket = await rawSocket(mqttPort);
  const acknowledged = new Promise<void>(resolve => {
    let bytes = 0;
    socket.on('data', chunk => {
      bytes += chunk.length;
      if (bytes === 8) resolve();
    });
  });
  const connecting = packet(
    0x10,
    field('MQTT'),
    Buffer.from([4, 0xc2, 0, 60]),
    field('slow'),
    field('d1'),
    field(secret),
  );
  const publish = publishPacket('devices/d1/telemetry', '{"ts":1763820000000,"values":{"a":1}}', 1, 7);
  for (const byte of Buffer.concat([connecting, publish])) {
    socket.write(Buffer.from([byte]));
    await new Promise(resolve => setImmediate(resolve));
  }
  await acknowledged;
  const { readings } = await rest.get<HistoryReadings>('/history?device=d1&metric=a&from=0');
  expect(readings).toEqual([[1763820000000, 1]]);
});

test('[BRK-2] a subscriber that does not read is cut, and delays nobody', async () => {
  const gateway = await gatewayHere(['mqtt.bytesPerSecondMax=1GB']);
  const { mqttPort, rest } = gateway;
  const secret = await rest.device('d1');
  const frozen = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'frozen' });
  const reading = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'reading' });
  expect(await frozen.subscribe('devices/d1/telemetry')).toEqual([1]);
  expect(await reading.subscribe('devices/d1/telemetry')).toEqual([1]);
  frozen.socket.pause();
  const sender = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'sender' });
  const payload = JSON.stringify({ note: 'x'.repeat(900), more: 'y'.repeat(900) });
  // The kernel's buffers take some megabytes first.
  let sent = 0;
  while ((await counter(gateway, 'guard_mqtt_unread')) === 0 && sent < 20_000) {
    const ids = Array.from({ length: 200 }, (_, i) => i + 1);
    sender.send(Buffer.concat(ids.map(id => publishPacket('devices/d1/telemetry', payload, 1, id))));
    for (const id of ids) {
      expect((await sender.next(types.puback)).body.readUInt16BE(0)).toBe(id);
      await reading.message();
    }
    sent += ids.length;
  }
  expect(await counter(gateway, 'guard_mqtt_unread')).toBe(1);
}, 120_000);

test('[BRK-3] a device that floods is slowed and loses nothing, while another has its acknowledgements', async () => {
  const gateway = await gatewayHere(['mqtt.messagesPerSecondMax=2000']);
  const { mqttPort, rest } = gateway;
  const flooder = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  const polite = await Wire.connect(mqttPort, { user: 'd2', secret: await rest.device('d2') });
  const count = 6_000;
  const begin = performance.now();
  const flood = Array.from({ length: count }, (_, i) =>
    publishPacket('devices/d1/telemetry', `{"ts":${1763820000000 + i},"values":{"n":${i}}}`, 1, i + 1),
  );
  flooder.send(Buffer.concat(flood));
  for (let i = 0; i < 10; i++) expect(await polite.publish('devices/d2/telemetry', `{"n":${i}}`, i + 1)).toBe(i + 1);
  const politeMs = performance.now() - begin;
  for (let i = 0; i < count; i++) expect((await flooder.next(types.puback)).body.readUInt16BE(0)).toBe(i + 1);
  // A second's worth at once, then 2,000 a second.
  const floodMs = performance.now() - begin;
  expect(floodMs).toBeGreaterThan(1_500);
  expect(politeMs).toBeLessThan(floodMs);
  expect(await counter(gateway, 'guard_throttled')).toBeGreaterThan(0);
}, 60_000);

test('[BRK-4] connections are limited in all and for an address; one that leaves makes room', async () => {
  const gateway = await gatewayHere(['mqtt.connectionsPerAddressMax=2']);
  const { mqttPort, rest } = gateway;
  const secret = await rest.device('d1');
  const first = await Wire.connect(mqttPort, { user: 'd1', secret, id: '1' });
  await Wire.connect(mqttPort, { user: 'd1', secret, id: '2' });
  await expect(Wire.connect(mqttPort, { user: 'd1', secret, id: '3' })).rejects.toThrow('closed');
  expect(await counter(gateway, 'guard_mqtt_connections')).toBe(1);
  await first.disconnect();
  await Wire.connect(mqttPort, { user: 'd1', secret, id: '3' });
});

test('[BRK-4] who connects and says nothing is closed, and those that wait for the place get in', async () => {
  const gateway = await gatewayHere(['mqtt.unauthenticatedMax=2', 'mqtt.connectTimeoutMs=300']);
  const { mqttPort, rest } = gateway;
  const secret = await rest.device('d1');
  const silent = await Promise.all(Array.from({ length: 3 }, () => Wire.open(mqttPort)));
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret });
  expect(await wire.publish('devices/d1/telemetry', '{"a":1}')).toBe(1);
  await Promise.all(silent.map(({ closed }) => closed));
  expect(await counter(gateway, 'guard_mqtt_connect_timeout')).toBe(3);
});

test('[BRK-4] a crowd that comes back at once gets in without a failure, beside wrong secrets from the same address', async () => {
  const gateway = await gatewayHere(['mqtt.connectsPerSecondMax=200', 'mqtt.unauthenticatedMax=50']);
  const { mqttPort, rest } = gateway;
  const secret = await rest.device('d1');
  const wrong = Array.from({ length: 100 }, (_, i) =>
    expect(Wire.connect(mqttPort, { user: 'd1', secret: `guess ${i}`, id: `w${i}` })).rejects.toThrow('CONNACK 5'),
  );
  const crowd = Array.from({ length: 150 }, (_, i) => Wire.connect(mqttPort, { user: 'd1', secret, id: `c${i}` }));
  expect(await Promise.all(crowd)).toHaveLength(150);
  await Promise.all(wrong);
  expect(await counter(gateway, 'guard_mqtt_sign_in')).toBe(100);
  expect(await counter(gateway, 'guard_mqtt_connections')).toBe(0);
}, 60_000);

test('[BRK-1] MQTT in a WebSocket passes the same guard', async () => {
  const gateway = await gatewayHere();
  const secret = await gateway.rest.device('d1');
  const client = await mqtt.connectAsync(`ws://127.0.0.1:${gateway.httpPort}/mqtt`, {
    username: 'd1',
    password: secret,
    reconnectPeriod: 0,
  });
  client.on('error', () => {});
  const closed = new Promise(resolve => client.once('close', () => resolve(null)));
  client.stream.write(packet(0x36, field('a'), Buffer.from([0, 1])));
  await closed;
  expect(await counter(gateway, 'guard_mqtt_malformed')).toBe(1);
});

test('[BRK-1] a packet over a WebSocket may be as large as mqtt.packetBytesMax says', async () => {
  const gateway = await gatewayHere(['mqtt.packetBytesMax=600000']);
  const password = await gateway.rest.device('d1');
  const client = await mqtt.connectAsync(`ws://127.0.0.1:${gateway.httpPort}/mqtt`, {
    ...{ username: 'd1', password, reconnectPeriod: 0 },
  });
  onTestFinished(() => void client.end(true));
  const metrics = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`m${i}`, 'x'.repeat(1_000)]));
  await client.publishAsync('devices/d1/telemetry', JSON.stringify(metrics), { qos: 1 });
});
