// Desired and reported state over real sockets: REST, WebSocket and MQTT.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import type { DesiredPayload, Device, DeviceState, Page, Problem, StateChange } from '../src/contract/index.ts';
import { gatewayHere, gatewayProgram, makeToken, newFolder, Rest } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { newUser } from './instruments/people.ts';
import { TestViewer } from './instruments/viewer.ts';

const topic = 'devices/d1/desired';

async function setDesired(rest: Rest, json: unknown, ifMatch?: string, method = 'PATCH'): Promise<Response> {
  const headers: Record<string, string> = ifMatch === undefined ? {} : { 'If-Match': ifMatch };
  return rest.fetch('/devices/d1/state/desired', { method, body: JSON.stringify(json), headers });
}
async function desire(rest: Rest, fields: unknown): Promise<DeviceState> {
  const response = await setDesired(rest, { fields }, '*');
  expect(response.status).toBe(200);
  return (await response.json()) as DeviceState;
}
const told = async (wire: Wire) => JSON.parse((await wire.message()).payload) as DesiredPayload;
const stateOf = (rest: Rest) => rest.get<DeviceState>('/devices/d1/state');
const historyOf = async (rest: Rest) => (await rest.get<Page<StateChange>>('/devices/d1/state/history')).items;

/** The acknowledgement of a publish comes behind all that the device was sent before. */
async function nothingMore(wire: Wire): Promise<void> {
  await wire.publish('devices/d1/telemetry', '{"t":1}', 9);
  expect(wire.received.filter(({ body }) => body.includes(topic))).toEqual([]);
}

test('[CMD-9] what is desired goes to the device, what it reports comes back, and viewers hear of both', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  expect(await wire.subscribe(topic)).toEqual([1]);
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send({ t: 'sub', sub: 'all' });
  await viewer.frame('snap');

  const response = await setDesired(rest, { fields: { target: 21, 'pump.on': true }, reason: 'winter' }, '"0"');
  expect([response.status, response.headers.get('ETag')]).toEqual([200, '"1"']);
  const message = await wire.message();
  expect(message).toMatchObject({ topic, retain: false });
  expect(JSON.parse(message.payload)).toEqual({ version: 1, fields: { target: 21, 'pump.on': true } });
  expect(await viewer.frame('event', ({ kind }) => kind === 'desired')).toMatchObject({
    device: 'd1',
    version: 1,
    fields: { target: 21, 'pump.on': true },
    by: 'test-administrator',
  });

  await wire.publish('devices/d1/attributes', '{"target":19,"pump":{"on":true},"units":{"t":"°C"}}');
  await viewer.frame('event', event => event.kind === 'device' && event.change === 'changed');
  const state = await stateOf(rest);
  expect(state).toMatchObject({
    version: 1,
    desired: { target: { value: 21, by: 'test-administrator' } },
    difference: { target: 21 },
  });
  expect(Object.entries(state.reported).map(([name, { value }]) => [name, value])).toEqual([
    ['target', 19],
    ['pump.on', true],
  ]);
  expect(await historyOf(rest)).toMatchObject([
    { side: 'reported', version: null, fields: { target: 19, 'pump.on': true }, by: null, reason: null },
    { side: 'desired', version: 1, by: 'test-administrator', from: '127.0.0.1', reason: 'winter' },
  ]);
  // It was told, and does not follow.
  await nothingMore(wire);
});

