// Commands from request to answer, over real sockets.
import { expect, test } from 'vitest';
import type { Command, Page } from '../src/contract/index.ts';
import { gatewayHere, gatewayProgram, makeToken, newFolder, Rest } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { TestViewer } from './instruments/viewer.ts';

const commands = 'devices/d1/commands/+';

async function stateOf(rest: Rest, viewer: TestViewer, id: string, state: string): Promise<Command> {
  await viewer.frame('event', event => event.kind === 'command' && event.command === id && event.state === state);
  return rest.get<Command>(`/commands/${id}`);
}

async function watching(http: string, token: string): Promise<TestViewer> {
  const viewer = await TestViewer.connect(http, token);
  viewer.send({ t: 'sub', sub: 'w' });
  await viewer.frame('snap');
  return viewer;
}

test('[CMD-1] [CMD-2] a command goes to the device, its answer comes back, and every state is seen live and in the ledger', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  expect(await wire.subscribe(commands)).toEqual([1]);
  const viewer = await watching(http, rest.token);

  const command = await rest.post<Command>('/devices/d1/commands', {
    name: 'set',
    params: { on: true },
    reason: 'test',
  });
  const message = await wire.message();
  expect(message).toMatchObject({ topic: `devices/d1/commands/${command.id}`, retain: false });
  expect(JSON.parse(message.payload)).toEqual({ name: 'set', params: { on: true }, expiresAt: command.expiresAt });
  await wire.publish(`${message.topic}/result`, '{"ok":true,"result":{"on":true}}');

  const done = await stateOf(rest, viewer, command.id, 'acknowledged');
  expect(done.transitions.map(({ state, cause }) => [state, cause])).toEqual([
    ['queued', 'requested'],
    ['sent', 'requested'],
    ['acknowledged', 'answer'],
  ]);
  expect(done).toMatchObject({ result: { on: true }, by: 'test-administrator', from: '127.0.0.1', reason: 'test' });
  const states = viewer.of('event').flatMap(event => (event.kind === 'command' ? [event.state] : []));
  expect(states).toEqual(['queued', 'sent', 'acknowledged']);
});

test('a command over the WebSocket is the same command, and a device may refuse it with its reason', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.subscribe(commands);
  const viewer = await watching(http, rest.token);
  viewer.send({ t: 'cmd', id: 9, device: 'd1', name: 'open', ttlMs: 5_000 });
  const { command = '' } = await viewer.frame('ok', ({ id }) => id === 9);
  const message = await wire.message();
  await wire.publish(`${message.topic}/result`, '{"ok":false,"error":"valve is stuck"}');
  expect(await stateOf(rest, viewer, command, 'rejected')).toMatchObject({ error: 'valve is stuck', name: 'open' });
});

test('[CMD-3] a command waits for a device that is away, and goes when it listens again', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const viewer = await watching(http, rest.token);
  const one = await rest.post<Command>('/devices/d1/commands', { name: 'one' });
  const two = await rest.post<Command>('/devices/d1/commands', { name: 'two' });
  expect(one.state).toBe('queued');
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret });
  await wire.subscribe(commands);
  const names = [JSON.parse((await wire.message()).payload).name, JSON.parse((await wire.message()).payload).name];
  expect(names).toEqual(['one', 'two']);
  expect((await stateOf(rest, viewer, two.id, 'sent')).transitions.at(-1)?.cause).toBe('device-connected');
});

test('[CMD-3] what expired while the device was away is never sent', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const viewer = await watching(http, rest.token);
  const late = await rest.post<Command>('/devices/d1/commands', { name: 'late', ttlMs: 100 });
  await stateOf(rest, viewer, late.id, 'expired');
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret });
  await wire.subscribe(commands);
  const next = await rest.post<Command>('/devices/d1/commands', { name: 'next' });
  expect((await wire.message()).topic).toBe(`devices/d1/commands/${next.id}`);
});

test('[CMD-3] a session that was kept for the device does not bring an old command back', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret, clean: false, id: 'kept' });
  await wire.subscribe(commands);
  await rest.post<Command>('/devices/d1/commands', { name: 'first' });
  // It was received, but the device loses power before it acknowledges.
  await wire.next(3);
  await wire.breakOff();
  const back = await Wire.connect(mqttPort, { user: 'd1', secret, clean: false, id: 'kept' });
  const second = await rest.post<Command>('/devices/d1/commands', { name: 'second' });
  expect((await back.message()).topic).toBe(`devices/d1/commands/${second.id}`);
});

test('[CMD-4] the same idempotency key is one command; another request with it is a conflict', async () => {
  const { rest } = await gatewayHere();
  await rest.device('d1');
  const key = { 'Idempotency-Key': 'k-1' };
  const ask = () => rest.post<Command>('/devices/d1/commands', { name: 'once', params: { a: 1 } }, key);
  const [first, second] = await Promise.all([ask(), ask()]);
  expect(second.id).toBe(first.id);
  expect((await ask()).id).toBe(first.id);
  expect((await rest.get<Page<Command>>('/commands?device=d1')).items).toHaveLength(1);
  await expect(rest.post('/devices/d1/commands', { name: 'other' }, key)).rejects.toThrow('409');
});

