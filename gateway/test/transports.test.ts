// The live stream over HTTP: server-sent events and the long poll, asked as programs ask them.
import { expect, test } from 'vitest';
import { type LogAnswer, parsePosition, type ServerFrame } from '../src/contract/index.ts';
import { gatewayHere, makeToken, type Rest, type TestGateway } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { SseReader } from './instruments/sse.ts';
import { TestViewer } from './instruments/viewer.ts';

async function withDevice(set: string[] = []): Promise<TestGateway & { wire: Wire }> {
  const gateway = await gatewayHere(set);
  const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret: await gateway.rest.device('d1') });
  return { ...gateway, wire };
}

const values = (frames: readonly ServerFrame[], kinds: string[] = ['data']) =>
  frames.flatMap(frame => (kinds.includes(frame.t) && 'rows' in frame ? frame.rows.map(([, , value]) => value) : []));
const poll = (rest: Rest, query: string) => rest.get<LogAnswer>(`/log?${query}`);

test('[LIV-6] SSE: hello, definition, snapshot, then what is published, with the position as id', async () => {
  const { http, rest, wire } = await withDevice();
  await wire.publish('devices/d1/telemetry', '{"temp":20}');
  const stream = await SseReader.open(http, rest.token, 'device=d*&mode=log&intervalMs=0');
  const { frame: hello } = await stream.frame('hello');
  expect(hello).toMatchObject({ v: 1, transport: 'sse', role: 'administrator' });
  const { frame: snap, id } = await stream.frame('snap');
  expect(snap).toMatchObject({ sub: 'stream', done: true });
  expect(parsePosition(id ?? '')).toMatchObject({ epoch: hello.epoch, offset: snap.offset });
  // Whoever loses the stream before its snapshot begins anew.
  expect((await stream.frame('hello')).id).toBeNull();
  await wire.publish('devices/d1/telemetry', '{"temp":21.5}');
  const { frame: data, id: after } = await stream.frame('data');
  expect(values([data])).toEqual([21.5]);
  expect(parsePosition(after ?? '')).toMatchObject({ epoch: hello.epoch, offset: data.offset });
});

test('[LIV-2] SSE: what was missed comes with Last-Event-ID, readings and events each once', async () => {
  const { http, rest, wire, mqttPort } = await withDevice();
  const first = await SseReader.open(http, rest.token, 'mode=log');
  await first.frame('snap');
  for (let n = 0; n < 10; n++) await wire.publish('devices/d1/telemetry', `{"n":${n}}`);
  await first.frame('data', ({ rows }) => rows.some(([, , value]) => value === 9));
  await rest.device('d2');
  await first.frame('event', frame => frame.kind === 'device' && frame.device === 'd2');
  const lastId = first.lastId() ?? '';
  first.close();
  for (let n = 10; n < 20; n++) await wire.publish('devices/d1/telemetry', `{"n":${n}}`);
  await rest.device('d3');

  const second = await SseReader.open(http, rest.token, 'mode=log', { 'Last-Event-ID': lastId });
  await second.frame('snap');
  const other = await Wire.connect(mqttPort, {
    user: 'd3',
    secret: await rest.post('/devices/d3/secret').then(secretOf),
  });
  await second.frame('event', frame => frame.kind === 'presence' && frame.device === 'd3');
  await other.publish('devices/d3/telemetry', '{"n":20}');
  await second.frame('data', ({ rows }) => rows.some(([, , value]) => value === 20));
  const told = [...first.told, ...second.told].map(({ frame }) => frame);
  expect(values(told)).toEqual(Array.from({ length: 21 }, (_, n) => n));
  const events = told.flatMap(frame => (frame.t === 'event' ? [`${frame.kind} ${frame.device} ${frame.offset}`] : []));
  expect(events.filter(event => event.startsWith('device d'))).toHaveLength(2);
  expect(new Set(events).size).toBe(events.length);
});

const secretOf = (answer: unknown) => (answer as { secret: string }).secret;

