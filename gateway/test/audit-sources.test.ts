// What leaves lines in the audit trail beside commands and requests of people: devices that enrol, the tools on the
// machine, what the gateway is set to from outside.
import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { toldConfig } from '../src/config-audit.ts';
import type { AuditEntry, Credential, EnrolledDevice, EnrolmentKeyCreated, Page } from '../src/contract/index.ts';
import {
  adminPassword,
  gatewayHere,
  newFolder,
  type Rest,
  runProgram,
  type TestGateway,
} from './instruments/gateway.ts';

vi.setConfig({ testTimeout: 120_000 });

const fast = ['store.commitIntervalMs=0', 'store.synchronous=NORMAL'];
const tool = `tool#${userInfo().username}`;
const none = { device: null, by: null, from: null, reason: null, subject: null, detail: null };

/** The lines of a kind, oldest first, once there are so many; what is written in the background is in the next commit. */
const linesOf = (rest: Rest, action: string, count: number) =>
  vi.waitFor(
    async () => {
      const { items } = await rest.get<Page<AuditEntry>>(`/audit?limit=1000&action=${action}`);
      expect(items.length).toBeGreaterThanOrEqual(count);
      return items.reverse().map(({ id: _, at: __, ...line }) => line);
    },
    { timeout: 30_000 },
  );

async function enrol({ http }: TestGateway, body: unknown): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(`${http}/api/v1/enrol`, { method: 'POST', headers, body: JSON.stringify(body) });
}

test('[CMD-12] [ACC-9] a device that enrols leaves a line with its key and address, one that is refused with why, and no secret is in it', async () => {
  const gateway = await gatewayHere(fast);
  const { rest } = gateway;
  const newKey = (again: boolean) =>
    rest.post<EnrolmentKeyCreated>('/enrolment-keys', {
      ...{ name: 'spring', devices: ['pump-*'], usesMax: 2, expiresAt: Date.now() + 600_000, again },
    });
  const [once, more] = [await newKey(false), await newKey(true)];
  const answers: Response[] = [];
  for (const [key, device] of [
    [once.key, 'pump-1'],
    [once.key, 'pump-1'],
    [more.key, 'pump-1'],
    [once.key, 'oven-1'],
    ['te_nobody-has-this-key', 'pump-1'],
    ['te_nobody-has-this-key', 'te_a-key-in-the-wrong-place'],
  ]) {
    answers.push(await enrol(gateway, { key, device }));
  }
  expect(answers.map(({ status }) => status)).toEqual([201, 409, 201, 403, 403, 403]);
  const line = { ...none, action: 'enrolment', device: 'pump-1', from: '127.0.0.1' };
  const refused = { ...line, what: 'refused', detail: { code: 'forbidden' } };
  const found = await linesOf(rest, 'enrolment', 6);
  // Refused ones are written in the background: each is there, and what enrolled stands in order.
  expect(found).toEqual([
    { ...line, what: 'enrolled', subject: once.id, detail: { key: 'spring' } },
    { ...refused, subject: once.id, detail: { code: 'conflict' } },
    { ...line, what: 'enrolled-again', subject: more.id, detail: { key: 'spring' } },
    { ...refused, device: 'oven-1', subject: once.id },
    refused,
    { ...refused, device: null },
  ]);
  const text = JSON.stringify(found);
  const { secret } = (await (answers[0] as Response).json()) as EnrolledDevice;
  for (const told of [secret, once.key, more.key, 'te_']) expect(text).not.toContain(told);
  expect((await rest.get<Credential>('/credentials/pump-1')).name).toBe('pump-1');
});

test('[CMD-12] of refusals to enrol ten a minute of one address are in the trail, and all are counted', async () => {
  const gateway = await gatewayHere(fast);
  for (let i = 0; i < 15; i++) expect((await enrol(gateway, { key: 'te_guess', device: 'd' })).status).toBe(403);
  await gateway.rest.device('after');
  await linesOf(gateway.rest, 'rest', 1);
  const { length } = await linesOf(gateway.rest, 'enrolment', 10);
  // On a slow machine the minute goes on, and one more may be let through.
  expect(length).toBeLessThan(15);
  const headers = { Authorization: `Bearer ${gateway.rest.token}` };
  const metrics = await (await fetch(`${gateway.http}/metrics`, { headers })).text();
  expect(metrics).toMatch(/^telltale_credential_enrolments_refused_total 15$/m);
});

