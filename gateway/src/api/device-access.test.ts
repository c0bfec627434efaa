import { beforeEach, describe, expect, test } from 'vitest';
import { limits, type Problem } from '../contract/index.ts';
import { makeApp } from './fake-ports.fixture.ts';

let ask: ReturnType<typeof makeApp>['ask'];
let asked: unknown[][];
beforeEach(() => {
  ({ ask, asked } = makeApp());
});

const api = (path: string) => `/api/v1${path}`;
const post = (path: string, json?: unknown) => ask(api(path), { method: 'POST', as: 'administrator', json });
const wrongIn = async (response: Response) => {
  expect(response.status).toBe(400);
  return ((await response.json()) as Problem).errors?.map(({ where }) => where);
};
const csv = (path: string, body: string, type = 'text/csv') =>
  ask(api(path), { method: 'POST', as: 'administrator', body, headers: { 'Content-Type': type } });

describe('secrets', () => {
  test('[ACC-8] the old one ends at once where nothing else is said, with a body and without', async () => {
    expect(await (await post('/devices/a/secret')).json()).toEqual({ secret: 'new', previousUntil: null });
    await post('/devices/a/secret', {});
    await post('/devices/a/secret', { overlapMs: 60_000 });
    await post('/credentials/site/secret');
    expect(asked).toEqual([
      ['newSecret', 'a', 0],
      ['newSecret', 'a', 0],
      ['newSecret', 'a', 60_000],
      ['rotate', 'site', 0],
    ]);
  });

  test.each([-1, 1.5, 'a day', limits.secretOverlapMsMax + 1])(
    '[ACC-8] an overlap of %j is refused',
    async overlapMs => {
      for (const path of ['/devices/a/secret', '/credentials/site/secret']) {
        expect(await wrongIn(await post(path, { overlapMs }))).toEqual(['json.overlapMs']);
      }
      expect(asked).toEqual([]);
    },
  );
});

describe('a field gateway', () => {
  test.each(['', '*a', 'a*b', 'a/*', '$SYS', '+', 'a'.repeat(129)])('[ACC-8] cannot speak for %j', async pattern => {
    const create = await post('/credentials', { name: 'site', devices: ['a', pattern] });
    expect(await wrongIn(create)).toEqual(['json.devices.1']);
  });

  test('[ACC-8] has at least one device, and a name that can be one', async () => {
    expect(await wrongIn(await post('/credentials', { name: 'site', devices: [] }))).toEqual(['json.devices']);
    expect(await wrongIn(await post('/credentials', { name: 'a/b', devices: ['*'] }))).toEqual(['json.name']);
    expect((await post('/credentials', { name: 'site', devices: ['a', 'b-*', '*'] })).status).toBe(201);
  });
});

describe('enrolling', () => {
  test('[ACC-9] needs no session; attempts count for the address', async () => {
    const response = await ask(api('/enrol'), { method: 'POST', json: { key: 'te_1', device: 'pump-1' } });
    expect([response.status, await response.json()]).toEqual([201, { id: 'pump-1', name: 'pump-1', secret: 's' }]);
    expect(asked).toEqual([['enrol', 'pump-1', '192.0.2.7']]);
  });

  test('[ACC-9] repeats no key in what it says of a wrong request', async () => {
    for (const json of [
      { key: 'te_secret', device: 'a/b' },
      { key: 'te_secret', device: 'a', more: 1 },
      { key: ['te_secret'] },
    ]) {
      const response = await ask(api('/enrol'), { method: 'POST', json });
      expect(response.status).toBe(400);
      expect(await response.text()).not.toContain('te_secret');
    }
  });

  test('[ACC-9] a key has a name, devices, a number of uses and an end', async () => {
    const request = { name: 'batch', devices: ['*'], usesMax: 1, expiresAt: 1 };
    expect((await post('/enrolment-keys', request)).status).toBe(201);
    expect(await wrongIn(await post('/enrolment-keys', { ...request, usesMax: 0 }))).toEqual(['json.usesMax']);
    expect(await wrongIn(await post('/enrolment-keys', { ...request, expiresAt: 'soon' }))).toEqual(['json.expiresAt']);
    expect(await wrongIn(await post('/enrolment-keys', { ...request, name: ' ' }))).toEqual(['json.name']);
  });
});

test.each(['/devices/a/secret', '/credentials/site/secret'])(
  '[ACC-8] a new secret may be asked for without a body, whatever the request says of one: %s',
  async path => {
    const headers = { 'Content-Type': 'application/json' };
    expect((await ask(api(path), { method: 'POST', as: 'administrator', headers, body: '' })).status).toBe(200);
    expect((await ask(api('/devices'), { method: 'POST', as: 'administrator', headers, body: '' })).status).toBe(400);
  },
);

describe('a CSV of devices', () => {
  test('[ACC-9] is answered as JSON, or as CSV in the order of its lines', async () => {
    const body = 'id,name\nb,"=1,x"\na,\nb/c,\nd,\n';
    const answered = await (await csv('/devices/bulk', body)).json();
    expect(answered).toMatchObject({
      devices: [
        { line: 2, id: 'b', name: '=1,x', secret: 's-b' },
        { line: 5, id: 'd', name: 'd', secret: 's-d' },
      ],
      refused: [{ line: 3 }, { line: 4 }],
    });
    const response = await csv('/devices/bulk?format=csv', body);
    expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const lines = (await response.text()).split('\r\n');
    expect(lines.slice(0, 3)).toEqual([
      'line,id,name,secret,expected,got',
      '2,"b","=1,x","s-b",,',
      '3,,,,"a new device","""a"""',
    ]);
    expect(lines.map(line => line.split(',')[0])).toEqual(['line', '2', '3', '4', '5', '']);
  });

  test('[ACC-9] is for administrators, of its type, and of a request body’s size', async () => {
    const operator = {
      method: 'POST',
      as: 'operator',
      body: 'id\na',
      headers: { 'Content-Type': 'text/csv' },
    } as const;
    expect((await ask(api('/devices/bulk'), operator)).status).toBe(403);
    expect((await csv('/devices/bulk', 'id\na', 'application/json')).status).toBe(400);
    expect((await csv('/devices/bulk', `id\n${'a'.repeat(limits.requestBodyBytesMax)}`)).status).toBe(413);
    expect(asked).toEqual([]);
  });
});
