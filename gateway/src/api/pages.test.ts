import { describe, expect, test } from 'vitest';
import type { Problem } from '../contract/index.ts';
import { fakePorts, makeApp } from './fake-ports.fixture.ts';
import { isAnswered, pageOf } from './origin.ts';

const api = (path: string) => `/api/v1${path}`;
const codeOf = async (response: Response) => ((await response.json()) as Problem).code;
const partner = 'https://partner.example';
const cookie = { Cookie: 'telltale_session=administrator' };

describe('every answer', () => {
  test.each([
    ['of the API', api('/devices'), {}, 200],
    ['to nobody', api('/devices'), { as: undefined }, 401],
    ['to a request that cannot be understood', api('/devices?limit=many'), {}, 400],
    ['to what is not there', '/nowhere', {}, 404],
    ['to a faulty request of ours', api('/commands/fault'), {}, 500],
    ['to another origin', api('/devices'), { headers: { Origin: 'https://evil.example' } }, 403],
    ['about health', '/livez', {}, 200],
    ['to a scrape', '/metrics', {}, 200],
  ] as const)(
    '[ACC-10] %s forbids what a page does not need, and names no version',
    async (_what, path, more, status) => {
      const response = await makeApp().ask(path, { as: 'viewer', ...more });
      expect(response.status).toBe(status);
      const { headers } = response;
      const policy = headers.get('Content-Security-Policy') ?? '';
      expect(policy).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(policy).not.toContain('unsafe');
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
      expect(headers.get('Referrer-Policy')).toBe('no-referrer');
      expect(headers.get('Permissions-Policy')).toContain('camera=()');
      expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
      expect(headers.get('Cross-Origin-Resource-Policy')).toBe('same-origin');
      for (const name of ['Server', 'X-Powered-By', 'Strict-Transport-Security', 'Access-Control-Allow-Origin']) {
        expect(headers.get(name), name).toBeNull();
      }
    },
  );

  test('[ACC-10] over HTTPS asks for HTTPS from now on, but never in the name of this machine', async () => {
    const { ask } = makeApp();
    const over = async (url: string) => (await ask(url)).headers.get('Strict-Transport-Security');
    expect(await over('https://plant.example/livez')).toBe('max-age=31536000');
    expect(await over('https://localhost:8443/livez')).toBeNull();
    expect(await over('http://plant.example/livez')).toBeNull();
  });
});

describe('a forged request', () => {
  const { ask, asked } = makeApp();

  test.each([
    [{ 'Sec-Fetch-Site': 'cross-site' }, 403, 'origin_refused'],
    [{ 'Sec-Fetch-Site': 'same-site' }, 403, 'origin_refused'],
    [{ 'Content-Type': 'text/plain' }, 415, 'unsupported_type'],
    [{ 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }, 415, 'unsupported_type'],
    [{ 'Content-Type': 'Multipart/Form-Data; boundary=x' }, 415, 'unsupported_type'],
  ] as [Record<string, string>, number, string][])(
    '[ACC-10] with %j and a cookie is refused',
    async (headers, status, code) => {
      const body = '{"id":"b"}';
      const response = await ask(api('/devices'), { method: 'POST', headers: { ...cookie, ...headers }, body });
      expect([response.status, await codeOf(response)]).toEqual([status, code]);
      expect(asked).toEqual([]);
    },
  );

  test('is told from one of the gateway’s own page', async () => {
    const headers = { ...cookie, 'Sec-Fetch-Site': 'same-origin', Origin: 'http://gateway.example:8080' };
    expect((await ask(api('/devices'), { method: 'POST', headers, json: { id: 'b' } })).status).toBe(201);
  });
});

describe('a page of a configured origin', () => {
  const { ask } = makeApp(fakePorts(), [partner]);
  const preflight = (Origin: string) =>
    ask(api('/devices'), { method: 'OPTIONS', headers: { Origin, 'Access-Control-Request-Method': 'POST' } });

  test('[ACC-10] is told that it may ask with a token, and no other is', async () => {
    const { status, headers } = await preflight(partner);
    expect([status, headers.get('Access-Control-Allow-Origin'), headers.get('Vary')]).toEqual([204, partner, 'Origin']);
    expect(headers.get('Access-Control-Allow-Headers')).toContain('Authorization');
    expect(headers.get('Access-Control-Allow-Credentials')).toBeNull();
    const other = await preflight('https://evil.example');
    expect([other.status, other.headers.get('Access-Control-Allow-Origin')]).toEqual([403, null]);
  });

  test('[ACC-10] may read what it asks for with a token; a cookie counts for nothing', async () => {
    const headers = { Origin: partner, 'Sec-Fetch-Site': 'cross-site' };
    const answer = await ask(api('/devices'), { method: 'POST', as: 'administrator', headers, json: { id: 'b' } });
    expect([answer.status, answer.headers.get('Access-Control-Allow-Origin')]).toEqual([201, partner]);
    expect((await ask(api('/devices'), { headers: { ...headers, ...cookie } })).status).toBe(401);
  });
});

describe('the name that is asked for', () => {
  const policy = (...hosts: string[]) => ({ origins: [], hosts, hostsOnly: true });

  test('[ACC-10] is an address, localhost, or one that was configured', () => {
    for (const host of [
      '127.0.0.1:8080',
      '[::1]:8080',
      '192.168.1.5',
      'localhost',
      'LOCALHOST:1',
      'a.localhost',
      undefined,
    ]) {
      expect(isAnswered(host, policy()), host).toBe(true);
    }
    for (const host of ['evil.example', 'localhost.evil.example:8080', '127.0.0.1.evil.example', 'a b', '@']) {
      expect(isAnswered(host, policy()), host).toBe(false);
    }
    expect(isAnswered('Plant.example:8443', policy('plant.example'))).toBe(true);
    expect(isAnswered('evil.example', { ...policy(), hostsOnly: false })).toBe(true);
  });

  test('[ACC-10] is looked at before anything but health is answered', async () => {
    const { ask } = makeApp(fakePorts(), [], [], ['plant.example']);
    const under = async (path: string, Host: string) => (await ask(path, { as: 'viewer', headers: { Host } })).status;
    expect(await under(api('/devices'), 'evil.example')).toBe(421);
    expect(await under('/', 'evil.example')).toBe(421);
    expect(await under(api('/devices'), 'plant.example')).toBe(200);
    expect(await under('/livez', 'gateway')).toBe(200);
  });
});

describe('the origin of a page', () => {
  const policy = { origins: [partner], hosts: ['plant.example'], hostsOnly: false };

  test.each([
    [undefined, 'a', true, 'program'],
    ['http://a:8080', 'a:8080', false, 'own'],
    ['https://a', 'a:443', true, 'own'],
    ['https://a', 'a', false, 'own'],
    ['http://a', 'a', true, 'foreign'],
    ['http://a:81', 'a:80', false, 'foreign'],
    ['https://plant.example', 'inside:8080', false, 'own'],
    ['http://plant.example', 'inside:8080', true, 'foreign'],
    [partner, 'a', true, 'allowed'],
    ['https://a', undefined, true, 'foreign'],
    ['ws://a', 'a', false, 'foreign'],
    ['null', 'null', false, 'foreign'],
  ] as const)('[ACC-3] %s at %s, over HTTPS: %s, is %s', (origin, host, isHttps, page) => {
    expect(pageOf(origin, host, isHttps, policy)).toBe(page);
  });
});
