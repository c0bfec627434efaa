// How devices come in, and what becomes of those whose right to it ends; tried from outside.
import { expect, test } from 'vitest';
import type {
  BulkReport,
  ConnectionLog,
  CredentialCreated,
  EnrolledDevice,
  EnrolmentKeyCreated,
  NewSecret,
  Problem,
} from '../src/contract/index.ts';
import { gatewayHere, type Rest, type TestGateway } from './instruments/gateway.ts';
import { connectPacket, Wire } from './instruments/mqtt-wire.ts';

/** [ACC-8] says 5 s. */
const cutWithinMs = 5_000;

const cut = async (wire: Wire) => {
  const began = performance.now();
  await wire.closed;
  expect(performance.now() - began).toBeLessThan(cutWithinMs);
};
const send = (rest: Rest, method: string, path: string, body?: unknown) =>
  rest.fetch(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const site = (rest: Rest, devices: string[]) => rest.post<CredentialCreated>('/credentials', { name: 'site', devices });
const entriesOf = async (rest: Rest, path: string) => {
  const { entries } = await rest.get<ConnectionLog>(`${path}/connections`);
  return entries.map(({ kind, topic, reason }) => [kind, reason, topic].filter(part => part !== null).join(' '));
};
const whenLogged = (rest: Rest, path: string, entry: string) =>
  expect.poll(() => entriesOf(rest, path), { timeout: 10_000 }).toContain(entry);

test('[ACC-8] a secret is changed without a gap: a device that publishes all the while loses no message', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const old = await rest.device('d1');
  let id = 0;
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: old });
  const publish = (by: Wire) => by.publish('devices/d1/telemetry', `{"count":${++id}}`, id);
  await publish(wire);
  const { secret, previousUntil } = await rest.post<NewSecret>('/devices/d1/secret', { overlapMs: 60_000 });
  expect(previousUntil).toBeGreaterThan(Date.now());
  await publish(wire);
  const renewed = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'renewed' });
  await publish(renewed);
  await publish(wire);
  expect((await send(rest, 'DELETE', '/devices/d1/secret/previous')).status).toBe(204);
  await cut(wire);
  await publish(renewed);
  await expect(Wire.connect(mqttPort, { user: 'd1', secret: old })).rejects.toThrow('CONNACK 5');
  expect(await rest.get('/devices/d1/latest')).toMatchObject({ values: [{ metric: 'count', value: id }] });
  expect(await rest.get('/credentials/d1')).toMatchObject({ previousUntil: null });
});

test('[ACC-8] a connection with the old secret is cut when that runs out, and the one with the new secret is not', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const old = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1'), id: 'old' });
  const { secret } = await rest.post<NewSecret>('/devices/d1/secret', { overlapMs: 300 });
  const renewed = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'new' });
  await cut(old);
  expect(await renewed.publish('devices/d1/telemetry', '{"a":1}')).toBe(1);
  await whenLogged(rest, '/devices/d1', 'disconnected credential');
});

test('[ACC-8] revoking, disabling and deleting cut the connection, and it does not come back', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const endings = {
    revoked: (name: string) => send(rest, 'DELETE', `/credentials/${name}`),
    disabled: (name: string) => send(rest, 'PATCH', `/credentials/${name}`, { enabled: false }),
    deleted: (name: string) => send(rest, 'DELETE', `/devices/${name}`),
  };
  for (const [user, end] of Object.entries(endings)) {
    const secret = await rest.device(user);
    const wire = await Wire.connect(mqttPort, { user, secret });
    expect((await end(user)).ok, user).toBe(true);
    await cut(wire);
    await expect(Wire.connect(mqttPort, { user, secret }), user).rejects.toThrow('CONNACK 5');
  }
});

test('[ACC-8] a connection that is cut does not leave its will behind, and its device is offline', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const watcher = await Wire.connect(mqttPort, { user: 'site', secret: (await site(rest, ['d1'])).secret });
  await watcher.subscribe('devices/d1/bye', 'devices/d1/telemetry');
  const will = { topic: 'devices/d1/bye', payload: 'will' };
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret, will });
  await send(rest, 'DELETE', '/credentials/d1');
  await cut(wire);
  await expect
    .poll(() => rest.get('/devices/d1'), { timeout: 10_000 })
    .toMatchObject({ presence: { state: 'offline', cause: 'lost' } });
  await watcher.publish('devices/d1/telemetry', '{"a":1}');
  expect(await watcher.message()).toMatchObject({ topic: 'devices/d1/telemetry' });
});

