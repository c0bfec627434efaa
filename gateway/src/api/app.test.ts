import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Problem } from '../contract/index.ts';
import { type Ask, fakePorts, makeApp } from './fake-ports.fixture.ts';

let ask: ReturnType<typeof makeApp>['ask'];
let asked: unknown[][];
beforeEach(() => {
  ({ ask, asked } = makeApp());
});

const problemOf = async (response: Response) => (await response.json()) as Problem;
const api = (path: string) => `/api/v1${path}`;

describe('a request that cannot be understood', () => {
  test('[RST-1] is a problem that names each field, what was expected and what came', async () => {
    const response = await ask(api('/history?device=a%2Fb&metric=t&limit=0&interval=5x'), { as: 'viewer' });
    expect(response.status).toBe(400);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ type: 'about:blank', status: 400, code: 'bad_request' });
    expect(problem.errors?.map(({ where, got }) => [where, got])).toEqual([
      ['query.device', '"a/b"'],
      ['query.interval', '"5x"'],
      ['query.limit', '"0"'],
    ]);
    for (const { expected } of problem.errors ?? []) expect(expected).not.toBe('');
  });

  test('[RST-1] says of each field of a body what came', async () => {
    const json = { name: 5, ttlMs: 1, more: true };
    const response = await ask(api('/devices/a/commands'), { as: 'operator', method: 'POST', json });
    expect(response.status).toBe(400);
    const errors = (await problemOf(response)).errors ?? [];
    expect(errors).toContainEqual(expect.objectContaining({ where: 'json.name', got: '5' }));
    expect(errors).toContainEqual({ where: 'json.ttlMs', expected: 'number to be >=100', got: '1' });
    expect(errors).toContainEqual({ where: 'json.more', expected: 'no such key', got: 'true' });
  });

  test('[RST-1] says of a header what came', async () => {
    const headers = { 'Idempotency-Key': 'k'.repeat(129) };
    const request = { as: 'operator', method: 'POST', json: { name: 'stop' }, headers } as const;
    const { errors } = await problemOf(await ask(api('/devices/a/commands'), request));
    expect(errors?.[0]?.where).toBe('header.idempotency-key');
    expect(errors?.[0]?.got).toContain('kkk');
  });

  test.each([
    ['no JSON', { body: '{oops', headers: { 'Content-Type': 'application/json' } }],
    ['no body', {}],
    [
      'parameters nested beyond all measure',
      {
        body: `{"name":"stop","params":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
        headers: { 'Content-Type': 'application/json' },
      },
    ],
  ] as [string, Ask][])('[RST-1] %s is answered 400', async (_what, request) => {
    const response = await ask(api('/devices/a/commands'), { as: 'operator', method: 'POST', ...request });
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatchObject({ code: 'bad_request' });
    expect(asked).toEqual([]);
  });

  test.each([
    ['/history?device=a&metric=t&from=5&to=5', 'from'],
    ['/history?device=a&metric=t&tz=Mars', 'Mars'],
    ['/history?device=a&metric=t&from=yesterday', 'yesterday'],
    ['/history?device=a&metric=t&from=-9000000000000000&interval=1d&tz=Europe/Berlin', 'from'],
    ['/commands?state=lost', 'lost'],
    ['/devices?limit=many', 'many'],
    ['/devices?limit=1001', '1001'],
  ])('[RST-1] %s is answered 400 and says why', async (path, word) => {
    const response = await ask(api(path), { as: 'viewer' });
    expect(response.status).toBe(400);
    expect(JSON.stringify(await problemOf(response))).toContain(word);
  });

  test('[RST-1] a body of another type is a problem of its own', async () => {
    const request = { body: 'name=stop', headers: { 'Content-Type': 'text/plain' } };
    const response = await ask(api('/devices/a/commands'), { as: 'operator', method: 'POST', ...request });
    expect(response.status).toBe(415);
    expect(await problemOf(response)).toMatchObject({ status: 415, code: 'bad_request' });
    expect(asked).toEqual([]);
  });

  test('[RST-1] a wrong sign-in is told without the password', async () => {
    const json = { name: '', password: 'hunter2hunter2' };
    const response = await ask(api('/session'), { method: 'POST', json });
    expect(response.status).toBe(400);
    const text = await response.text();
    expect(text).not.toContain('hunter2');
  });

  test('that is too large is refused', async () => {
    const json = { name: 'stop', reason: 'x'.repeat(300_000) };
    const headers = { 'Content-Length': String(JSON.stringify(json).length) };
    const response = await ask(api('/devices/a/commands'), { as: 'operator', method: 'POST', json, headers });
    expect(await problemOf(response)).toMatchObject({ status: 413, code: 'too_large' });
  });
});

describe('a problem', () => {
  test('of what is not there says so', async () => {
    const gone = await ask(api('/devices/nobody'), { as: 'viewer' });
    expect(await problemOf(gone)).toMatchObject({
      status: 404,
      code: 'not_found',
      detail: expect.stringContaining('nobody'),
    });
    const never = await ask(api('/history?device=a&metric=never'), { as: 'viewer' });
    expect(never.status).toBe(404);
    const nothing = await ask(api('/nothing'), { as: 'viewer' });
    expect(await problemOf(nothing)).toMatchObject({
      code: 'not_found',
      detail: 'nothing answers GET /api/v1/nothing',
    });
  });

  test('of ours tells nothing of what went wrong inside, and may be tried again', async () => {
    const response = await ask(api('/commands/fault'), { as: 'viewer' });
    expect([response.status, response.headers.get('Retry-After')]).toEqual([500, '5']);
    expect(await response.text()).not.toContain('secret detail');
  });
});

describe('answers', () => {
  test.each([
    api('/devices'),
    api('/export'),
    api('/history?device=a&metric=t&format=csv'),
    api('/nothing'),
    api('/commands/fault'),
    api('/session?as=nobody'),
  ])('are never stored on the way, and forbid to be framed: %s', async path => {
    const { headers } = await ask(path, { as: path.includes('nobody') ? undefined : 'viewer' });
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('Referrer-Policy')).toBe('no-referrer');
  });

  test('page by key: a full page has a next, a short one has none', async () => {
    const next = async (path: string) => ((await (await ask(path, { as: 'viewer' })).json()) as { next: unknown }).next;
    expect(await next(api('/devices?limit=2'))).toBe('b');
    expect(await next(api('/devices?limit=3'))).toBeNull();
    expect(await next(api('/history?device=a&metric=t'))).toBe(String(Date.UTC(2026, 0, 5)));
  });

  test('of history are readings, or buckets where points or an interval are asked for', async () => {
    const get = async (query: string) =>
      (await ask(api(`/history?device=a&metric=t${query}`), { as: 'viewer' })).json();
    expect(await get('')).toHaveProperty('readings');
    expect(await get('&points=60')).toMatchObject({
      interval: '60000ms',
      buckets: [[Date.UTC(2026, 0, 5) - 9, 1, 1, 1, 1, 1, 1]],
    });
    expect(await get('&interval=1d&tz=Europe/Berlin')).toMatchObject({ interval: '1d' });
    expect(asked.filter(([name]) => name === 'buckets').map(([, call]) => call)).toMatchObject([
      { points: 60 },
      { interval: { unit: 'day', count: 1 }, zone: 'Europe/Berlin' },
    ]);
  });

  test('of buckets come as CSV too', async () => {
    const response = await ask(api('/history?device=a&metric=t&interval=1h&format=csv'), { as: 'viewer' });
    expect(response.headers.get('Content-Type')).toBe('text/csv; charset=utf-8');
    expect(await response.text()).toBe(
      `start,count,min,max,mean,first,last,until,reason\r\n${Date.UTC(2026, 0, 5) - 9},1,1,1,1,1,1,,\r\n`,
    );
  });

  test('of the latest values come as CSV too, with text in quotes and nothing where there is nothing', async () => {
    const response = await ask(api('/devices/a/latest?format=csv'), { as: 'viewer' });
    expect(response.headers.get('Content-Type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('Content-Disposition')).toContain('a-latest.csv');
    const ts = Date.UTC(2026, 0, 5) - 5;
    expect(await response.text()).toBe(
      'metric,unit,ts,time,value,freshness,cadence_ms\r\n' +
        '"door, ""back""",,,,,never,\r\n' +
        `"state","",${ts},${new Date(ts).toISOString()},"'=1,""on""",late,2000\r\n`,
    );
    const wrong = await ask(api('/devices/a/latest?format=xml'), { as: 'viewer' });
    expect([wrong.status, (await problemOf(wrong)).errors?.[0]?.where]).toEqual([400, 'query.format']);
    expect((await ask(api('/devices/nobody/latest?format=csv'), { as: 'viewer' })).status).toBe(404);
  });

  test('tell health without a sign-in, and 503 where it is not well', async () => {
    expect([(await ask('/livez')).status, (await ask('/readyz')).status]).toEqual([200, 200]);
    const fake = fakePorts();
    fake.ports.health = () => ({ ok: false, checks: { store: { ok: false, detail: 'the disk is full' } } });
    const { ask: askIll } = makeApp(fake);
    const response = await askIll('/readyz');
    expect([response.status, await response.json()]).toEqual([503, { ok: false }]);
    expect(await (await askIll('/readyz', { as: 'viewer' })).text()).toContain('the disk is full');
    const { principalOf } = fake.ports.access;
    fake.ports.access.principalOf = async secret => {
      const principal = await principalOf(secret);
      return principal && { ...principal, scope: { devices: ['a'], tags: [] } };
    };
    expect(await (await askIll('/readyz', { as: 'viewer' })).json()).toEqual({ ok: false });
  });

  test('of the two documents are made once, for anybody may ask', async () => {
    for (const path of ['/openapi.json', '/asyncapi.json'].map(api)) {
      await ask(path);
      const stringify = vi.spyOn(JSON, 'stringify');
      expect((await ask(path)).headers.get('Content-Type')).toBe('application/json');
      expect(stringify).not.toHaveBeenCalled();
      stringify.mockRestore();
    }
  });

  test('of metrics have every counter and gauge', async () => {
    const text = await (await ask('/metrics', { as: 'viewer' })).text();
    expect(text).toMatch(/^telltale_ingest_dead_letters_total 3$/m);
    expect(text).toMatch(/^telltale_open_commands 2$/m);
    expect(text).toMatch(/^telltale_store_file_bytes 4096$/m);
  });
});
