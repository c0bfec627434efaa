// What a viewer with a scope is told, over each transport and in each mode: all of what lies in the scope, nothing of
// what lies outside, and the change at once where either becomes something else.
import { expect, onTestFinished, test } from 'vitest';
import type { Latest, LogAnswer, Mode, ServerFrame, StreamRequest } from '../src/contract/index.ts';
import { gatewayHere, type Rest, type TestGateway } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { newUser, sessionOf, tokenFor } from './instruments/people.ts';
import { seededRandom } from './instruments/random.ts';
import { SseReader } from './instruments/sse.ts';
import { TestViewer } from './instruments/viewer.ts';

const scope = { devices: ['mine-*'], tags: ['cold'] };
const mine = ['mine-1', 'mine-2', 'tagged'];
/** Never in the scope; the second is like one that is, but for its case. */
const theirs = ['theirs-1', 'Mine-1', 'warm'];

/** All that one connection asks for: everything, by patterns, by names of both kinds, and by metric. */
const asks = (mode: Mode): StreamRequest['subs'] => [
  { sub: 'all', mode },
  { sub: 'pattern', mode, device: ['*1', 't*'] },
  { sub: 'named', mode, device: ['theirs-1', 'mine-1', 'warm'], intervalMs: 0 },
  { sub: 'metric', mode, metric: ['t'] },
];

async function fleet(gateway: TestGateway): Promise<Map<string, Wire>> {
  const wires = new Map<string, Wire>();
  for (const id of [...mine, ...theirs]) {
    wires.set(id, await Wire.connect(gateway.mqttPort, { user: id, secret: await gateway.rest.device(id), id }));
  }
  const tag = (id: string, tags: string[]) =>
    gateway.rest.fetch(`/devices/${id}`, { method: 'PATCH', body: JSON.stringify({ tags }) });
  await tag('tagged', ['cold', 'roof']);
  await tag('warm', ['roof']);
  return wires;
}

/** Asks in long polls, one after the other, until it is told to stop. */
class Poller {
  readonly frames: ServerFrame[] = [];
  private stopped = false;
  readonly done: Promise<void>;

  constructor(rest: Rest, mode: Mode) {
    this.done = this.run(rest, mode);
    onTestFinished(() => this.stop());
  }

  stop(): Promise<void> {
    this.stopped = true;
    return this.done;
  }

  private async run(rest: Rest, mode: Mode): Promise<void> {
    let after: string | undefined;
    while (!this.stopped) {
      const answer = await rest.post<LogAnswer>('/log?wait=200', { subs: asks(mode), after });
      this.frames.push(...answer.frames);
      after = answer.next ?? undefined;
    }
  }
}

/** Viewers of one token over all transports in both modes; `frames` is what each was told so far. */
async function watchers({ http }: TestGateway, rest: Rest) {
  const all: { name: string; frames: () => ServerFrame[] }[] = [];
  const pollers: Poller[] = [];
  for (const mode of ['latest', 'log'] as const) {
    const ws = await TestViewer.connect(http, rest.token);
    ws.send(asks(mode).map(ask => ({ t: 'sub', ...ask })));
    const sse = await SseReader.open(http, rest.token, { subs: asks(mode) });
    const poller = new Poller(rest, mode);
    pollers.push(poller);
    all.push({ name: `ws ${mode}`, frames: () => ws.frames });
    all.push({ name: `sse ${mode}`, frames: () => sse.told.map(({ frame }) => frame) });
    all.push({ name: `poll ${mode}`, frames: () => poller.frames });
  }
  return { all, stop: () => Promise.all(pollers.map(poller => poller.stop())) };
}

/** What somebody holds who took all frames: by device and metric the newest value. */
function held(frames: readonly ServerFrame[]): Record<string, unknown> {
  const names = new Map<number, string>();
  const newest = new Map<string, [ts: number, value: unknown]>();
  for (const frame of frames) {
    if (frame.t === 'def') for (const [index, device, metric] of frame.series) names.set(index, `${device} ${metric}`);
    if (frame.t !== 'snap' && frame.t !== 'data') continue;
    for (const [index, ts, value] of frame.rows) {
      const name = names.get(index) ?? 'a series that was not defined';
      if (ts !== null && ts >= (newest.get(name)?.[0] ?? 0)) newest.set(name, [ts, value]);
    }
  }
  return Object.fromEntries([...newest].map(([name, [, value]]) => [name, value]).sort());
}

/** The same as REST has it. Metrics that were announced and never sent are in neither. */
async function stored(rest: Rest, devices: readonly string[]): Promise<Record<string, unknown>> {
  const values: [string, unknown][] = [];
  for (const device of devices) {
    const latest = await rest.get<Latest>(`/devices/${device}/latest`);
    for (const { metric, value } of latest.values) if (value !== null) values.push([`${device} ${metric}`, value]);
  }
  return Object.fromEntries(values.sort());
}

