// Who may do what, tried from outside.

import mqtt from 'mqtt';
import { expect, test } from 'vitest';
import { adminPassword, gatewayHere, makeToken, Rest } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { TestViewer } from './instruments/viewer.ts';

test('[ACC-1] a device without a credential, or with a wrong one, is refused', async () => {
  const { mqttPort, rest } = await gatewayHere();
  await rest.device('d1');
  await expect(Wire.connect(mqttPort, {})).rejects.toThrow('CONNACK 5');
  await expect(Wire.connect(mqttPort, { user: 'd1', secret: 'guess' })).rejects.toThrow('CONNACK 5');
  await expect(Wire.connect(mqttPort, { user: 'nobody', secret: 'guess' })).rejects.toThrow('CONNACK 5');
});

test('[ACC-2] a publish on the topic of another device ends the connection and is not stored', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  await rest.device('d2');
  for (const topic of ['devices/d2/telemetry', 'elsewhere', '$SYS/x', 'devices/d1/commands/1']) {
    const wire = await Wire.connect(mqttPort, { user: 'd1', secret });
    await expect(wire.publish(topic, '{"a":1}')).rejects.toThrow('closed');
  }
  expect(await rest.get('/devices/d2/latest')).toMatchObject({ values: [] });
});

test('[ACC-2] a device subscribes below its own id alone; #, $SYS and $share are refused', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  const refused = [
    '#',
    '+/d1/#',
    'devices/+/telemetry',
    'devices/#',
    '$SYS/#',
    '$share/g/devices/d1/#',
    'devices/d2/#',
  ];
  expect(await wire.subscribe(...refused)).toEqual(refused.map(() => 128));
  expect(await wire.subscribe('devices/d1/#', 'devices/d1/commands/+')).toEqual([1, 1]);
  await wire.publish('devices/d1/telemetry', '{"mine":1}');
  expect(await wire.message()).toMatchObject({ topic: 'devices/d1/telemetry', payload: '{"mine":1}' });
});

test('[ACC-2] a will on the topic of another device is not delivered', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const victim = await Wire.connect(mqttPort, { user: 'd2', secret: await rest.device('d2') });
  const will = { topic: 'devices/d2/status', payload: 'offline' };
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret, will });
  await wire.breakOff();
  await victim.publish('devices/d2/telemetry', '{"a":1}');
  expect(await rest.get('/devices/d2')).toMatchObject({ presence: { state: 'online' } });
});

test('[ACC-2] a client id is bound to its credential: the same one with another credential takes over nothing', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const mine = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1'), id: 'same' });
  const other = await Wire.connect(mqttPort, { user: 'd2', secret: await rest.device('d2'), id: 'same' });
  expect(await other.publish('devices/d2/telemetry', '{"a":1}')).toBe(1);
  expect(await mine.publish('devices/d1/telemetry', '{"a":1}')).toBe(1);
});

test('presence follows connect, goodbye, loss and the will', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send({ t: 'sub', sub: 's' });
  await viewer.frame('snap');
  const seen = () =>
    viewer.of('event').flatMap(event => (event.kind === 'presence' ? [`${event.state} ${event.cause}`] : []));
  const change = (count: number) => viewer.frame('event', () => seen().length >= count);

  await (await Wire.connect(mqttPort, { user: 'd1', secret })).disconnect();
  await change(2);
  await (await Wire.connect(mqttPort, { user: 'd1', secret })).breakOff();
  await change(4);
  const will = { topic: 'devices/d1/status', payload: 'offline' };
  await (await Wire.connect(mqttPort, { user: 'd1', secret, will })).breakOff();
  await change(6);
  expect(seen()).toEqual([
    'online connect',
    'offline disconnect',
    'online connect',
    'offline lost',
    'online connect',
    'offline will',
  ]);
});

test('a device that falls silent is offline one and a half keep-alives later', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send({ t: 'sub', sub: 's' });
  await viewer.frame('snap');
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret, keepAliveS: 1 });
  const online = await viewer.frame('event', event => event.kind === 'presence' && event.state === 'online');
  await wire.closed;
  const offline = await viewer.frame('event', event => event.kind === 'presence' && event.state === 'offline');
  expect(offline).toMatchObject({ cause: 'lost' });
  const at = (event: typeof online) => (event.kind === 'presence' ? event.at : Number.NaN);
  expect(at(offline) - at(online)).toBeGreaterThanOrEqual(1_400);
});

