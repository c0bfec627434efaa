// The ingest benchmark with this build and with another, in turns: what the guards cost. The product has no switch that
// turns them off, so what it is held against is a checkout from before them (`--against DIR`).
import { join, resolve } from 'node:path';
import { connections, measure } from '../ingest.ts';
import { heading, line, median, note } from '../store/report.ts';
import type { FaultBench } from './bench.ts';
import { plantWith } from './plant.ts';

const ratioMin = 0.9;
const readingsEach = [1, 10];

/** Prints the ratio of the medians, for messages of one reading and of ten. */
export async function benchGuardedIngest({ rounds, seconds, against }: FaultBench): Promise<void> {
  heading('ingest with all guards on, beside a build without');
  if (against === undefined) return note('left out: --against DIR names the checkout to compare with');
  const builds: [name: string, main: string | undefined][] = [
    ['this', undefined],
    ['other', join(resolve(against), 'gateway/src/main.ts')],
  ];
  for (const readings of readingsEach) {
    const rates: Record<string, number[]> = { this: [], other: [] };
    for (let round = 0; round < rounds; round++) {
      for (const [name, main] of round % 2 === 0 ? builds : [...builds].reverse()) {
        const { credentials, program } = await plantWith(connections, [], main);
        const rate = await measure({ port: program.mqttPort, credentials }, readings, seconds);
        rates[name]?.push(rate);
        await program.stop();
      }
    }
    const [own = [], other = []] = [rates.this, rates.other];
    const raw = (list: number[]) => list.map(rate => Math.round(rate / 1_000)).join(' ');
    const beside = `thousand messages/s: ${raw(own)}; without ${raw(other)}`;
    line(`${readings} readings a message: part of the rate without`, median(own) / median(other), '', beside, {
      least: ratioMin,
    });
  }
}