test('[CMD-12] the tools on the machine leave what they did, to what, and whose account it was, and no secret', async () => {
  const { dir, httpPort, rest } = await gatewayHere(fast);
  const there = ['--set', `store.dir=${dir}`, '--set', `http.port=${httpPort}`];
  const make = ['token', 'create', '--role', 'operator', '--name', '=ci', '--devices', 'pump-*', '--replace'];
  const token = await runProgram(...make, ...there);
  const link = await runProgram('sign-in-link', '--user', 'anna', ...there);
  const csv = join(newFolder(), 'readings.csv');
  writeFileSync(csv, 'time,device,metric,value\n1000,d,m,1\nsoon,d,m,2\n');
  expect((await runProgram('import', csv, ...there)).status).toBe(1);
  const line = { ...none, action: 'tool', by: tool };
  const lines = await linesOf(rest, 'tool', 4);
  const expiresAt = expect.any(Number);
  expect(lines).toEqual([
    {
      ...line,
      what: 'token create',
      subject: '=ci',
      detail: { role: 'operator', scope: { devices: ['pump-*'], tags: [] }, expiresAt: null, replaces: true },
    },
    { ...line, what: 'sign-in-link', subject: 'anna', detail: { expiresAt } },
    { ...line, what: 'import', subject: 'readings.csv' },
    {
      ...line,
      what: 'import-ended',
      subject: 'readings.csv',
      detail: { readings: 1, refused: 1, devicesCreated: 1 },
    },
  ]);
  for (const { out } of [token, link]) expect(JSON.stringify(lines)).not.toContain(out.trim().split('=').at(-1));
  // What the gateway did for the tool is the tool's, too.
  expect(await linesOf(rest, 'rest', 1)).toMatchObject([{ what: 'POST /import', by: tool, from: '127.0.0.1' }]);
});

test('[CMD-12] an import without a gateway and a restore leave their lines in the database that they make', async () => {
  const dir = newFolder();
  const here = ['--set', `store.dir=${dir}`];
  const csv = join(newFolder(), 'readings.csv');
  writeFileSync(csv, 'time,device,metric,value\n1000,d,m,1\n');
  expect((await runProgram('import', csv, ...here)).status).toBe(0);
  const file = join(newFolder(), 'monday.db');
  expect((await runProgram('backup', file, ...here)).status).toBe(0);
  expect((await runProgram('restore', file, ...here)).status).toBe(0);
  const { rest } = await gatewayHere(fast, dir);
  expect((await linesOf(rest, 'tool', 3)).map(({ what, subject, by }) => [what, subject, by])).toEqual([
    ['import', 'readings.csv', tool],
    ['import-ended', 'readings.csv', tool],
    ['restore', 'monday.db', tool],
  ]);
});

test('[CMD-12] [RST-3] a start with another configuration leaves which keys differ, without secrets, and one with the same leaves none', async () => {
  const dir = newFolder();
  const line = { ...none, action: 'config' };
  const admin = { ...line, subject: 'admin' };
  const restart = async (set: string[], count: number) => {
    const gateway = await gatewayHere([...fast, ...set], dir);
    const found = await linesOf(gateway.rest, 'config', count);
    await gateway.close();
    return found;
  };
  expect(await restart(['audit.keep=2y'], 1)).toEqual([{ ...admin, what: 'administrator-made' }]);
  expect(await restart(['audit.keep=2y'], 1)).toHaveLength(1);
  const secret = 'another battery staple';
  const found = await restart(['audit.keep=90d', `access.adminPassword=${secret}`, 'http.hosts=["plant.example"]'], 3);
  expect(found.slice(1)).toEqual(
    expect.arrayContaining([
      { ...admin, what: 'administrator-password' },
      {
        ...line,
        what: 'changed',
        detail: {
          changed: [
            { key: 'http.hosts', before: '[]', after: '["plant.example"]' },
            { key: 'audit.keep', before: String(2 * 365.25 * 86_400_000), after: String(90 * 86_400_000) },
          ],
        },
      },
    ]),
  );
  expect(JSON.stringify(found)).not.toMatch(new RegExp(`${secret}|${adminPassword}`));
});

test('[CMD-12] of a long value of the configuration its length and digest are told, and of a secret whether it is set', () => {
  const told = (adminPassword: string | null, origins: string[]) =>
    toldConfig({ access: { adminPassword }, http: { origins, tls: { cert: null } } });
  const long = (end: string) => [`https://${'x'.repeat(300)}.${end}`];
  expect(told('a secret that is one', ['https://a.example'])).toEqual({
    'access.adminPassword': 'set',
    'http.origins': '["https://a.example"]',
    'http.tls.cert': null,
  });
  const [one, other] = [told(null, long('example')), told(null, long('invalid'))];
  expect(one['access.adminPassword']).toBe(null);
  expect(one['http.origins']).toMatch(/^\d{3} characters, SHA-256 [0-9a-f]{64}$/);
  expect(one['http.origins']).not.toBe(other['http.origins']);
});
