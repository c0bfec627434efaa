// Signing in and what belongs to it, as a browser and a program do it over REST.
import { expect, test } from 'vitest';
import { hashSecret } from '../src/access/secrets.ts';
import { totpAt } from '../src/access/totp.ts';
import type { Problem, Session, SessionList, TokenList, TotpConfirmed, TotpEnrolment } from '../src/contract/index.ts';
import { writeBeside } from '../src/store/index.ts';
import { adminPassword, gatewayHere, Rest, runProgram } from './instruments/gateway.ts';
import { newUser, userPassword } from './instruments/people.ts';

type SignedIn = { status: number; body: Partial<Session & Problem>; secret: string };

async function signIn(http: string, json: object): Promise<SignedIn> {
  const response = await fetch(`${http}/api/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'User-Agent': `a browser ${'x'.repeat(500)}` },
    body: JSON.stringify(json),
  });
  const secret = /telltale_session=([^;]+)/.exec(response.headers.get('set-cookie') ?? '')?.[1] ?? '';
  return { status: response.status, body: (await response.json()) as SignedIn['body'], secret };
}

test('[ACC-7] one-time passwords: enrolled, asked for, spent, replaced by a recovery code, and removed', {
  timeout: 120_000,
}, async () => {
  const gateway = await gatewayHere();
  const { http } = gateway;
  const scope = { devices: ['a'], tags: [] };
  const { rest } = await newUser(gateway, 'ada', 'viewer', scope);
  const proof = { name: 'ada', password: userPassword };
  const { secret, uri } = await rest.post<TotpEnrolment>('/session/totp', { password: userPassword });
  expect(uri).toContain(secret);
  const step = Math.floor(Date.now() / 30_000);
  const { recoveryCodes } = await rest.post<TotpConfirmed>('/session/totp/confirm', { totp: totpAt(secret, step) });
  expect(await signIn(http, proof)).toMatchObject({ status: 401, body: { code: 'totp_needed' }, secret: '' });
  const again = await signIn(http, { ...proof, totp: totpAt(secret, step) });
  expect(again).toMatchObject({ status: 401, body: { code: 'totp_wrong' } });
  const next = await signIn(http, { ...proof, totp: totpAt(secret, step + 1) });
  expect(next).toMatchObject({ status: 200, body: { user: 'ada', role: 'viewer', scope, kind: 'session' } });
  expect((await signIn(http, { ...proof, totp: recoveryCodes[0] })).status).toBe(200);
  expect(await rest.get('/session/totp')).toEqual({ active: true, recoveryCodesLeft: 9 });
  expect(await gateway.rest.get('/users/ada')).toMatchObject({ totp: true });
  expect((await gateway.rest.fetch('/users/ada/totp', { method: 'DELETE' })).status).toBe(204);
  expect((await signIn(http, proof)).status).toBe(200);
});

test('[ACC-7] a password change keeps the session that made it and ends the others; the list shows where each is from', {
  timeout: 120_000,
}, async () => {
  const { http } = await gatewayHere();
  const proof = { name: 'admin', password: adminPassword };
  const [mine, other] = [await signIn(http, proof), await signIn(http, proof)];
  const rest = new Rest(http, mine.secret);
  const { items } = await rest.get<SessionList>('/sessions');
  expect(items.map(({ current, address }) => [current, address]).sort()).toEqual([
    [false, '127.0.0.1'],
    [true, '127.0.0.1'],
  ]);
  expect(items[0]?.agent).toHaveLength(200);
  const change = (old: string) =>
    rest.fetch('/session/password', { method: 'PUT', body: JSON.stringify({ old, new: 'another battery' }) });
  expect((await change('guess')).status).toBe(401);
  expect((await change(adminPassword)).status).toBe(204);
  expect((await rest.fetch('/session')).status).toBe(200);
  expect((await new Rest(http, other.secret).fetch('/session')).status).toBe(401);
  expect((await signIn(http, proof)).status).toBe(401);
  expect((await signIn(http, { name: 'admin', password: 'another battery' })).status).toBe(200);
});

test('what people, sessions and tokens are survives a restart, and what an earlier version wrote still holds', {
  timeout: 120_000,
}, async () => {
  const first = await gatewayHere();
  const scope = { devices: ['a'], tags: ['cold'] };
  const ada = await newUser(first, 'ada', 'operator', scope);
  const { secret } = await ada.rest.post<{ secret: string }>('/tokens', { name: 'export', role: 'viewer' });
  writeBeside(first.dir, [
    ['secret.put', hashSecret('tt_old'), 'token', 'old', null, '{"role":"viewer"}'],
    ['device.put', 'old', '{"id":"old","name":"old","createdAt":0,"presence":{"state":"unknown"},"attributes":{}}'],
  ]);
  await first.close();
  const second = await gatewayHere([], first.dir);
  const as = (token: string) => new Rest(second.http, token);
  expect(await as(ada.rest.token).get('/session')).toMatchObject({ user: 'ada', role: 'operator', scope });
  expect(await as(secret).get('/session')).toMatchObject({ user: 'ada/export', role: 'viewer', scope, kind: 'token' });
  expect(await as('tt_old').get('/devices')).toMatchObject({ items: [{ id: 'old', tags: [] }] });
  const { items } = await second.rest.get<TokenList>('/tokens');
  const rows = items.map(({ name, owner, scope: its }) => [name, owner, its]);
  expect(rows).toContainEqual(['old', null, null]);
  expect(rows).toContainEqual(['export', 'ada', scope]);
});

test('[ACC-6] the command line makes a token for some devices, and none of a limited administrator', {
  timeout: 120_000,
}, async () => {
  const { dir, http, rest } = await gatewayHere();
  for (const id of ['cold-1', 'warm-1']) await rest.device(id);
  const create = ['token', 'create', '--set', `store.dir=${dir}`, '--name', 'chart', '--devices', 'cold-*'];
  const { out, status } = await runProgram(...create, '--role', 'viewer');
  expect(status).toBe(0);
  const items = new Rest(http, out.trim()).get('/devices');
  await expect(items).resolves.toMatchObject({ items: [{ id: 'cold-1' }], next: null });
  const refused = await runProgram(...create, '--role', 'admin');
  expect([refused.status, refused.err]).toEqual([78, expect.stringContaining('never limited')]);
});
