// Bad networks between devices, viewers and a whole gateway: resets, black holes in either direction and in both, delay,
// single bytes, requests that never come to their end. Cuts, pauses and kills at random between a viewer and the gateway
// are in live-model.test.ts, a viewer that stops reading in slow-viewer.test.ts.
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import mqtt from 'mqtt';
import { describe, expect, test, vi } from 'vitest';
import type { Command, HistoryReadings } from '../src/contract/index.ts';
import { BadNetwork, type Direction } from './instruments/bad-network.ts';
import { type Breakage, brokenBuild } from './instruments/broken-build.ts';
import { compareAll } from './instruments/crash-cycles.ts';
import { gatewayHere, type TestGateway } from './instruments/gateway.ts';
import { liveClient } from './instruments/live-client.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { seededRandom } from './instruments/random.ts';
import { RecordingPublisher } from './instruments/recording-publisher.ts';
import { knowWhichTestRuns, withTestEnd } from './instruments/side-by-side.ts';
import { TestViewer } from './instruments/viewer.ts';

// What is to be found takes seconds to be found, and more of them on a busy machine.
vi.setConfig({ testTimeout: 120_000 });
knowWhichTestRuns();

const patience = { timeout: 60_000, interval: 50 };
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** A gateway of this build or a broken one, with a device. */
async function withDevice(set: string[] = [], ...broken: Breakage[]): Promise<TestGateway & { secret: string }> {
  const main = broken.length === 0 ? undefined : brokenBuild(...broken);
  const gateway = await gatewayHere(set, undefined, { main });
  return { ...gateway, secret: await gateway.rest.device('d1') };
}

/** Everything the history has of a device's metric `n`, in order of time. */
async function stored({ rest }: TestGateway): Promise<unknown[]> {
  const { readings } = await rest.get<HistoryReadings>('/history?device=d1&metric=n&from=0&limit=10000');
  return readings.map(([, value]) => value);
}

async function watching({ http, rest }: TestGateway): Promise<TestViewer> {
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send({ t: 'sub', sub: 'w', mode: 'log', intervalMs: 0 });
  await viewer.frame('snap');
  return viewer;
}

const presences = (viewer: TestViewer) =>
  viewer.of('event').flatMap(event => (event.kind === 'presence' ? [`${event.state} ${event.cause}`] : []));

describe('[RUN-4] [ING-1] devices whose connections are reset', () => {
  const resets = 8;

  /** Two devices publish through resets, delay and single bytes; what the history then has, against what they were told. */
  async function throughResets(...broken: Breakage[]) {
    const gateway = await withDevice([], ...broken);
    const { http, mqttPort, rest } = gateway;
    const network = await BadNetwork.open(() => mqttPort);
    const random = seededRandom(12);
    const publishers: RecordingPublisher[] = [];
    for (const qos of [1, 2] as const) {
      publishers.push(
        new RecordingPublisher({ device: `q${qos}`, secret: await rest.device(`q${qos}`), qos, window: 50 }),
      );
    }
    const until = (more: number) =>
      Promise.all(publishers.map(one => one.whenAcknowledged(one.acknowledged.size + more)));
    for (let reset = 0; reset < resets; reset++) {
      network.delayMs = reset % 4 === 1 ? 30 : 0;
      network.byteAtATime = reset % 4 === 2;
      const runs = publishers.map(publisher => publisher.run(network.port));
      await until(100);
      await pause(random() * 20);
      network.cut();
      await Promise.all(runs);
    }
    network.byteAtATime = false;
    const runs = publishers.map(publisher => publisher.run(network.port));
    for (const publisher of publishers) publisher.stop();
    await Promise.all(runs);
    const found = await compareAll({ http, token: rest.token }, publishers);
    return { ...found, acknowledged: publishers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0) };
  }

  test('send again what was not acknowledged: nothing is lost, and nothing is there twice', async () => {
    const found = await throughResets();
    expect(found).toMatchObject({ lost: 0, doubled: 0, wrong: 0 });
    expect(found.acknowledged).toBeGreaterThanOrEqual(resets * 200);
    expect(found.stored).toBe(found.acknowledged);
  });

  test('the same rig finds a build that forgets one message in a hundred', async () => {
    const forgetful: Breakage = {
      file: 'ingest/ingest.ts',
      find: 'const count = decoded.values.length;',
      replace: 'const count = this.counters.messages % 100 === 0 ? 0 : decoded.values.length;',
    };
    expect((await throughResets(forgetful)).lost).toBeGreaterThan(0);
  });
});