test('[CMD-9] of two who change the same version the second is refused, over REST and over the WebSocket', async () => {
  const { http, rest } = await gatewayHere();
  await rest.device('d1');
  const answers = await Promise.all([
    setDesired(rest, { fields: { target: 1 } }, '"0"'),
    setDesired(rest, { fields: { target: 2 } }, '"0"'),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
  const refused = (await answers.find(({ status }) => status === 412)?.json()) as Problem;
  expect(refused).toMatchObject({ code: 'version_changed', detail: expect.stringContaining('version 1') });
  const without = await setDesired(rest, { fields: { target: 3 } });
  expect([without.status, await without.json()]).toMatchObject([428, { code: 'version_needed' }]);

  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send([
    { t: 'desired', id: 1, device: 'd1', fields: { target: 4 }, version: 0 },
    { t: 'desired', id: 2, device: 'd1', fields: { target: 4 } },
    { t: 'desired', id: 3, device: 'd1', fields: { target: 4 }, version: 1, reason: 'over the wire' },
    { t: 'desired', id: 4, device: 'd1', fields: { 'a/b': 4 }, version: '*' },
  ]);
  expect(await viewer.frame('err', ({ id }) => id === 1)).toMatchObject({ code: 'version_changed', status: 412 });
  expect(await viewer.frame('err', ({ id }) => id === 2)).toMatchObject({ code: 'version_needed', status: 428 });
  expect(await viewer.frame('ok', ({ id }) => id === 3)).toEqual({ t: 'ok', id: 3, version: 2 });
  expect(await viewer.frame('err', ({ id }) => id === 4)).toMatchObject({ code: 'bad_request' });
  expect((await historyOf(rest))[0]).toMatchObject({ version: 2, fields: { target: 4 }, reason: 'over the wire' });
});

test.each([
  ['7', 400, 'bad_request'],
  ['"x"', 400, 'bad_request'],
  ['"8"', 412, 'version_changed'],
])('an If-Match of %s is refused with %i', async (ifMatch, status, code) => {
  const { rest } = await gatewayHere();
  await rest.device('d1');
  const response = await setDesired(rest, { fields: {} }, ifMatch);
  expect([response.status, await response.json()]).toMatchObject([status, { code }]);
});

test('[CMD-9] a change without effect is no new version; PUT takes back what it does not name', async () => {
  const { rest } = await gatewayHere();
  await rest.device('d1');
  await desire(rest, { a: 1, b: 'two' });
  expect((await desire(rest, { a: 1 })).version).toBe(1);
  const replaced = (await (
    await setDesired(rest, { fields: { b: 'two', c: false } }, '"1"', 'PUT')
  ).json()) as DeviceState;
  expect([replaced.version, Object.keys(replaced.desired)]).toEqual([2, ['b', 'c']]);
  expect((await historyOf(rest)).map(({ fields }) => fields)).toEqual([
    { a: null, c: false },
    { a: 1, b: 'two' },
  ]);
  const refused = await setDesired(rest, { fields: { pump: { speed: 3 }, 'x#': 1 } }, '*');
  expect(await refused.json()).toMatchObject({
    code: 'bad_request',
    errors: [
      { where: 'json.fields.pump', expected: expect.stringContaining('named with a dot'), got: '{"speed":3}' },
      { where: 'json.fields.x#' },
    ],
  });
});

test('[CMD-9] a device that was away is told the difference when it listens, by whatever filter covers it', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  await desire(rest, { target: 20 });
  await desire(rest, { target: 21, mode: 'eco' });
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret });
  await wire.subscribe('devices/d1/#');
  expect(await told(wire)).toEqual({ version: 2, fields: { target: 21, mode: 'eco' } });
  await wire.subscribe(topic);
  await wire.publish('devices/d1/attributes', '{"target":21,"mode":"eco"}');
  expect((await stateOf(rest)).difference).toEqual({});
  await nothingMore(wire);

  const next = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'next' });
  await next.subscribe(topic);
  await nothingMore(next);
});

test('[CMD-9] a kept session brings its subscription with it, and nothing old', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const signIn = { user: 'd1', secret, clean: false, id: 'kept' };
  const wire = await Wire.connect(mqttPort, signIn);
  await wire.subscribe(topic);
  await desire(rest, { target: 20 });
  // It came, and the device loses power before it acknowledges.
  await wire.next(3);
  await wire.breakOff();
  await desire(rest, { target: 21 });
  await desire(rest, { target: 22 });
  const back = await Wire.connect(mqttPort, signIn);
  expect(back.sessionPresent).toBe(true);
  expect(await told(back)).toEqual({ version: 3, fields: { target: 22 } });
  await back.publish('devices/d1/attributes', '{"target":22}');
  await nothingMore(back);
});

test('[CMD-9] it goes to one connection of the device; others neither receive nor publish it', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const first = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'first' });
  await first.subscribe(topic);
  const second = await Wire.connect(mqttPort, { user: 'd1', secret, id: 'second' });
  await second.subscribe(topic);
  await desire(rest, { target: 21 });
  expect(await told(second)).toEqual({ version: 1, fields: { target: 21 } });
  await nothingMore(first);
  const other = await Wire.connect(mqttPort, { user: 'd2', secret: await rest.device('d2') });
  expect(await other.subscribe(topic)).toEqual([128]);
  first.send(Buffer.from([0x30, 2 + topic.length, 0, topic.length, ...Buffer.from(topic)]));
  await first.closed;
});

/** Versions that have a line in the audit trail, in its order. */
function auditIn(dir: string): number[] {
  const database = new DatabaseSync(join(dir, 'telltale.db'), { readOnly: true });
  const rows = database.prepare("SELECT device, body FROM audit WHERE action = 'desired' ORDER BY id").all();
  database.close();
  return rows.map(({ device, body }) => {
    const { what, from, detail } = JSON.parse(String(body));
    expect([device, what, from]).toEqual(['d1', 'set', '127.0.0.1']);
    return detail.version;
  });
}

