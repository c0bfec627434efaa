// Two operators and one device, over REST and the live stream: who is there, who has it, and what the other may not do.
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { makeSecret } from '../src/access/index.ts';
import type { Command, DeviceControlAnswer, Lease, LogAnswer, Scope, ServerFrame } from '../src/contract/index.ts';
import { gatewayHere, type Rest, type TestGateway } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { holderOf, tokenFor } from './instruments/people.ts';
import { SseReader } from './instruments/sse.ts';
import { TestViewer } from './instruments/viewer.ts';

type Body = { ttlMs?: number; reason?: string; takeOver?: boolean };

async function ask(rest: Rest, method: string, body?: Body) {
  const response = await rest.fetch('/devices/d1/lease', {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, answer: text === '' ? null : JSON.parse(text) };
}

const controlOf = (rest: Rest) => rest.get<DeviceControlAnswer>('/devices/d1/control');
const send = (rest: Rest, headers: Record<string, string> = {}) =>
  rest.fetch('/devices/d1/commands', { method: 'POST', body: '{"name":"stop"}', headers });

/** A program of this name: a person of its own, without a password that would have to be hashed. */
const operator = (gateway: TestGateway, name: string, scope: Scope | null = null): Rest =>
  holderOf(gateway, makeSecret('token', name, 'operator', null, { scope })).rest;

async function watch({ http }: TestGateway, rest: Rest): Promise<TestViewer> {
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send({ t: 'sub', sub: 's', device: ['d1'] });
  await viewer.frame('snap');
  return viewer;
}

/** What the audit trail says of leases. */
function auditOf({ dir }: TestGateway): unknown[] {
  const db = new Database(join(dir, 'telltale.db'), { readonly: true });
  try {
    const rows = db.prepare(`SELECT device, by, body FROM audit WHERE action = 'lease' ORDER BY id`).all();
    return (rows as { body: string }[]).map(({ body, ...row }) => ({ ...row, ...JSON.parse(body) }));
  } finally {
    db.close();
  }
}

type Control = ServerFrame & { t: 'control' };

/** The next frame that says so, of those that come from now on. */
function hears(viewer: TestViewer, says: (control: Control) => boolean): Promise<Control> {
  const before = new Set<ServerFrame>(viewer.frames);
  return viewer.frame('control', frame => !before.has(frame) && says(frame));
}

const there =
  (...names: string[]) =>
  ({ watching }: Control) =>
    watching.join() === names.join();

async function twoOperators() {
  const gateway = await gatewayHere();
  const secret = await gateway.rest.device('d1');
  return { gateway, secret, anna: operator(gateway, 'anna'), ben: operator(gateway, 'ben') };
}

test('[CMD-11] of two operators one takes the device: the other sees it at once, and is refused until it is given back', async () => {
  const { gateway, secret, anna, ben } = await twoOperators();
  const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret });
  await wire.subscribe('devices/d1/commands/+');
  const [annas, bens] = [await watch(gateway, anna), await watch(gateway, ben)];
  await annas.frame('control', there('anna', 'ben'));
  // Right after the ok, and before what follows.
  expect(bens.frames.slice(1, 4).map(({ t }) => t)).toEqual(['ok', 'control', 'snap']);
  expect((await send(anna, { 'Idempotency-Key': 'k' })).status).toBe(202);
  await wire.message();

  const lease = (await ask(ben, 'PUT', { reason: 'valves', ttlMs: 600_000 })).answer as Lease;
  expect(lease).toMatchObject({ by: 'ben', reason: 'valves' });
  expect(lease.until - lease.since).toBeLessThanOrEqual(600_001);
  const told = await annas.frame('control', frame => frame.lease?.by === 'ben');
  expect(told).toMatchObject({ device: 'd1', watching: ['anna', 'ben'], lease: { reason: 'valves' } });
  const refused = await send(anna);
  expect(refused.status).toBe(409);
  const detail = expect.stringMatching(/^ben controls it until 20.*Z \(valves\)$/);
  expect(await refused.json()).toMatchObject({ code: 'controlled', detail });
  annas.send({ t: 'cmd', id: 7, device: 'd1', name: 'stop' });
  expect(await annas.frame('err')).toMatchObject({ id: 7, code: 'controlled', status: 409, detail });
  // What was taken before is answered, as ever.
  expect((await send(anna, { 'Idempotency-Key': 'k' })).status).toBe(202);
  expect((await ask(anna, 'PUT')).status).toBe(409);
  expect((await ask(anna, 'DELETE')).status).toBe(409);
  expect((await send(ben)).status).toBe(202);

  const freed = hears(annas, ({ lease }) => lease === null);
  expect((await ask(ben, 'DELETE')).status).toBe(204);
  await freed;
  expect((await send(anna)).status).toBe(202);
});

