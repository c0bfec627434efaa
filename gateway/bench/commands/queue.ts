// Ten thousand commands for devices that are away: what each costs in memory, and how long it takes to deliver all of
// them, in order, when the devices come back at once.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { mapInTurns } from '../faults/turns.ts';
import { startGatewayIn } from '../programs.ts';
import { newFolder, removeFolder } from '../store/folder.ts';
import { heading, line, median } from '../store/report.ts';
import type { CommandBench } from './bench.ts';
import { TakingDevice } from './taking-device.ts';

const scales = { full: { devices: 1_000, each: 10 }, tiny: { devices: 20, each: 10 } };
const askedAtOnce = 50;
const ttlMs = 3_600_000;
const bytesMax = 1_024;
const deliverySecondsMax = 10;
const patienceMs = 60_000;
const probe = fileURLToPath(new URL('./heap-probe.ts', import.meta.url));

type Outcome = {
  heapBytes: number;
  rssBytes: number;
  seconds: number;
  missing: number;
  disordered: number;
  twice: number;
};

/** Runs every round in a fresh gateway and prints medians. */
export async function benchQueue({ rounds, scale }: CommandBench): Promise<void> {
  const size = scale === 'tiny' ? scales.tiny : scales.full;
  heading(
    `queue: ${size.devices * size.each} commands for ${size.devices} devices that are away, then all of them come`,
  );
  const outcomes: Outcome[] = [];
  for (let round = 0; round < rounds; round++) outcomes.push(await measure(size));
  const tell = (name: string, of: (outcome: Outcome) => number, unit: string, most?: number) => {
    const figures = outcomes.map(of);
    const raw = `raw ${figures.map(figure => figure.toFixed(unit === 's' ? 2 : 0)).join(' ')}`;
    line(name, median(figures), unit, raw, most === undefined ? undefined : { most });
  };
  tell('heap of the main thread for each, after a collection', ({ heapBytes }) => heapBytes, 'bytes', bytesMax);
  tell('memory of the process for each (RSS)', ({ rssBytes }) => rssBytes, 'bytes');
  tell('from the first attempt to connect to the last delivery', ({ seconds }) => seconds, 's', deliverySecondsMax);
  tell('not delivered', ({ missing }) => missing, '', 0);
  tell('delivered twice', ({ twice }) => twice, '', 0);
  tell('delivered after a later one', ({ disordered }) => disordered, '', 0);
}

async function measure({ devices, each }: (typeof scales)['full']): Promise<Outcome> {
  const dir = newFolder('commands');
  process.env.BENCH_HEAP_FILE = join(dir, 'heap.json');
  const gateway = await startGatewayIn(dir, [], ['--expose-gc', '--import', probe]);
  try {
    const credentials = await gateway.createDevices(devices);
    const ask = asker(gateway);
    // As many that are over at once: what any command leaves behind (the live window of events, buffers) is not theirs
    // that wait.
    await mapInTurns(devices * each, askedAtOnce, async i => ask(i % devices, 100));
    await delay(1_000);
    const before = await memoryOf(gateway.pid);
    await mapInTurns(devices * each, askedAtOnce, i => ask(i % devices, ttlMs));
    await delay(1_000);
    const after = await memoryOf(gateway.pid);
    const perCommand = (of: (memory: NodeJS.MemoryUsage) => number) => (of(after) - of(before)) / (devices * each);
    return {
      heapBytes: perCommand(({ heapUsed, external }) => heapUsed + external),
      rssBytes: perCommand(({ rss }) => rss),
      ...(await storm(gateway.port, credentials, each)),
    };
  } finally {
    await gateway.end('SIGTERM');
    removeFolder(dir);
  }
}

function asker({ http, token }: { http: string; token: string }) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  return async (device: number, ttl: number): Promise<void> => {
    const body = JSON.stringify({ name: 'setTarget', params: { target: 21 }, ttlMs: ttl });
    const answer = await fetch(`${http}/api/v1/devices/load-${device}/commands`, { method: 'POST', headers, body });
    const text = await answer.text();
    if (answer.status !== 202) throw new Error(`${answer.status} ${text}`);
  };
}

async function memoryOf(pid: number): Promise<NodeJS.MemoryUsage> {
  const file = process.env.BENCH_HEAP_FILE ?? '';
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  while (!existsSync(file)) await delay(20);
  return JSON.parse(readFileSync(file, 'utf8')) as NodeJS.MemoryUsage;
}

/** All devices come at once and take what waits for them; each looks at the order. */
async function storm(port: number, credentials: readonly [string, string][], each: number) {
  const wanted = credentials.length * each;
  const seen = new Set<string>();
  const outcome = { seconds: 0, missing: wanted, disordered: 0, twice: 0 };
  const began = performance.now();
  const opened = await Promise.all(
    credentials.map(credential => {
      let last = '';
      // Ids grow with the requests.
      const taken = (command: string, at: number) => {
        if (seen.has(command)) outcome.twice++;
        else if (command < last) outcome.disordered++;
        last = command;
        seen.add(command);
        outcome.seconds = (at - began) / 1_000;
      };
      return TakingDevice.open(port, credential, taken);
    }),
  );
  while (performance.now() < began + patienceMs && seen.size < wanted) await delay(20);
  for (const device of opened) device.close();
  return { ...outcome, missing: wanted - seen.size };
}