test('[LIV-6] long poll: a snapshot at once, then an answer as soon as there is something, else none', async () => {
  const { rest, wire } = await withDevice();
  await wire.publish('devices/d1/telemetry', '{"n":0}');
  const first = await poll(rest, 'mode=log');
  expect(first.frames.map(({ t }) => t)).toEqual(['hello', 'def', 'snap']);
  const waiting = poll(rest, `mode=log&after=${first.next}&wait=20000`);
  await wire.publish('devices/d1/telemetry', '{"n":1}');
  const second = await waiting;
  expect(values(second.frames)).toEqual([1]);
  expect(second.frames.some(({ t }) => t === 'hello')).toBe(false);
  const third = await poll(rest, `mode=log&after=${second.next}&wait=50`);
  expect(values(third.frames)).toEqual([]);
  expect(third.next).toBe(second.next);
});

test('[LIV-2] long poll: every reading comes once, however the answers are cut', async () => {
  const { rest, wire } = await withDevice(['store.commitIntervalMs=0']);
  let { next } = await poll(rest, 'mode=log');
  const seen: unknown[] = [];
  const publishing = (async () => {
    for (let n = 0; n < 300; n++) await wire.publish('devices/d1/telemetry', `{"n":${n}}`);
  })();
  while (seen.at(-1) !== 299) {
    const answer = await poll(rest, `mode=log&after=${next}&wait=5000`);
    seen.push(...values(answer.frames));
    ({ next } = answer);
  }
  await publishing;
  expect(seen).toEqual(Array.from({ length: 300 }, (_, n) => n));
});

test('[LIV-4] long poll: a value that is stale is told once, and does not end the next wait', async () => {
  const { rest, wire } = await withDevice();
  const old = Date.now() - 10 * 60_000;
  await wire.publish('devices/d1/telemetry', `{"ts":${old},"values":{"old":1}}`);
  const first = await poll(rest, 'mode=latest');
  expect(first.frames.flatMap(frame => (frame.t === 'snap' ? frame.rows : []))).toMatchObject([[1, old, 1, 'stale']]);
  const second = await poll(rest, `mode=latest&after=${first.next}&wait=100`);
  expect(values(second.frames, ['snap', 'data'])).toEqual([]);
});

test('[LIV-2] a position of another epoch gives hello, a gap and a whole snapshot, over SSE and long poll', async () => {
  const { http, rest, wire } = await withDevice();
  await wire.publish('devices/d1/telemetry', '{"n":1}');
  const { frames } = await poll(rest, 'mode=log&after=ANOTHER:3');
  expect(frames[0]).toMatchObject({ t: 'hello' });
  expect(frames).toContainEqual(expect.objectContaining({ t: 'gap', from: 3, reason: 'epoch' }));
  expect(values(frames, ['snap'])).toEqual([1]);
  const stream = await SseReader.open(http, rest.token, 'mode=latest&after=ANOTHER:3');
  expect((await stream.frame('gap')).frame).toMatchObject({ from: 3, reason: 'epoch' });
  expect(values([(await stream.frame('snap')).frame], ['snap'])).toEqual([1]);
});

test('[LIV-6] one connection may have several subscriptions, each from its own position', async () => {
  const { http, rest, wire } = await withDevice();
  await wire.publish('devices/d1/telemetry', '{"a":1,"b":1}');
  const begun = await SseReader.open(http, rest.token, { subs: [{ sub: 'x' }] });
  const { frame: hello } = await begun.frame('hello');
  const { frame: snap } = await begun.frame('snap');
  await wire.publish('devices/d1/telemetry', '{"a":2}');
  const { offset } = (await begun.frame('data')).frame;
  await wire.publish('devices/d1/telemetry', '{"b":3}');
  const { epoch } = hello;
  const subs = [
    { sub: 'a', mode: 'log' as const, metric: ['a'], since: { epoch, offset: snap.offset } },
    { sub: 'b', mode: 'log' as const, since: { epoch, offset } },
  ];
  const stream = await SseReader.open(http, rest.token, { subs });
  for (const sub of ['a', 'b']) await stream.frame('snap', frame => frame.sub === sub && frame.done);
  const of = (sub: string) => values(stream.of('data').filter(frame => frame.sub === sub));
  expect([of('a'), of('b')]).toEqual([[2], [3]]);
  await rest.device('d2');
  const answer = await rest.post<LogAnswer>('/log?wait=0', { subs });
  expect(values(answer.frames)).toEqual([2, 3]);
  // Where the question names no position for all, each subscription's own says which events were missed.
  const missed = answer.frames.flatMap(frame => (frame.t === 'event' && frame.kind === 'device' ? [frame.device] : []));
  expect(missed).toEqual(['d2']);
});

