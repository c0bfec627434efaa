// Every route and every frame, asked by everybody: nobody, each role, people and programs with a scope, who was signed
// out and whose time is over, for an object of their own, another's, and one that is not there.
import { expect, test } from 'vitest';
import { makeSecret } from '../src/access/index.ts';
import { clientFrameSchemas } from '../src/api/client-frame-schemas.ts';
import { fakePorts } from '../src/api/fake-ports.fixture.ts';
import { createApp } from '../src/api/index.ts';
import { type ClientFrame, type Role, roleCovers, type Scope } from '../src/contract/index.ts';
import { gatewayHere, Rest, type TestGateway } from './instruments/gateway.ts';
import { holderOf, newUser, sessionOf, tokenFor } from './instruments/people.ts';
import {
  deviceOf,
  frames,
  otherRoutes,
  type Question,
  type Rule,
  routes,
  type Whose,
} from './instruments/rights-table.ts';
import { TestViewer } from './instruments/viewer.ts';

type Actor = {
  name: string;
  /** Null: not signed in. */
  role: Role | null;
  limited: boolean;
  isToken: boolean;
  rest: Rest;
  /** Signed in once more. */
  again: () => Rest;
};

const everybody: readonly Whose[] = ['mine', 'theirs', 'absent'];
const mine: Scope = { devices: ['mine-*'], tags: [] };

async function world(): Promise<{ gateway: TestGateway; actors: Actor[] }> {
  // Hundreds of small commits, one after the other, and none that has to outlive the test.
  const gateway = await gatewayHere(['store.commitIntervalMs=0', 'store.synchronous=NORMAL']);
  for (const whose of ['mine', 'theirs'] as const) await gateway.rest.device(deviceOf[whose]);
  const readings = `time,device,metric,value\n1000,mine-7,t,1\n1000,theirs-7,t,1\n`;
  await gateway.rest.fetch('/import', { method: 'POST', body: readings, headers: { 'Content-Type': 'text/csv' } });
  // A command, a group and a void of each, so that lists have something to leave out.
  for (const whose of ['mine', 'theirs'] as const) {
    await gateway.rest.post(`/devices/${deviceOf[whose]}/commands`, { name: 'stop', ttlMs: 600_000 });
    await gateway.rest.post('/command-groups', { devices: [deviceOf[whose]], name: 'stop', ttlMs: 100 });
    await gateway.rest.post('/voids', { device: deviceOf[whose], metric: 't', from: 1, to: 2, reason: 'in the sun' });
  }
  return { gateway, actors: await actorsOf(gateway) };
}

async function actorsOf(gateway: TestGateway): Promise<Actor[]> {
  const people: [name: string, role: Role, scope: Scope | null][] = [
    ['viewer', 'viewer', null],
    ['operator', 'operator', null],
    ['administrator', 'administrator', null],
    ['limited viewer', 'viewer', mine],
    ['limited operator', 'operator', mine],
  ];
  const actors: Actor[] = [];
  for (const [name, role, scope] of people) {
    const { rest } = await newUser(gateway, name, role, scope);
    const again = () => sessionOf(gateway, name).rest;
    actors.push({ name, role, limited: scope !== null, isToken: false, rest, again });
  }
  for (const [role, scope] of [
    ['operator', null],
    ['administrator', null],
    ['operator', mine],
  ] as const) {
    const again = () => tokenFor(gateway, role, scope).rest;
    const name = `${scope === null ? '' : 'limited '}token of role ${role}`;
    actors.push({ name, role, limited: scope !== null, isToken: true, rest: again(), again });
  }
  const nobody = (name: string, rest: Rest) =>
    actors.push({ name, role: null, limited: false, isToken: false, rest, again: () => rest });
  nobody('nobody', new Rest(gateway.http, ''));
  nobody('expired token', tokenFor(gateway, 'administrator', null, Date.now() - 1).rest);
  const revoked = sessionOf(gateway, 'administrator').rest;
  await revoked.get('/session');
  expect((await revoked.fetch('/session', { method: 'DELETE' })).status).toBe(204);
  nobody('revoked session', revoked);
  return actors;
}

function expected({ role, limited, isToken }: Actor, rule: Rule, whose: Whose): number {
  if (role === null) return 401;
  const isProgram = isToken && rule.person !== undefined;
  if (isProgram && (rule.person?.or == null || !roleCovers(role, rule.person.or))) return 403;
  if (!roleCovers(role, rule.role) || (rule.all && limited)) return 403;
  if (rule.object && (whose === 'absent' || (limited && whose === 'theirs'))) return 404;
  return rule.passes;
}

const isStream = (path: string) => path.startsWith('/stream');

async function put(rest: Rest, method: string, question: Question): Promise<{ status: number; text: string }> {
  const { path, json, text, headers } = question;
  const body = json === undefined ? text : JSON.stringify(json);
  const whole = path === '/metrics';
  const response = whole
    ? await fetch(`${rest.base}${path}`, { headers: { Authorization: `Bearer ${rest.token}` } })
    : await rest.fetch(path, { method, body, headers });
  if (response.ok && isStream(path)) {
    await response.body?.cancel();
    return { status: response.status, text: '' };
  }
  return { status: response.status, text: await response.text() };
}