describe.concurrent('[RUN-4] a device in a black hole', () => {
  const each = 20;
  const notFound: Breakage = {
    file: 'gateway.ts',
    find: "this.inBackground(() => devices.setPresence(device, 'offline', cause))",
    replace: 'void [device, cause]',
  };

  /**
   * Publishes, falls into the hole, goes on publishing, is missed by the gateway, and comes back. `missed`: how the
   * gateway told of it within the time.
   */
  async function hole(directions: Direction[], transport: 'mqtt' | 'ws', ...broken: Breakage[]) {
    const gateway = await withDevice([], ...broken);
    const viewer = await watching(gateway);
    const network = await BadNetwork.open(() => (transport === 'mqtt' ? gateway.mqttPort : gateway.httpPort));
    const device = mqtt.connect(`${transport}://127.0.0.1:${network.port}/mqtt`, {
      clientId: 'd1',
      username: 'd1',
      password: gateway.secret,
      keepalive: 1,
      reconnectPeriod: 100,
      connectTimeout: 2_000,
      will: { topic: 'devices/d1/events', payload: Buffer.from('gone'), qos: 0, retain: false },
    });
    device.on('error', () => {});
    withTestEnd(() => void device.end(true));
    const publish = (n: number) =>
      device.publishAsync('devices/d1/telemetry', JSON.stringify({ ts: 1_763_820_000_000 + n, values: { n } }), {
        qos: 1,
      });
    await Promise.all(numbers(each).map(publish));
    for (const direction of directions) network.stop(direction);
    const rest = Promise.all(numbers(each).map(n => publish(each + n)));
    const missed = await Promise.race([
      viewer.frame('event', event => event.kind === 'presence' && event.state === 'offline'),
      // Its keep-alive is over after a second and a half; where nothing is said of it, this is waited for.
      pause(broken.length === 0 ? 60_000 : 6_000).then(() => null),
    ]);
    network.resume();
    await rest;
    if (missed !== null) await viewer.frame('event', () => presences(viewer).length >= 3);
    return { missed: missed !== null, presences: presences(viewer), stored: await stored(gateway) };
  }

  const found = {
    missed: true,
    presences: ['online connect', 'offline lost', 'online connect'],
    stored: numbers(2 * each),
  };

  test.each<[string, Direction[], 'mqtt' | 'ws']>([
    ['MQTT, nothing comes from it', ['up'], 'mqtt'],
    ['MQTT, nothing comes to it', ['down'], 'mqtt'],
    ['MQTT, in both directions', ['up', 'down'], 'mqtt'],
    ['MQTT in a WebSocket, in both directions', ['up', 'down'], 'ws'],
  ])('%s: it is missed by its keep-alive, and afterwards all is there, once', async (_, directions, transport) => {
    expect(await hole(directions, transport)).toEqual(found);
  });

  test('the same rig finds a build that does not say that a device is lost', async () => {
    expect(await hole(['up', 'down'], 'mqtt', notFound)).toMatchObject({ missed: false, stored: numbers(2 * each) });
  });

  test('its will is published when it is missed', async () => {
    const gateway = await withDevice();
    const viewer = await watching(gateway);
    const network = await BadNetwork.open(() => gateway.mqttPort);
    const will = { topic: 'devices/d1/status', payload: 'offline' };
    await Wire.connect(network.port, { user: 'd1', secret: gateway.secret, keepAliveS: 1, will });
    network.stop('up');
    await viewer.frame('event', () => presences(viewer).length >= 2);
    expect(presences(viewer)).toEqual(['online connect', 'offline will']);
  });

  test('it may come another way meanwhile: what is sent to it goes there, and the old connection takes nothing from it', async () => {
    const gateway = await withDevice();
    const viewer = await watching(gateway);
    const network = await BadNetwork.open(() => gateway.mqttPort);
    const signIn = { user: 'd1', secret: gateway.secret, id: 'd1', keepAliveS: 1 };
    const old = await Wire.connect(network.port, signIn);
    await old.subscribe('devices/d1/commands/+');
    network.stop('up');
    network.stop('down');
    const wire = await Wire.connect(gateway.mqttPort, { ...signIn, keepAliveS: 60 });
    await wire.subscribe('devices/d1/commands/+');
    const { id } = await gateway.rest.post<Command>('/devices/d1/commands', { name: 'go' });
    expect((await wire.message()).topic).toBe(`devices/d1/commands/${id}`);
    // Longer than the keep-alive of the old one.
    await pause(2_000);
    expect(await gateway.rest.get('/devices/d1')).toMatchObject({ presence: { state: 'online' } });
    network.resume();
    await old.closed;
    expect(await wire.publish('devices/d1/telemetry', '{"n":1}')).toBe(1);
    expect(old.received.filter(({ type }) => type === 3)).toEqual([]);
    expect(presences(viewer).at(-1)).toBe('online connect');
  });
});

