import { beforeEach, describe, expect, test } from 'vitest';
import { limits, type Problem, type Role, roles } from '../contract/index.ts';
import { createApp } from './app.ts';
import { fakePorts, makeApp } from './fake-ports.fixture.ts';
import { secretIn } from './guard.ts';

let ask: ReturnType<typeof makeApp>['ask'];
let asked: unknown[][];
beforeEach(() => {
  ({ ask, asked } = makeApp());
});

const api = (path: string) => `/api/v1${path}`;
const codeOf = async (response: Response) => ((await response.json()) as Problem).code;
type Step = [needed: Role, method: string, path: string, json?: unknown];

const steps: Step[] = [
  ['viewer', 'GET', '/devices'],
  ['viewer', 'GET', '/devices/a'],
  ['viewer', 'GET', '/devices/a/latest'],
  ['viewer', 'GET', '/history?device=a&metric=t'],
  ['viewer', 'GET', '/commands'],
  ['viewer', 'GET', '/commands/1'],
  ['viewer', 'GET', '/session'],
  ['viewer', 'GET', '/voids'],
  ['viewer', 'GET', '/storage'],
  ['viewer', 'GET', '/storage/series'],
  ['operator', 'POST', '/devices/a/commands', { name: 'stop' }],
  ['operator', 'POST', '/commands/1/cancel'],
  ['operator', 'POST', '/voids', { device: 'a', metric: 't', from: 1, to: 2, reason: 'probe out' }],
  ['operator', 'POST', '/voids/1/restore', { reason: 'it was right' }],
  ['administrator', 'POST', '/devices', { id: 'b' }],
  ['administrator', 'PATCH', '/devices/a', { name: 'A' }],
  ['administrator', 'DELETE', '/devices/a'],
  ['operator', 'GET', '/devices/a/connections'],
  ['administrator', 'POST', '/devices/a/secret'],
  ['administrator', 'DELETE', '/devices/a/secret/previous'],
  ['administrator', 'GET', '/credentials'],
  ['administrator', 'POST', '/credentials', { name: 'site', devices: ['pump-*'] }],
  ['administrator', 'GET', '/credentials/site'],
  ['administrator', 'PATCH', '/credentials/site', { enabled: false }],
  ['administrator', 'DELETE', '/credentials/site'],
  ['administrator', 'POST', '/credentials/site/secret', { overlapMs: 60_000 }],
  ['administrator', 'DELETE', '/credentials/site/secret/previous'],
  ['administrator', 'GET', '/credentials/site/connections'],
  ['administrator', 'GET', '/enrolment-keys'],
  ['administrator', 'POST', '/enrolment-keys', { name: 'batch', devices: ['*'], usesMax: 1, expiresAt: 1 }],
  ['administrator', 'DELETE', '/enrolment-keys/1'],
  ['administrator', 'GET', '/dead-letters'],
];