test('MQTT in a WebSocket at /mqtt is the same broker', async () => {
  const { httpPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const client = await mqtt.connectAsync(`ws://127.0.0.1:${httpPort}/mqtt`, {
    username: 'd1',
    password: secret,
    reconnectPeriod: 0,
  });
  await client.publishAsync('devices/d1/telemetry', '{"overWs":1}', { qos: 1 });
  await client.endAsync();
  expect(await rest.get('/devices/d1/latest')).toMatchObject({ values: [{ metric: 'overWs', value: 1 }] });
});

test('[ACC-1] the open profile lets any client use any topic, and a device is there as soon as it speaks', async () => {
  const { mqttPort, rest } = await gatewayHere(['access.devices=open']);
  const listener = await Wire.connect(mqttPort, { id: 'listener' });
  expect(await listener.subscribe('#')).toEqual([1]);
  const wire = await Wire.connect(mqttPort, { id: 'anybody' });
  await wire.publish('any/topic/at/all', 'anything');
  expect(await listener.message()).toMatchObject({ topic: 'any/topic/at/all', payload: 'anything' });
  await wire.publish('devices/new/telemetry', '{"a":1}');
  expect(await rest.get('/devices/new/latest')).toMatchObject({
    presence: { state: 'online' },
    values: [{ value: 1 }],
  });
});

test('[ACC-3] a WebSocket without a session, or from a page of another origin, is refused before the upgrade', async () => {
  const { http, rest } = await gatewayHere();
  const upgrade = async (headers: Record<string, string>) => {
    const { request } = await import('node:http');
    return new Promise<number | undefined>((resolve, reject) => {
      const socket = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Key': 'MTIzNDU2Nzg5MDEyMzQ1Ng==' };
      const asked = request(`${http}/api/v1/ws`, {
        headers: { ...socket, 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Protocol': 'telltale.v1.json', ...headers },
      });
      asked.on('response', ({ statusCode }) => resolve(statusCode));
      asked.on('upgrade', (_, stream) => {
        stream.destroy();
        resolve(101);
      });
      asked.on('error', reject);
      asked.end();
    });
  };
  const Authorization = `Bearer ${rest.token}`;
  expect(await upgrade({})).toBe(401);
  expect(await upgrade({ Authorization: 'Bearer tt_wrong' })).toBe(401);
  expect(await upgrade({ Authorization, Origin: 'https://evil.example' })).toBe(403);
  expect(await upgrade({ Authorization, Origin: http })).toBe(101);
});

test('[ACC-3] signing out closes the live connections of the session at once', async () => {
  const { http } = await gatewayHere();
  const response = await fetch(`${http}/api/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'admin', password: adminPassword }),
  });
  expect(response.status).toBe(200);
  const cookie = response.headers.get('set-cookie') ?? '';
  expect(cookie).toMatch(/HttpOnly/);
  expect(cookie).toMatch(/SameSite=Strict/);
  const secret = /telltale_session=([^;]+)/.exec(cookie)?.[1] ?? '';
  const viewer = await TestViewer.connect(http, secret);
  await viewer.frame('hello');
  const out = await fetch(`${http}/api/v1/session`, {
    method: 'DELETE',
    headers: { Cookie: `telltale_session=${secret}` },
  });
  expect(out.status).toBe(204);
  expect(await viewer.closed).toMatchObject({ code: 4401 });
  await expect(TestViewer.connect(http, secret)).rejects.toThrow('refused');
});

test('[ACC-4] what a role may not do is refused: a viewer looks, an operator commands, an administrator manages', async () => {
  const { http, dir, rest } = await gatewayHere();
  await rest.device('d1');
  const status = async (role: 'viewer' | 'operator', path: string, init: RequestInit = {}) =>
    (await new Rest(http, makeToken(dir, role)).fetch(path, init)).status;
  const post = (body: unknown) => ({ method: 'POST', body: JSON.stringify(body) });
  expect(await status('viewer', '/devices')).toBe(200);
  expect(await status('viewer', '/devices', post({ id: 'd2' }))).toBe(403);
  expect(await status('viewer', '/devices/d1/commands', post({ name: 'x' }))).toBe(403);
  expect(await status('viewer', '/dead-letters')).toBe(403);
  expect(await status('operator', '/devices/d1/commands', post({ name: 'x' }))).toBe(202);
  expect(await status('operator', '/devices/d1', { method: 'DELETE' })).toBe(403);
});

test('a new secret ends the connection with the old one, and a deleted device cannot come back', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const old = await rest.device('d1');
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: old });
  const { secret } = await rest.post<{ secret: string }>('/devices/d1/secret');
  await wire.closed;
  await expect(Wire.connect(mqttPort, { user: 'd1', secret: old })).rejects.toThrow('CONNACK 5');
  const again = await Wire.connect(mqttPort, { user: 'd1', secret });
  await rest.fetch('/devices/d1', { method: 'DELETE' });
  await again.closed;
  await expect(Wire.connect(mqttPort, { user: 'd1', secret })).rejects.toThrow('CONNACK 5');
});