/** What is wrong with the answers to one route, in words. */
async function faultsOf(call: string, rule: Rule, actor: Actor, admin: Rest): Promise<string[]> {
  const [method = ''] = call.split(' ');
  const faults: string[] = [];
  const refused: string[] = [];
  for (const whose of rule.object ? everybody : (['mine'] as const)) {
    const question = await rule.ask(whose, admin);
    const rest = call === 'DELETE /session' ? actor.again() : actor.rest;
    const { status, text } = await put(rest, method, question);
    const wanted = expected(actor, rule, whose);
    const what = `${actor.name}: ${call} of ${whose}`;
    if (status !== wanted) faults.push(`${what}: expected ${wanted}, got ${status} ${text.slice(0, 200)}`);
    if (actor.limited && status < 300 && text.includes(deviceOf.theirs))
      faults.push(`${what} tells of another's device`);
    if (whose !== 'mine') refused.push(text.replaceAll(/theirs-7|absent-7|absent|[0-9A-Z]{26}/g, '*'));
  }
  const [theirs, absent] = refused;
  if (actor.limited && theirs !== absent)
    faults.push(`${actor.name}: ${call} is ${theirs} for another's, not ${absent}`);
  return faults;
}

test('[ACC-6] [ACC-4] every route answers each role, scope and object as the table says', {
  timeout: 180_000,
}, async () => {
  const { gateway, actors } = await world();
  const document = await gateway.rest.get<{ paths: Record<string, object> }>('/openapi.json');
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  );
  expect(documented.sort()).toEqual(Object.keys(routes).sort());
  const faults: string[] = [];
  const table = Object.entries({ ...routes, ...otherRoutes });
  let asked = 0;
  for (const [call, rule] of table) {
    if (rule === 'open') continue;
    asked += actors.length;
    const askAs = (actor: Actor) => faultsOf(call, rule, actor, gateway.rest);
    if (rule.alone) for (const actor of actors) faults.push(...(await askAs(actor)));
    else faults.push(...(await Promise.all(actors.map(askAs))).flat());
  }
  expect(faults).toEqual([]);
  expect(asked).toBeGreaterThan(400);
});

test('[ACC-6] no route stands outside of the table', () => {
  const app = createApp(
    { dashboardDir: null, pages: { hosts: [], origins: [], hostsOnly: false }, trustedProxies: [] },
    fakePorts().ports,
  );
  const handled = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  const known = Object.keys(routes).map(call => call.replace(' ', ' /api/v1'));
  expect([...new Set(handled)].sort()).toEqual([...known, ...Object.keys(otherRoutes)].sort());
});

test('what is open asks nobody to sign in', async () => {
  const { http } = await gatewayHere();
  for (const [call, rule] of Object.entries(otherRoutes)) {
    if (rule === 'open') expect((await fetch(`${http}${call.split(' ')[1]}`)).status, call).toBe(200);
  }
  const headers = { 'Content-Type': 'application/json' };
  const signIn = await fetch(`${http}/api/v1/session`, { method: 'POST', headers, body: '{"code":"x"}' });
  expect(await signIn.json()).toMatchObject({ code: 'code_spent' });
});

test('[ACC-6] [ACC-4] every frame of a viewer is answered as role, scope and object allow', {
  timeout: 60_000,
}, async () => {
  expect(Object.keys(frames).sort()).toEqual(Object.keys(clientFrameSchemas).sort());
  const { gateway, actors } = await world();
  const faults: string[] = [];
  for (const actor of actors) {
    const { token } = actor.rest;
    if (actor.role === null) {
      await expect(TestViewer.connect(gateway.http, token), actor.name).rejects.toThrow('refused');
      continue;
    }
    const seen = await TestViewer.connect(gateway.http, token);
    let id = 0;
    for (const [type, rule] of Object.entries(frames)) {
      for (const whose of everybody) {
        seen.send(rule.frame(whose, ++id));
        const answered = await answerTo(seen, id);
        const passes = roleCovers(actor.role, rule.role);
        const isHidden = rule.object && (whose === 'absent' || (actor.limited && whose === 'theirs'));
        const wanted = passes ? (isHidden ? 'not_found' : 'done') : 'forbidden';
        if (answered !== wanted) faults.push(`${actor.name}: ${type} of ${whose}: expected ${wanted}, got ${answered}`);
      }
    }
    await seen.frame('snap', ({ sub }) => sub === 's3');
    const told = JSON.stringify(seen.frames.filter(({ t }) => t !== 'err'));
    expect(told.includes(deviceOf.theirs), `${actor.name} is told of another's device`).toBe(!actor.limited);
  }
  expect(faults).toEqual([]);
});

/** Code of the answer, or `done`. */
async function answerTo(seen: TestViewer, id: ClientFrame['id']): Promise<string> {
  const first = await Promise.race([
    seen.frame('ok', frame => frame.id === id),
    seen.frame('err', frame => frame.id === id),
    seen.frame('pong', frame => frame.id === id),
  ]);
  return first.t === 'err' ? first.code : 'done';
}

test('[ACC-6] a program whose token has a scope sees what lies in it, and a device that gains a tag at once', async () => {
  const gateway = await gatewayHere();
  for (const id of ['a', 'b']) await gateway.rest.device(id);
  const { rest } = holderOf(
    gateway,
    makeSecret('token', 'x', 'viewer', null, { scope: { devices: ['a'], tags: ['cold'] } }),
  );
  const ids = async () => (await rest.get<{ items: { id: string }[] }>('/devices')).items.map(({ id }) => id);
  const tag = (tags: string[]) => gateway.rest.fetch('/devices/b', { method: 'PATCH', body: JSON.stringify({ tags }) });
  expect(await ids()).toEqual(['a']);
  expect(await (await tag(['roof', 'cold', 'cold'])).json()).toMatchObject({ name: 'b', tags: ['cold', 'roof'] });
  expect(await ids()).toEqual(['a', 'b']);
  expect(await gateway.rest.get('/devices?tag=cold')).toMatchObject({ items: [{ id: 'b' }], next: null });
  await tag([]);
  expect(await ids()).toEqual(['a']);
  expect((await rest.fetch('/devices/b')).status).toBe(404);
});