describe('roles', () => {
  test.each(steps)('[ACC-4] %s and above: %s %s', async (needed, method, path, json) => {
    for (const role of roles) {
      const response = await ask(api(path), { method, as: role, json });
      const allowed = roles.indexOf(role) >= roles.indexOf(needed);
      expect(response.ok, role).toBe(allowed);
      if (!allowed) expect([response.status, await codeOf(response)]).toEqual([403, 'forbidden']);
    }
  });

  test.each(steps)('[ACC-4] nobody without a sign-in: (%s) %s %s', async (_needed, method, path, json) => {
    const response = await ask(api(path), { method, json });
    expect([response.status, response.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer realm="telltale"']);
    expect(await codeOf(response)).toBe('not_signed_in');
    expect(asked).toEqual([]);
  });

  test('[ACC-4] a role is judged before the body, which may tell of what is there', async () => {
    expect((await ask(api('/devices'), { method: 'POST', as: 'viewer', json: { nonsense: 1 } })).status).toBe(403);
  });

  test('metrics are for those who are signed in', async () => {
    expect((await ask('/metrics')).status).toBe(401);
    expect((await ask('/metrics', { as: 'viewer' })).status).toBe(200);
  });
});

describe('the secret', () => {
  test.each(['token', 'access_token', 'secret', 'authorization', 'telltale_session', 'code'])(
    '[ACC-1] is not taken from the URL, as in ?%s=',
    async name => {
      expect((await ask(`${api('/devices')}?${name}=administrator`)).status).toBe(401);
    },
  );

  test('is taken from the header or the cookie', async () => {
    expect((await ask(api('/devices'), { headers: { Authorization: 'bearer viewer' } })).status).toBe(200);
    expect((await ask(api('/devices'), { headers: { Cookie: 'telltale_session=viewer' } })).status).toBe(200);
    for (const Authorization of ['viewer', 'Basic viewer', 'Bearer', 'Bearer no one']) {
      expect((await ask(api('/devices'), { headers: { Authorization } })).status, Authorization).toBe(401);
    }
  });

  test('of the header goes before that of the cookie', () => {
    expect(secretIn('Bearer a', 'b')).toBe('a');
    expect([secretIn(undefined, 'b'), secretIn(undefined, undefined)]).toEqual(['b', null]);
  });
});

describe('the origin of a page', () => {
  const from = (Origin: string) => ask(api('/devices'), { as: 'viewer', headers: { Origin } });

  test.each(['https://evil.example', 'http://gateway.example', 'http://gateway.example:8081', 'null', 'nonsense'])(
    '[ACC-3] %s is refused, whoever is signed in',
    async origin => {
      const response = await from(origin);
      expect([response.status, await codeOf(response)]).toEqual([403, 'origin_refused']);
    },
  );

  test('[ACC-3] the gateway’s own is allowed, and so are those of the configuration and programs without one', async () => {
    expect((await from('http://gateway.example:8080')).status).toBe(200);
    expect((await ask(api('/devices'), { as: 'viewer' })).status).toBe(200);
    const other = makeApp(fakePorts(), ['https://plant.example']);
    const headers = { Origin: 'https://plant.example' };
    expect((await other.ask(api('/devices'), { as: 'viewer', headers })).status).toBe(200);
  });

  test('[ACC-3] of another page cannot sign in either', async () => {
    const headers = { Origin: 'https://evil.example' };
    const response = await ask(api('/session'), { method: 'POST', json: { code: 'x' }, headers });
    expect(response.status).toBe(403);
    expect(asked).toEqual([]);
  });
});

describe('a session', () => {
  const cookieOf = (response: Response) => response.headers.get('Set-Cookie') ?? '';

  test('[ACC-4] begins with a code, and its address is what attempts are counted by', async () => {
    const response = await ask(api('/session'), { method: 'POST', json: { code: 'x' } });
    expect(await response.json()).toMatchObject({ user: 'ada', role: 'viewer' });
    expect(asked).toEqual([['signIn', { code: 'x' }, { address: '192.0.2.7', agent: null }]]);
  });

  test('is kept in a cookie that scripts and other sites cannot use, and no answer repeats it', async () => {
    const response = await ask(api('/session'), { method: 'POST', json: { name: 'ada', password: 'p' } });
    expect(cookieOf(response)).toMatch(/^telltale_session=viewer; .*HttpOnly.*SameSite=Strict/);
    expect(cookieOf(response)).not.toContain('Secure');
    expect(await response.json()).not.toHaveProperty('secret');
  });

  test('over HTTPS goes over HTTPS alone', async () => {
    const url = 'https://gateway.example:8080/api/v1/session';
    const cookie = cookieOf(await ask(url, { method: 'POST', json: { code: 'x' } }));
    expect(cookie).toMatch(/^__Host-telltale_session=viewer; Max-Age=\d+; Path=\/; .*Secure/);
    const ended = cookieOf(await ask(url, { method: 'DELETE', as: 'viewer' }));
    expect(ended).toMatch(/^__Host-telltale_session=; Max-Age=0; Path=\/; Secure/);
  });

  test('[ACC-5] over HTTPS is not what a neighbour of the domain, or a page in the clear, left as a cookie', async () => {
    const over = async (scheme: string, Cookie: string) =>
      (await ask(`${scheme}://gateway.example:8080/api/v1/session`, { headers: { Cookie } })).status;
    expect(await over('https', '__Host-telltale_session=viewer')).toBe(200);
    expect(await over('https', 'telltale_session=viewer')).toBe(401);
    expect(await over('http', 'telltale_session=viewer')).toBe(200);
  });

  test('[ACC-5] begun through a trusted proxy is that of the client, and of its scheme', async () => {
    const headers = { 'X-Forwarded-For': '198.51.100.1, 203.0.113.5', 'X-Forwarded-Proto': 'https' };
    const begin = (app: ReturnType<typeof makeApp>) =>
      app.ask(api('/session'), { method: 'POST', json: { code: 'x' }, headers });
    const behind = makeApp(fakePorts(), [], ['192.0.2.0/24']);
    expect(cookieOf(await begin(behind))).toContain('Secure');
    expect(behind.asked).toEqual([['signIn', { code: 'x' }, { address: '203.0.113.5', agent: null }]]);
    expect(cookieOf(await begin({ ask, asked }))).not.toContain('Secure');
    expect(asked).toEqual([['signIn', { code: 'x' }, { address: '192.0.2.7', agent: null }]]);
  });

  test('is not begun with what is spent', async () => {
    const response = await ask(api('/session'), { method: 'POST', json: { code: 'spent' } });
    expect([response.status, await codeOf(response), cookieOf(response)]).toEqual([401, 'code_spent', '']);
  });

  test('ends with signing out', async () => {
    const response = await ask(api('/session'), { method: 'DELETE', as: 'viewer' });
    expect([response.status, asked]).toEqual([204, [['signOut', 'viewer']]]);
    expect(cookieOf(response)).toMatch(/^telltale_session=; .*Max-Age=0/);
  });
});

test('[ACC-7] a download ends where whoever asked for it is signed out meanwhile', async () => {
  const fakes = fakePorts();
  let over = false;
  fakes.ports.access.isOver = () => over;
  fakes.ports.transfer.export = async function* () {
    yield Buffer.from('first');
    over = true;
    yield Buffer.from('second');
  };
  const response = await makeApp(fakes).ask('/api/v1/export', { as: 'viewer' });
  expect(response.headers.get('Content-Disposition')).toContain('readings.csv');
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('first');
  await expect(reader.read()).rejects.toMatchObject({ code: 'not_signed_in' });
});

test('[ACC-11] of a body nothing is read for a stranger, but for a small one to sign in with', async () => {
  const send = async (path: string) => {
    let read = 0;
    const body = new ReadableStream({
      pull(controller) {
        read += 1024;
        if (read > limits.requestBodyBytesMax) controller.close();
        else controller.enqueue(new Uint8Array(1024));
      },
    });
    const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
    const request = new Request(`http://gateway${path}`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers,
    } as RequestInit);
    const app = createApp(
      { dashboardDir: null, pages: { hosts: [], origins: [], hostsOnly: false }, trustedProxies: [] },
      fakePorts().ports,
    );
    const { status } = await app.request(request, undefined, { incoming: { socket: {} } });
    return { status, read };
  };
  for (const path of ['/devices', '/devices/bulk', '/import', '/stream']) {
    const { status, read } = await send(api(path));
    expect([path, status]).toEqual([path, 401]);
    expect(read).toBeLessThanOrEqual(2048);
  }
  for (const path of ['/session', '/enrol']) {
    const { status, read } = await send(api(path));
    expect([path, status]).toEqual([path, 413]);
    expect(read).toBeLessThanOrEqual(limits.signInBodyBytesMax + 4096);
  }
});

test('[ACC-7] what was asked in a body that came after the sign-out is not done', async () => {
  const fakes = fakePorts();
  const body = new ReadableStream({
    pull(controller) {
      fakes.ports.access.isOver = () => true;
      controller.enqueue(Buffer.from('{"name":"stop"}'));
      controller.close();
    },
  });
  const init = { method: 'POST', body, duplex: 'half', headers: { Authorization: 'Bearer operator' } };
  const app = createApp(
    { dashboardDir: null, pages: { hosts: [], origins: [], hostsOnly: false }, trustedProxies: [] },
    fakes.ports,
  );
  const request = new Request('http://gateway/api/v1/devices/a/commands', init as RequestInit);
  request.headers.set('Content-Type', 'application/json');
  const response = await app.request(request, undefined, { incoming: { socket: {} } });
  expect([response.status, fakes.asked]).toEqual([401, []]);
});
