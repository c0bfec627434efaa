// Two thousand devices and two hundred viewers lose their gateway at once, and all come back at once: how many of them
// fail, how long until CONNACK, and how long until every viewer is live again.
import { connect, type Socket } from 'node:net';
import { freePort } from '../../test/instruments/free-port.ts';
import { field, packet, splitPackets } from '../../test/instruments/mqtt-bytes.ts';
import { pageClient } from '../live/page-client.ts';
import { startProgram } from '../store/program.ts';
import { heading, line, median, note, percentile } from '../store/report.ts';
import type { FaultBench } from './bench.ts';
import { type Credential, plantWith } from './plant.ts';

const connackMsMax = 5_000;
const waitMsMax = 60_000;
const outageMs = 1_000;
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** Connects, subscribes to its commands and publishes once; `connackMs` is from the attempt, `failure` why it did not. */
type Arrival = { socket: Socket; connackMs: number; failure: string | null };

function arrive(port: number, [device, secret]: Credential): Promise<Arrival> {
  const began = performance.now();
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const head = Buffer.concat([field('MQTT'), Buffer.from([4, 0xc2, 0, 60]), field(device)]);
  socket.on('connect', () => socket.write(packet(0x10, head, field(device), field(secret))));
  let connackMs = Number.POSITIVE_INFINITY;
  let left: Buffer = Buffer.alloc(0);
  return new Promise(resolve => {
    const end = (failure: string | null) => resolve({ socket, connackMs, failure });
    socket.on('error', error => end(error.message));
    socket.on('close', () => end('closed'));
    setTimeout(end, waitMsMax, 'took too long').unref();
    socket.on('data', chunk => {
      const { packets, rest } = splitPackets(Buffer.concat([left, chunk]));
      left = rest;
      for (const { type, body } of packets) {
        if (type === 2 && body[1] !== 0) end(`CONNACK ${body[1]}`);
        else if (type === 2) {
          connackMs = performance.now() - began;
          socket.write(packet(0x82, Buffer.from([0, 1]), field(`devices/${device}/commands/+`), Buffer.from([1])));
          socket.write(packet(0x32, field(`devices/${device}/telemetry`), Buffer.from([0, 2]), Buffer.from('{"v":1}')));
        } else if (type === 4) end(null);
      }
    });
  });
}

/** A client of the dashboard in mode `latest`. */
class Viewer {
  settledAt: number | null = null;
  readonly connection;

  constructor(http: string, token: string) {
    this.connection = pageClient(http, token);
    this.connection.subscribe({ device: ['load-1*'] }, update => {
      if (update.kind === 'settled') this.settledAt = performance.now();
      else if (update.kind === 'lost') this.settledAt = null;
    });
  }
}

type Outcome = { connackMs: number[]; failures: string[]; viewersMs: number[] };

async function measure(devices: number, viewers: number): Promise<Outcome> {
  const set = [`http.port=${await freePort()}`, `mqtt.port=${await freePort()}`];
  const { dir, token, credentials, program } = await plantWith(devices, set);
  const all = Array.from({ length: viewers }, () => new Viewer(program.http, token));
  const come = (port: number) => Promise.all(credentials.map(pair => arrive(port, pair)));
  let running = program;
  let arrivals: Arrival[] = [];
  const untilLive = async () => {
    const end = performance.now() + waitMsMax;
    while (performance.now() < end && all.some(({ settledAt }) => settledAt === null)) await pause(20);
  };
  try {
    for (const { connection } of all) connection.start();
    arrivals = await come(program.mqttPort);
    await untilLive();
    await program.stop('SIGKILL');
    await pause(outageMs);
    running = await startProgram(dir, set);
    const readyAt = performance.now();
    for (const { connection } of all) connection.wake();
    arrivals = await come(running.mqttPort);
    await untilLive();
    return {
      connackMs: arrivals.map(({ connackMs }) => connackMs),
      failures: arrivals.flatMap(({ failure }) => (failure === null ? [] : [failure])),
      viewersMs: all.map(({ settledAt }) => (settledAt ?? Number.POSITIVE_INFINITY) - readyAt),
    };
  } finally {
    for (const { socket } of arrivals) socket.removeAllListeners('close').destroy();
    for (const { connection } of all) connection.stop();
    await running.stop('SIGKILL');
  }
}

/** Prints the outcomes of all rounds. */
export async function benchStorm({ rounds, scale }: FaultBench): Promise<void> {
  const [devices, viewers] = scale === 'tiny' ? [200, 20] : [2_000, 200];
  heading(`${devices} devices and ${viewers} viewers back at once after SIGKILL`);
  const outcomes: Outcome[] = [];
  for (let round = 0; round < rounds; round++) outcomes.push(await measure(devices, viewers));
  const failures = outcomes.flatMap(outcome => outcome.failures);
  line('devices that failed', failures.length, '', [...new Set(failures)].join(', '), { most: 0 });
  const p99 = outcomes.map(({ connackMs }) => percentile(connackMs, 0.99));
  const medians = outcomes.map(({ connackMs }) => median(connackMs).toFixed(0)).join(' ');
  const beside = `raw ${p99.map(ms => ms.toFixed(0)).join(' ')}; medians ${medians}`;
  line('CONNACK, p99', Math.max(...p99), 'ms', beside, { most: connackMsMax });
  const late = outcomes.flatMap(({ viewersMs }) => viewersMs.filter(ms => !Number.isFinite(ms)));
  line('viewers that did not become live again', late.length, '', '', { most: 0 });
  note(
    `the last viewer was live after ${outcomes.map(({ viewersMs }) => Math.max(...viewersMs).toFixed(0)).join(' ')} ms`,
  );
}
