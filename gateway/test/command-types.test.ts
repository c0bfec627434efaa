// Command types over REST and in the configuration, and what they do to commands, over real sockets.
import { expect, test } from 'vitest';
import type { Command, CommandType, CommandTypePage, Problem } from '../src/contract/index.ts';
import { gatewayHere, gatewayProgram, newFolder, type Rest } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { newUser } from './instruments/people.ts';

const speed = {
  name: 'setSpeed',
  title: 'Set the speed',
  devices: ['pump-*'],
  params: {
    type: 'object',
    properties: { rpm: { type: 'integer', maximum: 3000, unit: 'rpm' }, ramp: { type: 'number', default: 2 } },
    required: ['rpm'],
    additionalProperties: false,
  },
  danger: 'danger',
  expect: [{ metric: 'rpm', equals: { param: 'rpm' } }],
};

const put = (rest: Rest, id: string, type: unknown) =>
  rest.fetch(`/command-types/${id}`, { method: 'PUT', body: JSON.stringify(type) });
const ids = async (rest: Rest, path: string) => (await rest.get<CommandTypePage>(path)).items.map(({ id }) => id);

async function problem(asked: Promise<Response>, status: number): Promise<Problem> {
  const response = await asked;
  expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json']);
  return (await response.json()) as Problem;
}

test('[CMD-8] what a type refuses is not queued; what it takes goes to the device with its defaults', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'pump-1', secret: await rest.device('pump-1') });
  await wire.subscribe('devices/pump-1/commands/+');
  expect(await (await put(rest, 'pump-speed', speed)).json()).toMatchObject({ id: 'pump-speed', source: 'rest' });

  const send = (request: object) =>
    rest.fetch('/devices/pump-1/commands', { method: 'POST', body: JSON.stringify({ name: 'setSpeed', ...request }) });
  const params = { rpm: 3001, rmp: 5 };
  expect(await problem(send({ params, confirm: 'pump-1', reason: 'test' }), 422)).toMatchObject({
    code: 'params_refused',
    errors: [
      { where: 'params.rpm', expected: 'at most 3000', got: '3001' },
      { where: 'params.rmp', expected: 'no such parameter', got: '5' },
    ],
  });
  expect(await problem(send({ params: { rpm: 5 }, confirm: 'pump-2' }), 422)).toMatchObject({
    code: 'confirm_needed',
    errors: [{ where: 'confirm', expected: '"pump-1"' }, { where: 'reason' }],
  });
  expect(await rest.get('/commands')).toMatchObject({ items: [] });

  const sent = (await (await send({ params: { rpm: 5 }, confirm: 'pump-1', reason: 'test' })).json()) as Command;
  expect(sent).toMatchObject({ type: 'pump-speed', expect: [{ metric: 'rpm', equals: 5, withinMs: 10_000 }] });
  expect(JSON.parse((await wire.message()).payload)).toMatchObject({ name: 'setSpeed', params: { rpm: 5, ramp: 2 } });
  // A device that the type is not for may be sent the same as it is.
  await rest.device('fan-1');
  expect(await rest.post('/devices/fan-1/commands', { name: 'setSpeed', params })).toMatchObject({
    type: null,
    params,
  });
});

test('[CMD-8] a type is kept over a restart with who put it there, and goes when it is deleted', async () => {
  const dir = newFolder();
  const first = await gatewayHere([], dir);
  await first.rest.device('pump-1');
  await put(first.rest, 'pump-speed', speed);
  await put(first.rest, 'pump-speed', { ...speed, title: 'Speed' });
  await put(first.rest, 'other', { name: 'other' });
  expect((await first.rest.fetch('/command-types/other', { method: 'DELETE' })).status).toBe(204);
  await first.close();

  const second = await gatewayHere([], dir);
  expect(await second.rest.get<CommandType>('/command-types/pump-speed')).toMatchObject({ title: 'Speed' });
  expect(await ids(second.rest, '/command-types')).toEqual(['pump-speed']);
  await problem(second.rest.fetch('/command-types/other'), 404);
  await problem(second.rest.fetch('/command-types/other', { method: 'DELETE' }), 404);
  await second.close();

  const { default: Database } = await import('better-sqlite3');
  const database = new Database(`${dir}/telltale.db`, { readonly: true });
  const lines = database
    .prepare(`SELECT action, by, subject, body FROM audit WHERE action = 'command-type' ORDER BY id`)
    .all() as Record<string, string>[];
  database.close();
  expect(lines.map(({ action, by, subject, body }) => [action, by, subject, JSON.parse(body ?? '').what])).toEqual([
    ['command-type', 'test-administrator', 'pump-speed', 'put'],
    ['command-type', 'test-administrator', 'pump-speed', 'put'],
    ['command-type', 'test-administrator', 'other', 'put'],
    ['command-type', 'test-administrator', 'other', 'deleted'],
  ]);
  expect(JSON.parse(lines[1]?.body ?? '')).toMatchObject({ from: '127.0.0.1', detail: { title: 'Speed' } });
});