/** Devices do this and that, in an order of chance; ends with a reading of each. */
async function happen({ rest }: TestGateway, wires: Map<string, Wire>, seed: number, steps: number): Promise<void> {
  const random = seededRandom(seed);
  const devices = [...wires.keys()];
  for (let i = 0; i < steps; i++) {
    const device = devices[Math.floor(random() * devices.length)] as string;
    const wire = wires.get(device) as Wire;
    const kind = random();
    if (kind < 0.6) await wire.publish(`devices/${device}/telemetry`, `{"t":${i},"u":"${i}"}`);
    else if (kind < 0.7) await wire.publish(`devices/${device}/attributes`, `{"units.new-${i}":"°C","site":"${i}"}`);
    else if (kind < 0.8) await wire.publish(`devices/${device}/status`, i % 2 === 0 ? 'offline' : 'online');
    else if (kind < 0.9) await rest.post(`/devices/${device}/commands`, { name: 'stop' });
    else await rest.fetch(`/devices/${device}`, { method: 'PATCH', body: JSON.stringify({ name: `${device} ${i}` }) });
  }
  for (const [device, wire] of wires) await wire.publish(`devices/${device}/telemetry`, '{"t":-1}');
}

test('[ACC-6] a viewer with a scope holds what REST shows it, and no frame names a device outside of the scope', {
  timeout: 90_000,
}, async () => {
  const gateway = await gatewayHere(['live.flushIntervalMs=10']);
  const wires = await fleet(gateway);
  await happen(gateway, wires, 1, 20);
  const limited = tokenFor(gateway, 'viewer', scope).rest;
  const [few, all] = [await watchers(gateway, limited), await watchers(gateway, gateway.rest)];
  await happen(gateway, wires, 2, 60);
  const wanted = await stored(limited, mine);
  for (const { name, frames } of few.all) {
    await expect.poll(() => held(frames()), { timeout: 20_000, message: name }).toEqual(wanted);
  }
  // The same rig finds them where they may be told.
  const everything = await stored(gateway.rest, [...mine, ...theirs]);
  for (const { name, frames } of all.all) {
    await expect.poll(() => held(frames()), { timeout: 20_000, message: name }).toEqual(everything);
  }
  await Promise.all([few.stop(), all.stop()]);
  const named = (frames: ServerFrame[]) => theirs.filter(device => JSON.stringify(frames).includes(`"${device}`));
  for (const { name, frames } of few.all) expect(named(frames()), name).toEqual([]);
  for (const { name, frames } of all.all) expect(named(frames()), name).toEqual(theirs);
  const kinds = new Set(
    few.all.flatMap(({ frames }) => frames().map(frame => (frame.t === 'event' ? frame.kind : ''))),
  );
  expect([...kinds].sort()).toEqual(['', 'command', 'device', 'presence']);
});

test('[ACC-6] a device that gains or loses a tag is seen, or not, at once: viewers are sent home and shown all anew', {
  timeout: 60_000,
}, async () => {
  const gateway = await gatewayHere();
  const wires = await fleet(gateway);
  for (const [device, wire] of wires) await wire.publish(`devices/${device}/telemetry`, '{"t":1}');
  const { token } = tokenFor(gateway, 'viewer', scope).rest;
  const open = async (since?: { epoch: string; offset: number }) => {
    const viewer = await TestViewer.connect(gateway.http, token);
    viewer.send({ t: 'sub', sub: 's', since });
    const { epoch } = await viewer.frame('hello');
    const { offset } = await viewer.frame('snap', ({ done }) => done);
    return { viewer, position: { epoch, offset } };
  };
  const tag = (tags: string[]) =>
    gateway.rest.fetch('/devices/warm', { method: 'PATCH', body: JSON.stringify({ tags }) });
  const before = await open();
  const patterns = tokenFor(gateway, 'viewer', { devices: ['mine-*'], tags: [] }).rest;
  const unconcerned = await TestViewer.connect(gateway.http, patterns.token);
  const stream = await SseReader.open(gateway.http, token, '');
  expect(Object.keys(held(before.viewer.frames))).toEqual(['mine-1 t', 'mine-2 t', 'tagged t']);

  await tag(['roof', 'cold']);
  expect(await before.viewer.closed).toMatchObject({ code: 4410 });
  expect(await stream.frame('bye')).toMatchObject({ frame: { code: 'rights_changed' } });
  const after = await open(before.position);
  expect(after.viewer.of('gap')).toMatchObject([{ sub: 's', reason: 'epoch' }]);
  expect(Object.keys(held(after.viewer.frames))).toEqual(['mine-1 t', 'mine-2 t', 'tagged t', 'warm t']);
  await wires.get('warm')?.publish('devices/warm/telemetry', '{"t":2}');
  await after.viewer.frame('data', ({ rows }) => rows.some(([, , value]) => value === 2));

  await tag([]);
  expect(await after.viewer.closed).toMatchObject({ code: 4410 });
  const again = await open(after.position);
  expect(Object.keys(held(again.viewer.frames))).toEqual(['mine-1 t', 'mine-2 t', 'tagged t']);
  await wires.get('warm')?.publish('devices/warm/telemetry', '{"t":3}');
  await wires.get('mine-1')?.publish('devices/mine-1/telemetry', '{"t":4}');
  await again.viewer.frame('data', ({ rows }) => rows.some(([, , value]) => value === 4));
  expect(JSON.stringify(again.viewer.frames)).not.toContain('warm');
  unconcerned.send({ t: 'ping', id: 1 });
  await unconcerned.frame('pong');
});

