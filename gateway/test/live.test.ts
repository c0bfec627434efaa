// The live stream, seen by Node's own WebSocket.
import { expect, test } from 'vitest';
import type { Latest } from '../src/contract/index.ts';
import { gatewayHere, gatewayProgram, newFolder } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { TestViewer } from './instruments/viewer.ts';

test('[LIV-1] hello, definition, snapshot, then what is published, each with its position', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.publish('devices/d1/attributes', '{"units":{"temp":"°C"}}');
  await wire.publish('devices/d1/telemetry', '{"temp":20}');
  const viewer = await TestViewer.connect(http, rest.token);
  const hello = await viewer.frame('hello');
  expect(hello).toMatchObject({ v: 1, role: 'administrator', heartbeatMs: 20_000 });
  viewer.send({ t: 'sub', id: 1, sub: 's1', device: ['d*'] });
  expect(await viewer.frame('ok')).toEqual({ t: 'ok', id: 1, sub: 's1' });
  const snap = await viewer.frame('snap');
  const { series } = await viewer.frame('def');
  expect(series).toEqual([[snap.rows[0]?.[0], 'd1', 'temp', '°C', 'number']]);
  expect(snap).toMatchObject({ sub: 's1', offset: hello.offset, done: true });
  expect(snap.rows[0]?.slice(2)).toEqual([20, 'live']);

  const ts = Date.now() + 1_000;
  await wire.publish('devices/d1/telemetry', `{"ts":${ts},"values":{"temp":21.5}}`);
  const data = await viewer.frame('data');
  expect(data.rows).toEqual([[snap.rows[0]?.[0], ts, 21.5]]);
  expect(data.offset).toBeGreaterThan(snap.offset);
});

test('a subscription has only what its patterns cover, and unsub ends it', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const one = await Wire.connect(mqttPort, { user: 'a1', secret: await rest.device('a1') });
  const two = await Wire.connect(mqttPort, { user: 'b1', secret: await rest.device('b1') });
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send([
    { t: 'sub', id: 1, sub: 'temps', device: ['a*'], metric: ['temp*'], mode: 'log' },
    { t: 'sub', id: 2, sub: 'all', mode: 'log' },
  ]);
  await viewer.frame('snap', ({ sub, done }) => sub === 'all' && done);
  await one.publish('devices/a1/telemetry', '{"temp":1,"noise":2}');
  await two.publish('devices/b1/telemetry', '{"temp":3}');
  await viewer.frame('data', ({ rows }) => rows.some(([, , value]) => value === 3));
  viewer.send({ t: 'unsub', id: 3, sub: 'all' });
  await viewer.frame('ok', ({ id }) => id === 3);
  await one.publish('devices/a1/telemetry', '{"temp":4}');
  await viewer.frame('data', ({ rows }) => rows.some(([, , value]) => value === 4));
  const values = (name: string) =>
    viewer.of('data').flatMap(({ sub, rows }) => (sub === name ? rows.map(([, , value]) => value) : []));
  expect(values('temps')).toEqual([1, 4]);
  expect(values('all').sort()).toEqual([1, 2, 3]);
});

test('[LIV-2] mode log: resumed from a position, every reading comes once, over a restart of the gateway too', async () => {
  const dir = newFolder();
  const first = await gatewayProgram(dir);
  const secret = await first.rest.device('d1');
  const wire = await Wire.connect(first.mqttPort, { user: 'd1', secret });
  const viewer = await TestViewer.connect(first.http, first.rest.token);
  viewer.send({ t: 'sub', sub: 's', mode: 'log' });
  await viewer.frame('snap');
  for (let n = 0; n < 20; n++) await wire.publish('devices/d1/telemetry', `{"n":${n}}`);
  const last = await viewer.frame('data', ({ rows }) => rows.some(([, , value]) => value === 9));
  const { epoch } = await viewer.frame('hello');
  const seen = viewer
    .of('data')
    .filter(({ offset }) => offset <= last.offset)
    .flatMap(({ rows }) => rows.map(([, , value]) => value));
  viewer.close();
  await first.kill('SIGKILL');

  const second = await gatewayProgram(dir);
  const again = await TestViewer.connect(second.http, second.rest.token);
  expect((await again.frame('hello')).epoch).toBe(epoch);
  const back = await Wire.connect(second.mqttPort, { user: 'd1', secret });
  again.send({ t: 'sub', sub: 's', mode: 'log', since: { epoch, offset: last.offset } });
  for (let n = 20; n < 40; n++) await back.publish('devices/d1/telemetry', `{"n":${n}}`);
  await again.frame('data', ({ rows }) => rows.some(([, , value]) => value === 39));
  const rest = again.of('data').flatMap(({ rows }) => rows.map(([, , value]) => value));
  expect([...seen, ...rest]).toEqual(Array.from({ length: 40 }, (_, n) => n));
  // The end of what was missed is told, with what has aged meanwhile and nothing else.
  const snaps = again.of('snap');
  expect(snaps.map(({ done }) => done)).toEqual([true]);
  expect(snaps[0]?.rows.every(([, , , freshness]) => freshness !== 'live')).toBe(true);
  expect(again.of('gap')).toEqual([]);
});