test('[CMD-11] another takes it over with a reason, whoever had it hears of it, and an administrator ends it', async () => {
  const { gateway, anna, ben } = await twoOperators();
  const annas = await watch(gateway, anna);
  await ask(anna, 'PUT', { ttlMs: 5_000 });
  expect((await ask(ben, 'PUT', { takeOver: true })).answer).toMatchObject({ code: 'bad_request' });
  expect((await ask(ben, 'PUT', { takeOver: true, reason: 'leak' })).status).toBe(200);
  await annas.frame('control', ({ lease }) => lease?.by === 'ben' && lease.reason === 'leak');
  expect((await send(anna)).status).toBe(409);
  expect((await ask(gateway.rest, 'DELETE')).status).toBe(204);
  expect((await send(anna)).status).toBe(202);
  await expect
    .poll(() => auditOf(gateway))
    .toMatchObject([
      { what: 'taken', by: 'anna', device: 'd1', reason: null },
      { what: 'taken-over', by: 'ben', device: 'd1', reason: 'leak', from: '127.0.0.1' },
      { what: 'ended', by: 'test-administrator', device: 'd1', detail: { holder: 'ben' } },
    ]);
  expect((await ask(anna, 'PUT', { ttlMs: 4_999 })).answer).toMatchObject({ code: 'bad_request' });
  expect((await ask(tokenFor(gateway, 'viewer').rest, 'PUT')).status).toBe(403);
});

test('[CMD-11] a device says who watches it, who has it and who changed it last; one that is made anew is free', async () => {
  const { gateway, anna, ben } = await twoOperators();
  expect(await controlOf(anna)).toEqual({ device: 'd1', watching: [], lease: null, lastChange: null });
  const command = (await (await send(ben)).json()) as Command;
  const annas = await watch(gateway, anna);
  await ask(anna, 'PUT');
  const lastChange = { by: 'ben', at: command.createdAt, what: 'command', name: 'stop' };
  expect(await controlOf(ben)).toMatchObject({ watching: ['anna'], lease: { by: 'anna' }, lastChange });
  await annas.frame('control', ({ lease }) => lease?.by === 'anna');
  const freed = hears(annas, ({ lease }) => lease === null);
  await gateway.rest.fetch('/devices/d1', { method: 'DELETE' });
  expect((await ben.fetch('/devices/d1/control')).status).toBe(404);
  expect((await ask(ben, 'PUT')).status).toBe(404);
  await freed;
  await gateway.rest.device('d1');
  expect((await send(ben)).status).toBe(202);
});

test('[CMD-11] [LIV-6] over an event stream and a long poll people are there, too, and hear of each other', async () => {
  const { gateway, anna, ben } = await twoOperators();
  const stream = await SseReader.open(gateway.http, anna.token, 'device=d1');
  await stream.frame('control', there('anna'));
  const subs = [{ sub: 's', device: ['d1'] }];
  const poll = (after?: string | null) => ben.post<LogAnswer>('/log?wait=25000', { subs, after: after ?? undefined });
  const controls = ({ frames }: LogAnswer) => frames.filter(({ t }) => t === 'control');
  const first = await poll();
  expect(controls(first)).toEqual([{ t: 'control', device: 'd1', watching: ['anna', 'ben'], lease: null }]);
  await stream.frame('control', there('anna', 'ben'));
  // Between two polls: the next is answered at once, the one after that waits for what comes.
  await ask(anna, 'PUT');
  const second = await poll(first.next);
  expect(controls(second)).toMatchObject([{ lease: { by: 'anna' } }]);
  await stream.frame('control', ({ lease }) => lease?.by === 'anna');
  const third = poll(second.next);
  const before = new Set<ServerFrame>(stream.of('control'));
  await ask(anna, 'DELETE');
  expect(controls(await third).at(-1)).toMatchObject({ lease: null });
  // Whoever asks no more is gone in a moment.
  await stream.frame('control', frame => !before.has(frame) && there('anna')(frame) && frame.lease === null);
});

test('[CMD-11] [ACC-6] with another scope one hears nothing, neither of the device nor of who is there', async () => {
  const { gateway, anna } = await twoOperators();
  await gateway.rest.device('mine-1');
  const limited = operator(gateway, 'lim', { devices: ['mine-*'], tags: [] });
  const lims = await watch(gateway, limited);
  const annas = await watch(gateway, anna);
  await ask(anna, 'PUT');
  await annas.frame('control', ({ lease }) => lease?.by === 'anna');
  for (const method of ['PUT', 'DELETE']) expect((await ask(limited, method)).status).toBe(404);
  expect((await limited.fetch('/devices/d1/control')).status).toBe(404);
  // What comes after it, on the same connection, is told.
  lims.send({ t: 'sub', sub: 'own', device: ['mine-1'] });
  await lims.frame('snap', ({ sub }) => sub === 'own');
  expect(lims.of('control').map(({ device }) => device)).toEqual(['mine-1']);
  expect((await controlOf(anna)).watching).toEqual(['anna']);
});

test('[CMD-11] the name of somebody who closes the page goes away', async () => {
  const { gateway, anna, ben } = await twoOperators();
  const annas = await watch(gateway, anna);
  const bens = await watch(gateway, ben);
  await annas.frame('control', there('anna', 'ben'));
  const alone = hears(annas, there('anna'));
  bens.close();
  await alone;
  expect((await controlOf(anna)).watching).toEqual(['anna']);
});
