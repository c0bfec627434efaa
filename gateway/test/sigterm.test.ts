// The gateway is told to stop while everybody is busy: what it took in is on disk and acknowledged, viewers are told, and
// nobody who hangs holds it up.
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import type { LogAnswer } from '../src/contract/index.ts';
import { subprotocol } from '../src/contract/index.ts';
import { type Breakage, brokenBuild } from './instruments/broken-build.ts';
import { compareAll } from './instruments/crash-cycles.ts';
import { type GatewayProgram, gatewayProgram, newFolder } from './instruments/gateway.ts';
import { RecordingPublisher } from './instruments/recording-publisher.ts';
import { SseReader } from './instruments/sse.ts';
import { TestViewer } from './instruments/viewer.ts';

/** What may hold up the end: sockets whose other end says nothing and takes nothing. */
async function openStuckSockets({ httpPort, mqttPort, rest }: GatewayProgram): Promise<void> {
  const stuck = async (port: number, text: string): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1' });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    await new Promise(resolve => socket.once('connect', resolve));
    socket.write(text);
    return socket;
  };
  const upgrade = [
    'GET /api/v1/ws HTTP/1.1',
    'Host: gateway',
    `Authorization: Bearer ${rest.token}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==',
    `Sec-WebSocket-Protocol: ${subprotocol}`,
  ];
  const viewer = await stuck(httpPort, `${upgrade.join('\r\n')}\r\n\r\n`);
  await new Promise(resolve => viewer.once('data', resolve));
  viewer.pause();
  const device = await stuck(
    httpPort,
    `${upgrade.join('\r\n').replace('/api/v1/ws', '/mqtt').replace(subprotocol, 'mqtt')}\r\n\r\n`,
  );
  await new Promise(resolve => device.once('data', resolve));
  await stuck(httpPort, 'POST /api/v1/devices HTTP/1.1\r\nHost: gateway\r\nContent-Length: 100\r\n\r\n{');
  await stuck(mqttPort, '');
}

/** Asks until the gateway says that it is not ready, or answers no more. */
async function readyUntil(http: string): Promise<number> {
  for (;;) {
    const status = await fetch(`${http}/readyz`).then(
      answer => answer.status,
      () => 0,
    );
    if (status !== 200) return status;
  }
}

type Findings = {
  status: number | null;
  withinTenSeconds: boolean;
  notReady: number;
  /** Of three viewers, those who heard no `bye`. */
  withoutBye: string[];
  lost: number;
  doubled: number;
  /** Readings that are stored, and whose device was not told so. */
  unacknowledged: number;
};

async function terminate(main?: string): Promise<Findings> {
  const dir = newFolder();
  const gateway = await gatewayProgram(dir, ['store.commitIntervalMs=100'], { main, collect: true });
  const { http, mqttPort, rest } = gateway;
  const publishers = [
    new RecordingPublisher({ device: 'q1', qos: 1, secret: await rest.device('q1') }),
    new RecordingPublisher({ device: 'q2', qos: 2, secret: await rest.device('q2') }),
  ];
  const hanging = new RecordingPublisher({ device: 'q3', qos: 1, secret: await rest.device('q3') });
  const overWs = await mqtt.connectAsync(`${http.replace('http', 'ws')}/mqtt`, {
    username: 'q4',
    password: await rest.device('q4'),
    reconnectPeriod: 0,
  });
  onTestFinished(() => void overWs.end(true));
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send({ t: 'sub', sub: 's' });
  const stream = await SseReader.open(http, rest.token, 'device=nobody');
  await Promise.all([viewer.frame('snap'), stream.frame('snap')]);
  const { next } = await rest.get<LogAnswer>('/log?device=nobody&mode=log');
  const polled = rest.get<LogAnswer>(`/log?device=nobody&mode=log&wait=50000&after=${next}`).then(
    ({ frames }) => frames.some(({ t }) => t === 'bye'),
    () => false,
  );
  const runs = [...publishers, hanging].map(publisher => publisher.run(mqttPort));
  await Promise.all([...publishers, hanging].map(publisher => publisher.whenAcknowledged(500)));
  hanging.freeze();
  // Only now: one that does not sign in is thrown out after a while.
  await openStuckSockets(gateway);

  const began = performance.now();
  gateway.child.kill('SIGTERM');
  const notReady = readyUntil(http);
  const status = await gateway.gone;
  const withinTenSeconds = performance.now() - began < 10_000;
  await Promise.all([...runs.slice(0, 2), viewer.closed, stream.closed]);
  const byes = { ws: viewer.of('bye').length > 0, sse: stream.of('bye').length > 0, poll: await polled };

  const again = await gatewayProgram(dir, [], { collect: true });
  const found = await compareAll({ http: again.http, token: again.rest.token }, publishers);
  return {
    status,
    withinTenSeconds,
    notReady: await notReady,
    withoutBye: Object.entries(byes).flatMap(([name, told]) => (told ? [] : [name])),
    lost: found.lost,
    doubled: found.doubled,
    unacknowledged: found.stored - publishers.reduce((sum, one) => sum + one.readings(), 0),
  };
}

test('[RUN-1] SIGTERM under load: not ready at once, all that was taken is acknowledged, viewers hear bye, status 0', async () => {
  expect(await terminate()).toEqual({
    status: 0,
    withinTenSeconds: true,
    notReady: 503,
    withoutBye: [],
    lost: 0,
    doubled: 0,
    unacknowledged: 0,
  });
}, 120_000);

test('a build that ends connections before it has committed, and tells nobody, is found out', async () => {
  const breakages: Breakage[] = [
    { file: 'gateway.ts', find: 'await store.flush();', replace: '' },
    { file: 'gateway.ts', find: 'toClose.push(() => live.close());', replace: '' },
  ];
  const found = await terminate(brokenBuild(...breakages));
  expect(found.unacknowledged).toBeGreaterThan(0);
  expect(found.withoutBye).toEqual(['ws', 'sse', 'poll']);
}, 120_000);

/** A thread that cannot be interrupted, as in the middle of a write to a disk that hangs. */
const hangs: Breakage = {
  file: 'store/writer.ts',
  find: 'if (db?.open) mark();',
  replace: `process.getBuiltinModule('node:child_process').execFileSync('sleep', ['25']);`,
};

test('[RUN-1] a second signal ends the process at once, also where a write to the disk hangs', async () => {
  const gateway = await gatewayProgram(newFolder(), [], { main: brokenBuild(hangs), collect: true });
  gateway.child.kill('SIGTERM');
  while (!gateway.said().includes('closing')) await delay(10);
  // Long enough that the thread has come to where it hangs.
  await delay(1_000);
  gateway.child.kill('SIGTERM');
  expect(await Promise.race([gateway.gone, delay(15_000).then(() => 'still there')])).toBeNull();
  expect(gateway.child.signalCode).toBe('SIGKILL');
  expect(gateway.said()).toContain('SIGTERM while closing');
}, 120_000);