test('[LIV-2] mode latest: resumed, a viewer gets what changed meanwhile and the events it missed, in one go', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const secret = await rest.device('d1');
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret });
  await wire.publish('devices/d1/telemetry', '{"same":1,"changed":1}');
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send({ t: 'sub', sub: 's' });
  const { offset } = await viewer.frame('snap');
  const { epoch } = await viewer.frame('hello');
  viewer.close();
  await viewer.closed;
  await wire.publish('devices/d1/telemetry', '{"changed":2}');
  await wire.disconnect();

  const again = await TestViewer.connect(http, rest.token);
  again.send({ t: 'sub', sub: 's', since: { epoch, offset } });
  const snap = await again.frame('snap');
  expect(snap.rows.map(([, , value]) => value)).toEqual([2]);
  expect(await again.frame('event')).toMatchObject({
    kind: 'presence',
    device: 'd1',
    state: 'offline',
    cause: 'disconnect',
  });
});

test('[LIV-2] a position of another epoch, or ahead of the log, gives a gap with bounds and then a whole snapshot', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.publish('devices/d1/telemetry', '{"n":1}');
  const viewer = await TestViewer.connect(http, rest.token);
  const { epoch, offset } = await viewer.frame('hello');
  viewer.send({ t: 'sub', sub: 'old', mode: 'log', since: { epoch: 'ANOTHER', offset: 3 } });
  expect(await viewer.frame('gap')).toEqual({ t: 'gap', sub: 'old', from: 3, to: offset, reason: 'epoch' });
  expect((await viewer.frame('snap')).rows).toHaveLength(1);
  viewer.send({ t: 'sub', sub: 'ahead', since: { epoch, offset: offset + 1_000 } });
  expect(await viewer.frame('gap', ({ sub }) => sub === 'ahead')).toMatchObject({ reason: 'epoch' });
});

test('[LIV-4] the freshness in the stream and in REST is the same', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  const old = Date.now() - 10 * 60 * 1000;
  await wire.publish('devices/d1/telemetry', `[{"ts":${old},"values":{"old":1}},{"new":1}]`);
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send({ t: 'sub', sub: 's' });
  const snap = await viewer.frame('snap');
  const { values } = await rest.get<Latest>('/devices/d1/latest');
  const { series } = await viewer.frame('def');
  const names = new Map(series.map(([index, , metric]) => [index, metric]));
  const live = Object.fromEntries(snap.rows.map(([index, , , freshness]) => [names.get(index), freshness]));
  expect(live).toEqual({ old: 'stale', new: 'live' });
  expect(Object.fromEntries(values.map(({ metric, freshness }) => [metric, freshness]))).toEqual(live);
});

test('[LIV-5] the gateway beats when idle, and answers a ping with its position', async () => {
  const { http, rest } = await gatewayHere(['live.heartbeatMs=1000']);
  const viewer = await TestViewer.connect(http, rest.token);
  const { offset } = await viewer.frame('hello');
  viewer.send({ t: 'ping', id: 5 });
  expect(await viewer.frame('pong')).toMatchObject({ id: 5, offset });
  expect(await viewer.frame('hb')).toMatchObject({ offset });
});

test('frames that cannot be understood are answered, and only what is no JSON ends the connection', async () => {
  const { http, rest } = await gatewayHere();
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.sendText('{"t":"sub","id":7,"sub":"s","mode":"fast"}');
  expect(await viewer.frame('err')).toMatchObject({
    id: 7,
    code: 'bad_message',
    detail: expect.stringContaining('mode'),
  });
  viewer.sendText('nonsense');
  expect(await viewer.closed).toMatchObject({ code: 4400 });
  const other = await TestViewer.connect(http, rest.token, 'telltale.v9.json').catch(() => null);
  // Node's client refuses a handshake without its subprotocol; another one sees 4406.
  if (other !== null) expect(await other.closed).toMatchObject({ code: 4406 });
});