test('[RST-1] a question that cannot be understood is answered 400 with each field, and nothing is streamed', async () => {
  const { rest } = await gatewayHere();
  const refused = async (path: string, init?: RequestInit) => {
    const response = await rest.fetch(path, init);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    return `${response.status} ${await response.text()}`;
  };
  expect(await refused('/log?mode=fast')).toMatch(/^400 .*mode/);
  expect(await refused('/stream?intervalMs=-1')).toMatch(/^400 .*intervalMs/);
  expect(await refused('/log?after=nowhere')).toMatch(/^400 .*after/);
  expect(await refused('/log?wait=100000')).toMatch(/^400 .*wait/);
  expect((await rest.fetch('/stream', { method: 'HEAD' })).status).toBe(200);
  expect(await refused('/stream', { method: 'POST', body: '{"subs":[{"sub":""}]}' })).toMatch(/^400 .*sub/);
});

test('[ACC-1] [ACC-3] without a sign-in, or from a page of another origin, there is no stream; its end ends it at once', async () => {
  const { http, rest, dir } = await gatewayHere();
  for (const path of ['stream', 'log']) {
    expect((await fetch(`${http}/api/v1/${path}`)).status).toBe(401);
    const headers = { Authorization: `Bearer ${rest.token}`, Origin: 'https://elsewhere.example' };
    expect((await fetch(`${http}/api/v1/${path}`, { headers })).status).toBe(403);
  }
  const stream = await SseReader.open(http, makeToken(dir, 'viewer'), '');
  await stream.frame('snap');
  const signedIn = await fetch(`${http}/api/v1/session`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'admin', password: 'correct horse battery' }),
  });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  const mine = await SseReader.open(http, '', '', { Authorization: '', Cookie: cookie });
  await mine.frame('snap');
  await fetch(`${http}/api/v1/session`, { method: 'DELETE', headers: { Cookie: cookie } });
  expect((await mine.frame('bye')).frame).toMatchObject({ code: 'not_signed_in' });
  await mine.closed;
});

test('[LIV-8] a gateway that closes says goodbye on every transport, and spreads the return', async () => {
  const gateway = await gatewayHere();
  const { http, rest } = gateway;
  const sockets = await Promise.all(Array.from({ length: 8 }, () => TestViewer.connect(http, rest.token)));
  const streams = await Promise.all(Array.from({ length: 8 }, () => SseReader.open(http, rest.token, '')));
  for (const stream of streams) await stream.frame('snap');
  const { next } = await poll(rest, '');
  const waiting = poll(rest, `after=${next}&wait=50000`);
  await expect.poll(async () => (await rest.fetch('/storage')).ok).toBe(true);
  await gateway.close();
  const byes = [
    ...(await Promise.all(sockets.map(socket => socket.frame('bye')))),
    ...(await Promise.all(streams.map(async stream => (await stream.frame('bye')).frame))),
    ...(await waiting).frames.filter(({ t }) => t === 'bye'),
  ] as (ServerFrame & { t: 'bye' })[];
  expect(byes).toHaveLength(17);
  for (const { code, retryMs } of byes) {
    expect(code).toBe('closing');
    expect(retryMs).toBeGreaterThanOrEqual(0);
    expect(retryMs).toBeLessThan(1_000);
  }
  expect(new Set(byes.map(({ retryMs }) => retryMs)).size).toBeGreaterThan(8);
  for (const { closed } of sockets) expect(await closed).toMatchObject({ code: 1001 });
});