/** The client of pages, in mode `log`: the values that came, and how. */
function logOf(base: string, token: string) {
  const connection = liveClient(base, token);
  const values: unknown[] = [];
  const gaps: string[] = [];
  const transports: string[] = [];
  let settled = false;
  connection.listen({ state: state => state.name === 'open' && transports.push(state.transport) });
  connection.subscribe({ mode: 'log', intervalMs: 0 }, update => {
    if (update.kind === 'readings') values.push(...update.readings.map(({ value }) => value));
    else if (update.kind === 'gap') gaps.push(update.reason);
    else if (update.kind === 'settled' || update.kind === 'lost') settled = update.kind === 'settled';
  });
  connection.start();
  return { connection, values, gaps, transports, isSettled: () => settled };
}

describe.concurrent('[RUN-4] [LIV-2] a viewer in a black hole', () => {
  const each = 30;

  /** What it has after some readings before, in and behind the hole, and what the gateway counted. */
  async function hole(directions: Direction[], transport: 'ws' | 'sse', ...broken: Breakage[]) {
    const gateway = await withDevice(['live.heartbeatMs=1000'], ...broken);
    const network = await BadNetwork.open(() => gateway.httpPort);
    network.blocksUpgrades = transport === 'sse';
    const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret: gateway.secret });
    const viewer = logOf(`http://127.0.0.1:${network.port}`, gateway.rest.token);
    await vi.waitFor(() => expect(viewer.isSettled()).toBe(true), patience);
    let n = 0;
    const publish = async () => {
      for (let i = 0; i < each; i++) await wire.publish('devices/d1/telemetry', `{"n":${n++}}`);
    };
    await publish();
    for (const direction of directions) network.stop(direction);
    await publish();
    // Longer than two heartbeats, so that whoever is to find it has found it.
    await pause(2_500);
    network.resume();
    await publish();
    viewer.connection.wake();
    const whole = () => viewer.isSettled() && viewer.values.includes(n - 1);
    await vi.waitFor(() => expect(whole()).toBe(true), patience);
    return { values: viewer.values, gaps: viewer.gaps, by: new Set(viewer.transports) };
  }

  test.each<[string, Direction[], 'ws' | 'sse']>([
    ['WebSocket, nothing comes from it', ['up'], 'ws'],
    ['WebSocket, nothing comes to it', ['down'], 'ws'],
    ['WebSocket, in both directions', ['up', 'down'], 'ws'],
    ['SSE, nothing comes to it', ['down'], 'sse'],
    ['SSE, in both directions', ['up', 'down'], 'sse'],
  ])('%s: afterwards it has everything, once and in order', async (_, directions, transport) => {
    const { values, gaps, by } = await hole(directions, transport);
    expect([values, gaps]).toEqual([numbers(3 * each), []]);
    expect([...by]).toContain(transport);
  });

  test('the same rig finds a build that forgets what a viewer missed', async () => {
    const forgetful: Breakage = {
      file: 'live/subscription.ts',
      find: 'else this.resume(since, head);',
      replace: 'else this.snapshot(-1, null);',
    };
    expect((await hole(['up', 'down'], 'ws', forgetful)).values).not.toEqual(numbers(3 * each));
  });
});

