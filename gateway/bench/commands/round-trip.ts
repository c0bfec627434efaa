// From a request over REST to the answered state that a viewer sees, while a thousand devices send telemetry: how long the
// whole way takes, and where the time goes.
import { setTimeout as delay } from 'node:timers/promises';
import { type ServerFrame, subprotocol } from '../../src/contract/index.ts';
import { mapInTurns } from '../faults/turns.ts';
import { startGateway } from '../programs.ts';
import { heading, line, median, percentile } from '../store/report.ts';
import type { CommandBench } from './bench.ts';
import { TakingDevice } from './taking-device.ts';

const scales = {
  full: { devices: 1_000, commands: 1_000, messagesPerSecond: 1_000 },
  tiny: { devices: 20, commands: 40, messagesPerSecond: 20 },
};
const commandsPerSecond = 20;
const warmUpMs = 2_000;
const patienceMs = 5_000;
const p50Max = 25;
const p99Max = 100;

/** Moments of one command, in milliseconds of this process. */
type Trip = { asked: number; accepted: number; taken: number; seen: number };

/** Runs every round in a fresh gateway and prints medians. */
export async function benchRoundTrip({ rounds, scale }: CommandBench): Promise<void> {
  const size = scale === 'tiny' ? scales.tiny : scales.full;
  heading(
    `round trip: ${size.commands} commands, ${commandsPerSecond} a second, to ${size.devices} devices that answer at once, ` +
      `${size.messagesPerSecond} messages of telemetry a second, default settings`,
  );
  const runs: Trip[][] = [];
  for (let round = 0; round < rounds; round++) runs.push(await measure(size));
  const whole = (trip: Trip) => trip.seen - trip.asked;
  tell('REST request to answered state at a viewer: p50', runs, whole, 0.5, p50Max);
  tell('the same: p99', runs, whole, 0.99, p99Max);
  tell('the same: longest', runs, whole, 1);
  for (const share of [0.5, 0.99]) {
    const name = `p${share * 100}`;
    tell(`request to 202: ${name}`, runs, trip => trip.accepted - trip.asked, share);
    tell(`request to the device: ${name}`, runs, trip => trip.taken - trip.asked, share);
    tell(`device to the viewer: ${name}`, runs, trip => trip.seen - trip.taken, share);
  }
  const missing = runs.reduce((sum, trips) => sum + size.commands - trips.length, 0);
  line('commands that no viewer saw answered', missing, '', '', { most: 0 });
}

function tell(name: string, runs: readonly Trip[][], of: (trip: Trip) => number, share: number, most?: number): void {
  const figures = runs.map(trips => percentile(trips.map(of), share));
  const raw = `raw ${figures.map(ms => ms.toFixed(1)).join(' ')}`;
  line(name, median(figures), 'ms', raw, most === undefined ? undefined : { most });
}

async function measure({ devices, commands, messagesPerSecond }: (typeof scales)['full']): Promise<Trip[]> {
  const gateway = await startGateway(devices);
  const trips = new Map<string, Partial<Trip>>();
  const of = (id: string) => {
    const trip = trips.get(id) ?? {};
    trips.set(id, trip);
    return trip;
  };
  const taken = (id: string, at: number) => {
    of(id).taken ??= at;
  };
  const viewer = await watch(gateway.http, gateway.token, id => {
    of(id).seen ??= performance.now();
  });
  try {
    const all = await mapInTurns(devices, 50, i =>
      TakingDevice.open(gateway.port, gateway.credentials[i] as [string, string], taken),
    );
    const stop = new AbortController();
    const telemetry = publish(all, messagesPerSecond, stop.signal);
    await delay(warmUpMs);
    await askAll(gateway, commands, of);
    const end = performance.now() + patienceMs;
    while (performance.now() < end && [...trips.values()].some(({ seen }) => seen === undefined)) await delay(20);
    stop.abort();
    await telemetry;
    for (const device of all) device.close();
  } finally {
    viewer.close();
    await gateway.stop();
  }
  return [...trips.values()].filter((trip): trip is Trip => trip.asked !== undefined && trip.seen !== undefined);
}

/** Asks for one command after the other, each at its time, of devices in no order that repeats soon. */
async function askAll(
  { http, token, credentials }: { http: string; token: string; credentials: readonly (readonly [string, string])[] },
  commands: number,
  of: (id: string) => Partial<Trip>,
): Promise<void> {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const body = JSON.stringify({ name: 'setTarget', params: { target: 21 } });
  const began = performance.now();
  const asked: Promise<void>[] = [];
  for (let i = 0; i < commands; i++) {
    await delay(Math.max(0, began + (i * 1_000) / commandsPerSecond - performance.now()));
    const [device] = credentials[(i * 619) % credentials.length] ?? [''];
    const askedAt = performance.now();
    const ask = fetch(`${http}/api/v1/devices/${device}/commands`, { method: 'POST', headers, body });
    asked.push(
      ask.then(async answer => {
        const accepted = performance.now();
        if (answer.status !== 202) throw new Error(`${answer.status} ${await answer.text()}`);
        Object.assign(of(((await answer.json()) as { id: string }).id), { asked: askedAt, accepted });
      }),
    );
  }
  await Promise.all(asked);
}

/** Publishes at an even pace, device after device, until it is stopped. */
async function publish(devices: readonly TakingDevice[], perSecond: number, stopped: AbortSignal): Promise<void> {
  const began = performance.now();
  for (let sent = 0; !stopped.aborted; await delay(5)) {
    for (; began + (sent * 1_000) / perSecond <= performance.now(); sent++) {
      devices[sent % devices.length]?.publish(`{"temperature":${20 + (sent % 100) / 10}}`);
    }
  }
}

/** A viewer that hears of the commands of all devices, and of no readings. */
async function watch(http: string, token: string, answered: (command: string) => void): Promise<WebSocket> {
  const options = { protocols: [subprotocol], headers: { Authorization: `Bearer ${token}` } };
  // Node's WebSocket takes headers, which its type does not say.
  const socket = new WebSocket(`${http.replace('http', 'ws')}/api/v1/ws`, options as unknown as string[]);
  socket.onmessage = ({ data }) => {
    const parsed = JSON.parse(String(data)) as ServerFrame | ServerFrame[];
    for (const frame of [parsed].flat()) {
      if (frame.t === 'event' && frame.kind === 'command' && frame.state === 'acknowledged') answered(frame.command);
    }
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  socket.send(JSON.stringify({ t: 'sub', sub: 'commands', metric: ['none'] }));
  return socket;
}