test('[CMD-8] types of the configuration cannot be changed over REST, and what has no type may be refused', async () => {
  const set = ['commands.types=[{id: stop, name: stop, devices: ["pump-*"]}]', 'commands.untyped=refuse'];
  const { rest } = await gatewayHere(set);
  for (const id of ['pump-1', 'fan-1']) await rest.device(id);
  expect(await rest.get('/devices/pump-1/command-types')).toMatchObject({
    items: [{ id: 'stop', source: 'config' }],
    untyped: 'refuse',
  });
  expect((await problem(put(rest, 'stop', { name: 'stop' }), 422)).detail).toContain('stands in the configuration');
  await problem(rest.fetch('/command-types/stop', { method: 'DELETE' }), 422);
  expect(await rest.post('/devices/pump-1/commands', { name: 'stop' })).toMatchObject({ type: 'stop' });
  const send = (device: string, name: string) =>
    rest.fetch(`/devices/${device}/commands`, { method: 'POST', body: JSON.stringify({ name }) });
  for (const [device, name] of [
    ['fan-1', 'stop'],
    ['pump-1', 'start'],
  ] as const) {
    expect((await problem(send(device, name), 422)).detail).toContain('commands.untyped is refuse');
  }
});

test('[CMD-8] [RST-1] a type that is wrong is told each field; so is one whose schema would not be checked', async () => {
  const { rest } = await gatewayHere();
  const wrong = {
    name: 'x',
    ttlMs: 1,
    params: { type: 'object', properties: { a: { type: 'number', minimum: 'x' } } },
  };
  const { code, errors } = await problem(put(rest, 'x', wrong), 400);
  expect(code).toBe('bad_request');
  expect(errors?.map(({ where }) => where)).toEqual(['params.properties.a.minimum', 'ttlMs']);
  const shape = await problem(put(rest, 'x', { ttlMs: 'soon', colour: 'red' }), 400);
  expect(shape.errors?.map(({ where }) => where)).toEqual(['json.name', 'json.ttlMs', 'json.colour']);
  expect((await problem(put(rest, 'a b', { name: 'x' }), 400)).errors).toMatchObject([{ where: 'id', got: '"a b"' }]);
});

test('[CMD-8] [ACC-6] lists are paged, and show those of devices that one may see', async () => {
  const gateway = await gatewayHere();
  const { rest } = gateway;
  for (const id of ['mine-1', 'theirs-1']) await rest.device(id);
  await rest.fetch('/devices/mine-1', { method: 'PATCH', body: '{"tags":["cold"]}' });
  const types = { all: {}, theirs: { devices: ['theirs-*'] }, cold: { tags: ['cold'] }, none: { devices: ['x'] } };
  for (const [id, type] of Object.entries(types)) await put(rest, id, { name: `do-${id}`, ...type });
  expect(await ids(rest, '/command-types')).toEqual(['all', 'cold', 'none', 'theirs']);
  const { items, next } = await rest.get<CommandTypePage>('/command-types?limit=3');
  expect([items.length, await ids(rest, `/command-types?cursor=${next}`)]).toEqual([3, ['theirs']]);

  const { rest: ada } = await newUser(gateway, 'ada', 'operator', { devices: ['mine-*'], tags: [] });
  expect(await ids(ada, '/command-types')).toEqual(['all', 'cold']);
  expect(await ids(ada, '/command-types?limit=1&cursor=all')).toEqual(['cold']);
  expect(await ids(ada, '/devices/mine-1/command-types')).toEqual(['all', 'cold']);
  await problem(ada.fetch('/devices/theirs-1/command-types'), 404);
  const hidden = await problem(ada.fetch('/command-types/theirs'), 404);
  expect(hidden.detail).toBe('no command type has the id "theirs"');
});

test('[RST-3] [CMD-8] the program does not start with a command type that is wrong, and says why', async () => {
  const set = ['commands.types=[{id: stop, name: stop, params: {type: object, required: [x]}}]'];
  await expect(gatewayProgram(newFolder(), set, { collect: true })).rejects.toThrow(
    /status 78.*commands\.types\.0\.params\.required: expected names of properties, and "x" is none/s,
  );
});