test.concurrent('[RUN-4] a byte at a time and 20 ms late, MQTT, WebSocket and SSE bring what they bring otherwise', async () => {
  const gateway = await withDevice();
  const slow = await BadNetwork.open(() => gateway.mqttPort);
  const network = await BadNetwork.open(() => gateway.httpPort);
  const noUpgrades = await BadNetwork.open(() => gateway.httpPort);
  noUpgrades.blocksUpgrades = true;
  for (const each of [slow, network, noUpgrades]) Object.assign(each, { byteAtATime: true, delayMs: 20 });
  const viewers = [network, noUpgrades].map(({ port }) => logOf(`http://127.0.0.1:${port}`, gateway.rest.token));
  for (const { isSettled } of viewers) await vi.waitFor(() => expect(isSettled()).toBe(true), patience);
  const wire = await Wire.connect(slow.port, { user: 'd1', secret: gateway.secret });
  expect(await wire.subscribe('devices/d1/commands/+')).toEqual([1]);
  for (const n of numbers(20)) expect(await wire.publish('devices/d1/telemetry', `{"n":${n}}`, n + 1)).toBe(n + 1);
  await gateway.rest.post('/devices/d1/commands', { name: 'go', reason: 'é'.repeat(100) });
  expect(JSON.parse((await wire.message()).payload)).toMatchObject({ name: 'go' });
  for (const { values } of viewers) await vi.waitFor(() => expect(values).toEqual(numbers(20)), patience);
  expect(viewers.map(({ transports }) => transports.at(-1))).toEqual(['ws', 'sse']);
});

/** Sends a byte each 400 ms; resolves with how long the other end let it, or null where it was longer than `msMax`. */
function trickle(port: number, bytes: string, msMax: number): Promise<number | null> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const began = performance.now();
  let at = 0;
  const timer = setInterval(() => {
    if (at < bytes.length) socket.write(bytes[at++] as string);
  }, 400);
  socket.resume().on('error', () => {});
  return new Promise(resolve => {
    const end = (ms: number | null) => {
      clearInterval(timer);
      socket.destroy();
      resolve(ms);
    };
    socket.once('close', () => end(performance.now() - began));
    setTimeout(end, msMax, null);
  });
}

test.concurrent('[RUN-4] who does not come to the end of a head, or does not sign in, is sent away, and others do not wait for it', async () => {
  const gateway = await withDevice();
  const { httpPort, mqttPort, rest } = gateway;
  // What Node does by itself where its own limits are off: the rig has to tell the two apart.
  const bare = createServer({ headersTimeout: 0, requestTimeout: 0 }, (_, response) => response.end());
  await new Promise<void>(resolve => bare.listen(0, '127.0.0.1', resolve));
  withTestEnd(() => void bare.close());
  const head = `GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ${'x'.repeat(1_000)}`;
  const msMax = 20_000;
  const slow = Promise.all([
    trickle(httpPort, head, msMax),
    trickle(httpPort, '', msMax),
    trickle(mqttPort, '\x10\x7f\x00\x04MQTT\x04\x02\x00\x3c\x00\x64xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', msMax),
    trickle(mqttPort, '', msMax),
    trickle((bare.address() as AddressInfo).port, head, msMax),
  ]);
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: gateway.secret });
  for (const n of numbers(20)) {
    await wire.publish('devices/d1/telemetry', `{"n":${n}}`);
    await rest.get('/devices/d1');
  }
  const [...sentAway] = await slow;
  expect(sentAway.pop()).toBeNull();
  for (const ms of sentAway) expect(ms).toBeLessThan(msMax);
});

test('[RUN-4] a body that is too large is answered, and not read to its end', async () => {
  const { httpPort } = await gatewayHere();
  const bytes = 64 * 1024 * 1024;
  const socket = connect({ port: httpPort, host: '127.0.0.1' });
  withTestEnd(() => void socket.destroy());
  let answer = '';
  socket.on('error', () => {});
  socket.on('data', chunk => {
    answer += chunk;
  });
  socket.write(
    `POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`,
  );
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  let sent = 0;
  const pour = () => {
    while (sent < bytes && !socket.destroyed) {
      sent += chunk.length;
      if (!socket.write(chunk)) return;
    }
  };
  socket.on('drain', pour);
  pour();
  await new Promise(resolve => socket.once('close', resolve));
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(sent).toBeLessThan(bytes);
});