test('[CMD-4] after a SIGKILL, what was sent and not answered is unknown and not sent again; a late answer is kept', async () => {
  const dir = newFolder();
  const first = await gatewayProgram(dir);
  const secret = await first.rest.device('d1');
  const wire = await Wire.connect(first.mqttPort, { user: 'd1', secret });
  await wire.subscribe(commands);
  const viewer = await watching(first.http, first.rest.token);
  const sent = await first.rest.post<Command>('/devices/d1/commands', { name: 'sent', ttlMs: 60_000 });
  await wire.message();
  await wire.disconnect();
  await viewer.frame('event', event => event.kind === 'presence' && event.state === 'offline');
  const waiting = await first.rest.post<Command>('/devices/d1/commands', { name: 'waiting', ttlMs: 60_000 });
  await first.kill('SIGKILL');

  const second = await gatewayProgram(dir);
  expect(await second.rest.get(`/commands/${sent.id}`)).toMatchObject({ state: 'unknown' });
  expect(await second.rest.get(`/commands/${waiting.id}`)).toMatchObject({ state: 'queued' });
  const back = await Wire.connect(second.mqttPort, { user: 'd1', secret });
  await back.subscribe(commands);
  expect((await back.message()).topic).toBe(`devices/d1/commands/${waiting.id}`);
  await back.publish(`devices/d1/commands/${sent.id}/result`, '{"ok":true}');
  const answered = await second.rest.get<Command>(`/commands/${sent.id}`);
  expect(answered.transitions.map(({ state, cause }) => [state, cause]).slice(1)).toEqual([
    ['sent', 'requested'],
    ['unknown', 'restart'],
    ['acknowledged', 'late-answer'],
  ]);
}, 60_000);

test('[CMD-5] a device that does not answer delays no other', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const silent = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await silent.subscribe(commands);
  const quick = await Wire.connect(mqttPort, { user: 'd2', secret: await rest.device('d2') });
  await quick.subscribe('devices/d2/commands/+');
  for (let i = 0; i < 5; i++) await rest.post('/devices/d1/commands', { name: 'hello' });
  await rest.post('/devices/d2/commands', { name: 'hello' });
  expect((await quick.message()).topic).toMatch(/^devices\/d2\//);
});

test('a queued command can be cancelled, a sent one cannot; only operators may ask', async () => {
  const { mqttPort, rest, http, dir } = await gatewayHere();
  const secret = await rest.device('d1');
  const queued = await rest.post<Command>('/devices/d1/commands', { name: 'x' });
  expect((await rest.post<Command>(`/commands/${queued.id}/cancel`)).state).toBe('cancelled');
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret });
  await wire.subscribe(commands);
  const sent = await rest.post<Command>('/devices/d1/commands', { name: 'y' });
  await expect(rest.post(`/commands/${sent.id}/cancel`)).rejects.toThrow('422');
  const looker = new Rest(http, makeToken(dir, 'viewer'));
  await expect(looker.post('/devices/d1/commands', { name: 'z' })).rejects.toThrow('403');
  const viewer = await TestViewer.connect(http, looker.token);
  viewer.send({ t: 'cmd', id: 1, device: 'd1', name: 'z' });
  expect(await viewer.frame('err')).toMatchObject({ id: 1, code: 'forbidden', status: 403 });
});

test('[CMD-6] the device’s own readings verify a command or contradict it, and the readings are kept with it', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.subscribe(commands);
  const viewer = await watching(http, rest.token);
  const setTarget = async (says: number) => {
    const expect = { metric: 'target', equals: 21, withinMs: 500 };
    const { id } = await rest.post<Command>('/devices/d1/commands', { name: 'set', params: { to: 21 }, expect });
    const { topic } = await wire.message();
    await wire.publish(`${topic}/result`, '{"ok":true}');
    await wire.publish('devices/d1/telemetry', JSON.stringify({ target: says }));
    return id;
  };
  const honest = await stateOf(rest, viewer, await setTarget(21), 'verified');
  expect(honest.proof).toMatchObject([{ metric: 'target', value: 21, met: true }]);
  const liar = await stateOf(rest, viewer, await setTarget(19), 'contradicted');
  expect(liar).toMatchObject({ result: null, proof: [{ metric: 'target', value: 19, met: false }] });
  expect(liar.transitions.map(({ state }) => state)).toEqual(['queued', 'sent', 'acknowledged', 'contradicted']);
});

test('[CMD-7] an answer that comes before the PUBACK is the answer, and the command is not sent again', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret, clean: false, id: 'kept' });
  await wire.subscribe(commands);
  const viewer = await watching(http, rest.token);
  const request = { name: 'set', retries: 3, retryAfterMs: 500, ttlMs: 60_000 };
  const { id } = await rest.post<Command>('/devices/d1/commands', request);
  // Received, and not acknowledged on its line.
  await wire.next(3);
  await wire.publish(`devices/d1/commands/${id}/result`, '{"ok":true}');
  await stateOf(rest, viewer, id, 'acknowledged');
  await wire.breakOff();
  const back = await Wire.connect(mqttPort, { user: 'd1', secret, clean: false, id: 'kept' });
  const next = await rest.post<Command>('/devices/d1/commands', { name: 'next' });
  expect((await back.message()).topic).toBe(`devices/d1/commands/${next.id}`);
  expect(await rest.get<Command>(`/commands/${id}`)).toMatchObject({ state: 'acknowledged', attempts: 1 });
});

test('[CMD-4] two people may use the same idempotency key', async () => {
  const { rest, http, dir } = await gatewayHere();
  await rest.device('d1');
  const key = { 'Idempotency-Key': 'k' };
  const mine = await rest.post<Command>('/devices/d1/commands', { name: 'mine' }, key);
  const other = new Rest(http, makeToken(dir, 'operator'));
  const theirs = await other.post<Command>('/devices/d1/commands', { name: 'theirs' }, key);
  expect(theirs.id).not.toBe(mine.id);
});