test('[CMD-9] a SIGKILL loses neither version nor history, and no version comes twice', async () => {
  const dir = newFolder();
  const first = await gatewayProgram(dir);
  const secret = await first.rest.device('d1');
  const wire = await Wire.connect(first.mqttPort, { user: 'd1', secret });
  await wire.publish('devices/d1/attributes', '{"target":19}');
  await desire(first.rest, { target: 20 });
  // Kills come between a change that is answered and those that are not.
  const more = [21, 22, 23].map(target => setDesired(first.rest, { fields: { target } }, '*').catch(() => null));
  await more[0];
  await first.kill('SIGKILL');
  await Promise.all(more);

  const second = await gatewayProgram(dir);
  const state = await stateOf(second.rest);
  expect(state.version).toBeGreaterThan(1);
  expect(state.reported.target?.value).toBe(19);
  const history = await historyOf(second.rest);
  expect(history.map(({ version }) => version)).toEqual([
    ...Array.from({ length: state.version }, (_, i) => state.version - i),
    null,
  ]);
  expect(history[0]?.fields.target).toBe(state.desired.target?.value);
  expect(auditIn(dir)).toEqual(Array.from({ length: state.version }, (_, i) => i + 1));
  const back = await Wire.connect(second.mqttPort, { user: 'd1', secret });
  await back.subscribe(topic);
  expect(await told(back)).toMatchObject({ version: state.version });
  expect((await desire(second.rest, { target: 30 })).version).toBe(state.version + 1);
  expect(await told(back)).toEqual({ version: state.version + 1, fields: { target: 30 } });
}, 120_000);

test('history comes in pages, the newest first; reports that say the same again leave none', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  for (const [i, target] of [1, 2, 2, 2, 3].entries()) {
    await wire.publish('devices/d1/attributes', `{"target":${target}}`, i + 1);
  }
  await wire.publish('devices/d1/attributes', '{"units":{"t":"°C"}}', 9);
  const page = await rest.get<Page<StateChange>>('/devices/d1/state/history?limit=2');
  expect(page.items.map(({ fields }) => fields.target)).toEqual([3, 2]);
  const rest2 = await rest.get<Page<StateChange>>(`/devices/d1/state/history?limit=2&cursor=${page.next}`);
  expect([rest2.items.map(({ fields }) => fields.target), rest2.next]).toEqual([[1], null]);
});

test('state goes with its device, is only changed by operators, and is seen within a scope alone', async () => {
  const gateway = await gatewayHere();
  const { http, rest, dir } = gateway;
  await rest.device('d1');
  await desire(rest, { target: 21 });
  const looker = new Rest(http, makeToken(dir, 'viewer'));
  expect((await setDesired(looker, { fields: { target: 1 } }, '*')).status).toBe(403);
  expect((await stateOf(looker)).version).toBe(1);
  const elsewhere = await newUser(gateway, 'ben', 'operator', { devices: ['other-*'], tags: [] });
  expect((await setDesired(elsewhere.rest, { fields: { target: 1 } }, '*')).status).toBe(404);
  expect((await elsewhere.rest.fetch('/devices/d1/state/history')).status).toBe(404);

  expect((await rest.fetch('/devices/d1', { method: 'DELETE' })).status).toBe(204);
  expect((await rest.fetch('/devices/d1/state')).status).toBe(404);
  await rest.device('d1');
  expect((await stateOf(rest)).version).toBe(0);
  expect(await rest.get<Device>('/devices/d1')).not.toHaveProperty('told');
  await gateway.close();
  const next = await gatewayHere([], dir);
  expect((await stateOf(next.rest)).version).toBe(0);
});

test('[CMD-9] a field with the name of something that every object has is a field like others', async () => {
  const { rest } = await gatewayHere();
  await rest.device('d1');
  const odd = '{"__proto__":1,"constructor":2}';
  const response = await setDesired(rest, { fields: JSON.parse(odd) }, '"0"');
  expect([response.status, response.headers.get('ETag')]).toEqual([200, '"1"']);
  expect(JSON.stringify((await stateOf(rest)).difference)).toBe(odd);
  expect(await (await setDesired(rest, { fields: JSON.parse('{"__proto__":{"a":1}}') }, '"1"')).json()).toMatchObject({
    status: 400,
    detail: expect.stringContaining('fields.__proto__: expected a number'),
  });
});