test('[ACC-8] a field gateway speaks for its devices; with a smaller set it is cut, and the rest of it works', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const { secret } = await site(rest, ['pump-*', 'tank']);
  const signIn = { user: 'site', secret, clean: false };
  const wire = await Wire.connect(mqttPort, signIn);
  await wire.publish('devices/pump-1/telemetry', '{"a":1}');
  await wire.publish('devices/tank/telemetry', '{"a":1}');
  expect(await wire.subscribe('devices/tank/commands/+', 'devices/pump-1/#', 'devices/other/#')).toEqual([1, 1, 128]);
  expect((await send(rest, 'PATCH', '/credentials/site', { devices: ['pump-*'] })).status).toBe(200);
  await cut(wire);

  const again = await Wire.connect(mqttPort, signIn);
  expect(await again.publish('devices/pump-1/telemetry', '{"a":2}')).toBe(1);
  await expect(again.publish('devices/tank/telemetry', '{"a":2}')).rejects.toThrow('closed');
  expect(await rest.get('/devices/tank/latest')).toMatchObject({ values: [{ value: 1 }] });
  await whenLogged(rest, '/credentials/site', 'publish-refused the topic of another device devices/tank/telemetry');
});

test('a field gateway of whose devices one is deleted goes on for the others, and its will stays', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const { secret } = await site(rest, ['tank', 'pump']);
  const will = { topic: 'devices/pump/status', payload: 'offline' };
  const wire = await Wire.connect(mqttPort, { user: 'site', secret, will });
  await wire.publish('devices/tank/telemetry', '{"a":1}');
  await wire.publish('devices/pump/status', 'online');
  expect((await send(rest, 'DELETE', '/devices/tank')).status).toBe(204);
  expect(await wire.publish('devices/pump/telemetry', '{"a":1}')).toBe(1);
  // Who publishes for it makes it anew.
  await wire.publish('devices/tank/telemetry', '{"a":1}');
  await expect.poll(() => rest.get('/devices/tank')).toMatchObject({ presence: { state: 'online' } });
  await wire.breakOff();
  await expect.poll(() => rest.get('/devices/pump')).toMatchObject({ presence: { state: 'offline', cause: 'will' } });
});

test('[ACC-2] rights are judged again at delivery: what waits for a session whose set shrank is not delivered', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const tank = await Wire.connect(mqttPort, { user: 'tank', secret: await rest.device('tank') });
  const pump = await Wire.connect(mqttPort, { user: 'pump', secret: await rest.device('pump') });
  const { secret } = await site(rest, ['pump', 'tank']);
  const signIn = { user: 'site', secret, clean: false };
  const wire = await Wire.connect(mqttPort, signIn);
  await wire.subscribe('devices/tank/#', 'devices/pump/#');
  await wire.disconnect();
  await tank.publish('devices/tank/telemetry', '{"a":1}');
  await pump.publish('devices/pump/telemetry', '{"a":1}');
  await send(rest, 'PATCH', '/credentials/site', { devices: ['pump'] });

  const again = await Wire.connect(mqttPort, signIn);
  expect(await again.message()).toMatchObject({ topic: 'devices/pump/telemetry' });
  await tank.publish('devices/tank/telemetry', '{"a":2}', 2);
  await pump.publish('devices/pump/telemetry', '{"a":2}', 2);
  expect(await again.message()).toMatchObject({ topic: 'devices/pump/telemetry', payload: '{"a":2}' });
});

test('[ACC-2] a session that was kept brings no commands of a device that its credential lost', async () => {
  const { mqttPort, rest } = await gatewayHere();
  await rest.device('tank');
  const { secret } = await site(rest, ['tank', 'pump']);
  const signIn = { user: 'site', secret, clean: false };
  const wire = await Wire.connect(mqttPort, signIn);
  await wire.subscribe('devices/tank/commands/+');
  await wire.disconnect();
  await send(rest, 'PATCH', '/credentials/site', { devices: ['pump'] });
  const again = await Wire.connect(mqttPort, signIn);
  const command = await rest.post<{ id: string }>('/devices/tank/commands', { name: 'open', ttlMs: 60_000 });
  await again.publish('devices/pump/telemetry', '{"a":1}');
  expect(await rest.get(`/commands/${command.id}`)).toMatchObject({ state: 'queued' });
  expect(again.received).toEqual([]);
});

