import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { registerAll } from './registration.ts';
import { createRegistry } from './registry.ts';
import { openSecrets } from './state-file.ts';

type Reply = { status: number; body?: unknown; headers?: Record<string, string> };

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that answers each call with what `reply` says, and remembers the calls. */
async function serve(reply: (call: string, body: { id?: string }) => Reply) {
  const calls: string[] = [];
  const tokens = new Set<string | undefined>();
  const server = createServer(async (request: IncomingMessage, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    const call = `${request.method} ${request.url}`;
    const body = JSON.parse(text) as { id?: string };
    calls.push(body.id === undefined ? call : `${call} ${body.id}`);
    tokens.add(request.headers.authorization);
    const answer = reply(call, body);
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
    response.end(JSON.stringify(answer.body ?? {}));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { calls, tokens, registry: createRegistry({ url, token: 'the-token' }), url };
}

test('new devices are created with the token, and progress is told', async () => {
  const { registry, calls, tokens } = await serve((_call, { id }) => ({
    status: 201,
    body: { id, secret: `s-${id}` },
  }));
  const secrets = await openSecrets(undefined);
  const devices = Array.from({ length: 30 }, (_, i) => ({ id: `d${i}`, name: `D ${i}` }));
  const told: number[] = [];
  const known = await registerAll(registry, secrets, devices, registered => told.push(registered));
  expect(told).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  expect(calls).toHaveLength(30);
  expect(tokens).toEqual(new Set(['Bearer the-token']));
  expect(known.get('d29')).toEqual({ secret: 's-d29', remembered: false });
  expect(secrets.get('d7')).toBe('s-d7');
});

test('a device that is there keeps the remembered secret, and gets a new one where none is remembered', async () => {
  const { registry, calls } = await serve(call =>
    call.endsWith('/secret') ? { status: 200, body: { secret: 'renewed' } } : { status: 409 },
  );
  const secrets = await openSecrets(undefined);
  secrets.set('known', 'remembered');
  const known = await registerAll(registry, secrets, [
    { id: 'known', name: 'Known' },
    { id: 'lost %', name: 'Lost' },
  ]);
  expect(known.get('known')).toEqual({ secret: 'remembered', remembered: true });
  expect(known.get('lost %')).toEqual({ secret: 'renewed', remembered: false });
  expect(calls.filter(call => call.endsWith('/secret'))).toEqual(['POST /api/v1/devices/lost%20%25/secret']);
});

test.each([
  [401, 78, /^The gateway refused the token: .* answered 401 \(Sign in first: too old\)$/],
  [403, 78, /^The token may not register devices: expected one of an administrator/],
  [500, 1, /^Registering d1 failed: expected 201 or 409, the gateway answered 500/],
])('an answer of %i is said in one sentence', async (status, exit, sentence) => {
  const { registry } = await serve(() => ({ status, body: { title: 'Sign in first', detail: 'too old' } }));
  await expect(registry.create('d1', 'D1')).rejects.toMatchObject({
    status: exit,
    message: expect.stringMatching(sentence),
  });
});

test('no more than 32 requests are under way at once', async () => {
  let now = 0;
  let most = 0;
  const busy = async () => {
    most = Math.max(most, ++now);
    await new Promise(resolve => setImmediate(resolve));
    now--;
    return 'secret';
  };
  const devices = Array.from({ length: 200 }, (_, i) => ({ id: `d${i}`, name: `D ${i}` }));
  await registerAll({ create: busy, renewSecret: busy }, await openSecrets(undefined), devices);
  expect(most).toBe(32);
});

test('a busy gateway is asked again after the time it names', async () => {
  let asked = 0;
  const { registry } = await serve(() => {
    asked++;
    return asked < 3 ? { status: 429, headers: { 'retry-after': '0' } } : { status: 201, body: { secret: 's' } };
  });
  expect(await registry.create('d1', 'D1')).toBe('s');
  expect(asked).toBe(3);
});

test('something that is no gateway is said', async () => {
  const { registry } = await serve(() => ({ status: 201, body: 'hello' }));
  await expect(registry.create('d1', 'D1')).rejects.toThrow(/expected a secret in the answer/);
});

test('what was learned before a failure is kept', async () => {
  const { registry } = await serve((_call, { id }) =>
    id === 'bad' ? { status: 500 } : { status: 201, body: { secret: `s-${id}` } },
  );
  const secrets = await openSecrets(undefined);
  const devices = ['good', 'bad', 'good-2'].map(id => ({ id, name: id }));
  await expect(registerAll(registry, secrets, devices)).rejects.toThrow(/Registering bad failed/);
  expect(secrets.get('good')).toBe('s-good');
});

test('a gateway that is not there is said with its address', async () => {
  const { registry, url } = await serve(() => ({ status: 200 }));
  for (const close of closers.splice(0)) close();
  await expect(registry.create('d1', 'D1')).rejects.toMatchObject({
    status: 1,
    message: `Cannot reach the gateway at ${url}: nothing listens there`,
  });
});