test('[ACC-6] [LIV-2] a scope that stays the same is the same epoch, and resumes where it was', {
  timeout: 60_000,
}, async () => {
  const gateway = await gatewayHere();
  const wires = await fleet(gateway);
  const { token } = tokenFor(gateway, 'viewer', scope).rest;
  const first = await TestViewer.connect(gateway.http, token);
  first.send({ t: 'sub', sub: 's', mode: 'log' });
  const { epoch } = await first.frame('hello');
  const { offset } = await first.frame('snap', ({ done }) => done);
  first.close();
  await first.closed;
  for (const [device, wire] of wires) await wire.publish(`devices/${device}/telemetry`, '{"t":7}');
  const second = await TestViewer.connect(gateway.http, token);
  second.send({ t: 'sub', sub: 's', mode: 'log', since: { epoch, offset } });
  await second.frame('snap', ({ done }) => done);
  expect(second.of('gap')).toEqual([]);
  expect(held(second.frames)).toEqual({ 'mine-1 t': 7, 'mine-2 t': 7, 'tagged t': 7 });
});

test('[ACC-7] a change of role or scope, a new password and deletion close at once what the user opened, on every transport', {
  timeout: 60_000,
}, async () => {
  const gateway = await gatewayHere();
  const { rest } = gateway;
  await newUser(gateway, 'ada', 'operator');
  const change = (body: object) => rest.fetch('/users/ada', { method: 'PATCH', body: JSON.stringify(body) });
  const others = await TestViewer.connect(gateway.http, rest.token);
  for (const happens of [
    () => change({ role: 'viewer' }),
    () => change({ scope }),
    () => rest.fetch('/users/ada/password', { method: 'POST' }),
    () => rest.fetch('/users/ada', { method: 'DELETE' }),
  ]) {
    const ada = sessionOf(gateway, 'ada').rest;
    const viewer = await TestViewer.connect(gateway.http, ada.token);
    await viewer.frame('hello');
    const stream = await SseReader.open(gateway.http, ada.token, '');
    await stream.frame('hello');
    // The first answer comes at once; the second waits for news that do not come.
    const { next } = await ada.get<LogAnswer>('/log?wait=0&device=x');
    const poll = ada.get<LogAnswer>(`/log?wait=50000&device=x&after=${next}`);
    expect((await happens()).ok).toBe(true);
    expect(await viewer.closed).toMatchObject({ code: 4401 });
    expect(await stream.frame('bye')).toMatchObject({ frame: { code: 'not_signed_in' } });
    await stream.closed;
    expect((await poll).frames).toContainEqual({ t: 'bye', code: 'not_signed_in' });
    expect((await ada.fetch('/session')).status).toBe(401);
    await expect(TestViewer.connect(gateway.http, ada.token)).rejects.toThrow('refused');
  }
  others.send({ t: 'ping', id: 1 });
  await others.frame('pong');
});

test('[ACC-7] a token that is revoked, and a session that is ended, close at once what they opened', {
  timeout: 60_000,
}, async () => {
  const gateway = await gatewayHere();
  const ada = await newUser(gateway, 'ada', 'operator', { devices: ['a'], tags: [] });
  const other = sessionOf(gateway, 'ada');
  const { id, secret } = await ada.rest.post<{ id: string; secret: string }>('/tokens', { name: 'x', role: 'viewer' });
  const [byToken, byOther] = [
    await TestViewer.connect(gateway.http, secret),
    await TestViewer.connect(gateway.http, other.rest.token),
  ];
  expect(await byToken.frame('hello')).toMatchObject({ user: 'ada/x', role: 'viewer' });
  expect((await ada.rest.fetch(`/tokens/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect(await byToken.closed).toMatchObject({ code: 4401 });
  expect((await ada.rest.fetch('/sessions', { method: 'DELETE' })).status).toBe(204);
  expect(await byOther.closed).toMatchObject({ code: 4401 });
  expect(await ada.rest.get('/sessions')).toMatchObject({ items: [{ current: true }] });
});