test('[ACC-2] another credential takes over no session by its client id, sets off no will, and does not see the queue', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('victim');
  const { secret: foreign } = await site(rest, ['victim-2']);
  const will = { topic: 'devices/victim/status', payload: 'offline' };
  const victim = await Wire.connect(mqttPort, { user: 'victim', secret, id: 'c', will, clean: false });
  await victim.subscribe('devices/victim/notes');
  const spied: Wire[] = [];
  for (const id of ['c', 'victim/c', '../victim/c', '']) {
    const clean = id === '';
    spied.push(await Wire.connect(mqttPort, { user: 'site', secret: foreign, id, clean }));
  }
  await victim.publish('devices/victim/notes', 'mine');
  expect(await victim.message()).toMatchObject({ payload: 'mine' });
  expect(await rest.get('/devices/victim')).toMatchObject({ presence: { state: 'online' } });
  for (const wire of spied) expect(wire.received).toEqual([]);
});

test('[ACC-8] a second connection with the client id of the same credential takes over, and the log says so', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const signIn = { user: 'd1', secret: await rest.device('d1'), id: 'same' };
  const first = await Wire.connect(mqttPort, signIn);
  const second = await Wire.connect(mqttPort, signIn);
  await first.closed;
  expect(await second.publish('devices/d1/telemetry', '{"a":1}')).toBe(1);
  await whenLogged(rest, '/devices/d1', 'disconnected taken-over');
});

test('[ACC-8] of several that come at once with the client id of one that is there, one stays; presence ends with it', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const signIn = { user: 'd1', secret: await rest.device('d1'), id: 'same' };
  const first = await Wire.connect(mqttPort, signIn);
  // What has subscriptions takes a turn of the event loop more to close: time for the others to come in.
  await first.subscribe('devices/d1/commands/+');
  const others = await Promise.all([1, 2, 3].map(() => Wire.open(mqttPort)));
  // Once all of them are let in their CONNECTs are read together.
  await rest.get('/devices/d1');
  for (const wire of others) wire.send(connectPacket(signIn));
  await expect.poll(() => rest.get('/devices/d1/connections')).toMatchObject({ connected: 1 });
  for (const wire of others) await wire.breakOff();
  await expect.poll(() => rest.get('/devices/d1')).toMatchObject({ presence: { state: 'offline' } });
});

test('[ACC-8] the connection log tells what became of a device’s connections, and of nobody else’s', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  await rest.device('d2');
  await expect(Wire.connect(mqttPort, { user: 'd1', secret: 'guess', id: 'stranger' })).rejects.toThrow('CONNACK 5');
  await expect(Wire.connect(mqttPort, { user: 'nobody', secret })).rejects.toThrow('CONNACK 5');
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'c1', keepAliveS: 30 });
  const open = await rest.get<ConnectionLog>('/devices/d1/connections');
  expect(open).toMatchObject({ name: 'd1', connected: 1 });
  expect(open.entries.find(({ kind }) => kind === 'connected')).toMatchObject({
    address: '127.0.0.1',
    client: 'c1',
    protocol: 'MQTT 3.1.1',
    clean: true,
    keepAliveS: 30,
    count: 1,
    topic: null,
    reason: null,
  });
  await wire.subscribe('#');
  await expect(wire.publish('devices/d2/telemetry', '{"a":1}')).rejects.toThrow('closed');
  await whenLogged(rest, '/devices/d1', 'disconnected refused');
  expect((await entriesOf(rest, '/devices/d1')).sort()).toEqual([
    'connected',
    'disconnected refused',
    'publish-refused the topic of another device devices/d2/telemetry',
    'sign-in-refused wrong-secret',
    'subscription-refused only filters below devices/{id}/ #',
  ]);
  expect(await rest.get('/credentials/d1/connections')).toMatchObject({ connected: 0 });
  expect(await entriesOf(rest, '/devices/d2')).toEqual([]);
  expect((await rest.fetch('/devices/nobody/connections')).status).toBe(404);
  expect(JSON.stringify(await rest.get('/devices/d1/connections'))).not.toContain(secret);
});

async function enrol({ http }: TestGateway, body: unknown): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(`${http}/api/v1/enrol`, { method: 'POST', headers, body: JSON.stringify(body) });
}
const newKey = (rest: Rest, more = {}) => {
  const request = { name: 'batch', devices: ['pump-*'], usesMax: 1, expiresAt: Date.now() + 600_000, ...more };
  return rest.post<EnrolmentKeyCreated>('/enrolment-keys', request);
};

