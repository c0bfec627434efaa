// `npm run bench -- live`: what the live stream costs and how quick it is, part by part.

import { note } from '../store/report.ts';
import { benchFanout } from './fanout.ts';
import { benchLatency } from './latency.ts';
import { watchStolen } from './machine.ts';
import { benchStorm } from './storm.ts';
import { benchTransports } from './transports.ts';

type Options = { part: string | undefined; rounds: number; seconds: number };

const parts: Record<string, (options: Options) => Promise<void>> = {
  latency: benchLatency,
  fanout: benchFanout,
  storm: benchStorm,
  transports: benchTransports,
};

/** Runs one part, or all one after the other. */
export async function benchLive(options: Options): Promise<void> {
  const chosen = options.part === undefined ? Object.values(parts) : [parts[options.part]];
  for (const part of chosen) {
    if (part === undefined) throw new Error(`which part? ${Object.keys(parts).join(' | ')}`);
    const stolen = watchStolen();
    await part(options);
    note(`time taken from this machine by others: ${(stolen() * 100).toFixed(1)} %`);
  }
}
