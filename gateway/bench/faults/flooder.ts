// One device publishes as fast as it can beside fifty that keep a pace: how long those wait for their PUBACKs, without
// and with it.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type PacedResult, pacedLoad } from '../../test/instruments/paced-load.ts';
import { heading, line, median, note } from '../store/report.ts';
import type { FaultBench } from './bench.ts';
import { plantWith } from './plant.ts';

const polite = 50;
const ratePerDevice = 10;
const pubackMsMax = 50;
const warmupSeconds = 1;
/** Messages that the flooder has under way. */
const window = 20_000;
const load = fileURLToPath(new URL('../load.ts', import.meta.url));

async function measure(seconds: number, isFlooded: boolean): Promise<PacedResult & { flood: number }> {
  const { credentials, program } = await plantWith(polite + 1);
  const [flooder, ...rest] = credentials as [[string, string], ...[string, string][]];
  const args = [
    '--port',
    program.mqttPort,
    '--connections',
    1,
    '--window',
    window,
    '--seconds',
    seconds + warmupSeconds,
  ];
  const child = isFlooded
    ? spawn(process.execPath, [load, ...args.map(String), '--credentials', JSON.stringify([flooder])], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    : null;
  let told = '';
  child?.stdout.on('data', text => {
    told += text;
  });
  const gone = new Promise(resolve => (child === null ? resolve(null) : child.once('close', resolve)));
  const rate = polite * ratePerDevice;
  const result = await pacedLoad({ port: program.mqttPort, credentials: rest, rate, seconds, warmupSeconds });
  await gone;
  await program.stop();
  const flooded =
    told === '' ? { messages: 0, seconds: 1 } : (JSON.parse(told) as { messages: number; seconds: number });
  return { ...result, flood: flooded.messages / flooded.seconds };
}

/** Prints the waits of the polite devices, quiet and flooded in turns. */
export async function benchFlooder({ rounds, seconds }: FaultBench): Promise<void> {
  heading(`${polite} devices with ${ratePerDevice} messages a second each, and one that floods`);
  const quiet: PacedResult[] = [];
  const flooded: Awaited<ReturnType<typeof measure>>[] = [];
  for (let round = 0; round < rounds; round++) {
    quiet.push(await measure(seconds, false));
    flooded.push(await measure(seconds, true));
  }
  for (const [name, results, aim] of [
    ['without the flooder', quiet, undefined],
    ['with it', flooded, { most: pubackMsMax }],
  ] as const) {
    const p99 = results.map(result => result.p99);
    const beside = `raw ${p99.map(ms => ms.toFixed(1)).join(' ')}; p50 ${median(results.map(({ p50 }) => p50)).toFixed(1)}`;
    line(`PUBACK of a polite device, p99, ${name}`, median(p99), 'ms', beside, aim);
  }
  const missing = flooded.reduce((sum, { due, acknowledged }) => sum + due - acknowledged, 0);
  line('PUBACKs that did not come', missing, '', '', { most: 0 });
  note(`the flooder had ${Math.round(median(flooded.map(({ flood }) => flood)))} messages a second acknowledged`);
  note(
    `the generator was late by ${median(flooded.map(({ lateP99 }) => lateP99)).toFixed(1)} ms at the 99th percentile`,
  );
}