test('[ACC-9] a device exchanges an enrolment key for its own credential, without a session', async () => {
  const gateway = await gatewayHere();
  const { mqttPort, rest } = gateway;
  const { id, key } = await newKey(rest, { usesMax: 3 });
  const response = await enrol(gateway, { key, device: 'pump-1', name: 'Pump 1' });
  expect(response.status).toBe(201);
  const { secret } = (await response.json()) as EnrolledDevice;
  const wire = await Wire.connect(mqttPort, { user: 'pump-1', secret });
  expect(await wire.publish('devices/pump-1/telemetry', '{"a":1}')).toBe(1);
  expect(await rest.get('/devices/pump-1')).toMatchObject({ name: 'Pump 1' });
  expect(await rest.get('/enrolment-keys')).toMatchObject({ items: [{ id, uses: 1 }] });

  // The key is no token, no password, and not told again.
  expect((await fetch(`${gateway.http}/api/v1/devices`, { headers: { Authorization: `Bearer ${key}` } })).status).toBe(
    401,
  );
  await expect(Wire.connect(mqttPort, { user: 'pump-2', secret: key })).rejects.toThrow('CONNACK 5');
  const wrong = await enrol(gateway, { key, device: 'pump/2' });
  expect(wrong.status).toBe(400);
  expect(await wrong.text()).not.toContain(key);
  expect((await send(rest, 'DELETE', `/enrolment-keys/${id}`)).status).toBe(204);
  expect((await enrol(gateway, { key, device: 'pump-2' })).status).toBe(403);
});

test('[ACC-9] of two devices that come at once with the last use of a key one gets in, also after a restart', async () => {
  const gateway = await gatewayHere();
  const { key } = await newKey(gateway.rest);
  const answers = await Promise.all(['pump-1', 'pump-2'].map(device => enrol(gateway, { key, device })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 403]);
  const [enrolled] = answers.filter(({ status }) => status === 201) as [Response];
  const { secret, id } = (await enrolled.json()) as EnrolledDevice;
  await gateway.close();
  const second = await gatewayHere([], gateway.dir);
  const third = await enrol(second, { key, device: 'pump-3' });
  expect([third.status, ((await third.json()) as Problem).detail]).toEqual([403, 'the enrolment key is used up']);
  await Wire.connect(second.mqttPort, { user: id, secret });
});

test('[ACC-9] a CSV creates devices line by line, with a secret for each and a reason for each line that makes none', async () => {
  const { mqttPort, rest } = await gatewayHere();
  await rest.device('there');
  await site(rest, ['x']);
  const csv =
    'id;name\r\npump-1;"Pump; the ""first"""\r\nthere;\r\n\r\npump/2;\r\nsite;Site\r\npump-3;\r\npump-3;again\r\n';
  const post = (query: string, body: string) =>
    rest.fetch(`/devices/bulk${query}`, { method: 'POST', body, headers: { 'Content-Type': 'text/csv' } });
  const report = (await (await post('', csv)).json()) as BulkReport;
  expect(report.devices.map(({ line, id, name }) => [line, id, name])).toEqual([
    [2, 'pump-1', 'Pump; the "first"'],
    [7, 'pump-3', 'pump-3'],
  ]);
  expect(report.refused.map(({ line }) => line)).toEqual([3, 5, 6, 8]);
  for (const { id, secret } of report.devices) {
    const wire = await Wire.connect(mqttPort, { user: id, secret });
    expect(await wire.publish(`devices/${id}/telemetry`, '{"a":1}')).toBe(1);
  }
  const lines = (await (await post('?format=csv', 'id,tags\npump-4,"roof;cold"\nthere,\n')).text()).split('\r\n');
  expect(lines[0]).toBe('line,id,name,secret,expected,got');
  expect(lines[1]).toMatch(/^2,"pump-4","pump-4","[\w-]{32}",,$/);
  expect(lines[2]).toMatch(/^3,,,,"a new device","/);
  expect(await rest.get('/devices/pump-4')).toMatchObject({ tags: ['cold', 'roof'] });
});

test('[ACC-8] the open profile may deny topics, relays whatever is no telemetry, and says so where one looks', async () => {
  const { http, mqttPort, rest } = await gatewayHere(['access.devices=open', 'access.deniedFilters=[secret/#]']);
  const headers = { Authorization: `Bearer ${rest.token}` };
  expect(await (await fetch(`${http}/readyz`, { headers })).json()).toMatchObject({
    checks: { access: { detail: /open/ } },
  });
  const listener = await Wire.connect(mqttPort, { id: 'listener' });
  expect(await listener.subscribe('#', 'secret/a')).toEqual([1, 128]);
  const wire = await Wire.connect(mqttPort, { id: 'anybody' });
  await expect(wire.publish('secret/a', 'x')).rejects.toThrow('closed');
  const again = await Wire.connect(mqttPort, { id: 'anybody' });
  await again.publish('plant/raw', Buffer.from([0xff, 0x00, 0x80]));
  expect(await listener.message()).toMatchObject({ topic: 'plant/raw' });
  expect(await rest.get('/dead-letters')).toMatchObject({ refused: 0 });
});
