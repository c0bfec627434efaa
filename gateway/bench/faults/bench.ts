// `npm run bench -- faults`: what the gateway keeps to while it is killed, flooded, frozen and stormed. Each figure stands
// beside its aim; where one is missed the benchmark ends with status 1.
import { watchStolen } from '../live/machine.ts';
import { describePlace, removeFolders } from '../store/folder.ts';
import { missedAims, note } from '../store/report.ts';
import { benchFlooder } from './flooder.ts';
import { benchFrozenSubscriber } from './frozen-subscriber.ts';
import { benchGuardedIngest } from './guarded-ingest.ts';
import { benchKills } from './kills.ts';
import { benchReconnectCpu } from './reconnect-cpu.ts';
import { benchStorm } from './storm.ts';
import { benchUnauthenticated } from './unauthenticated.ts';

export type FaultBench = {
  rounds: number;
  seconds: number;
  /** `tiny` only shows that everything still runs. */
  scale: string;
  /** The folder of another checkout, whose gateway is what `ingest` compares with. */
  against: string | undefined;
};

const parts: Record<string, (settings: FaultBench) => Promise<void>> = {
  kills: benchKills,
  'frozen-subscriber': benchFrozenSubscriber,
  unauthenticated: benchUnauthenticated,
  storm: benchStorm,
  flooder: benchFlooder,
  'reconnect-cpu': benchReconnectCpu,
  ingest: benchGuardedIngest,
};

/** Runs one part, or all. Sets the process's status where an aim is missed. */
export async function benchFaults({ part, ...settings }: FaultBench & { part: string | undefined }): Promise<void> {
  const chosen = part === undefined ? Object.values(parts) : [parts[part]];
  console.log(`faults; ${describePlace()}`);
  try {
    for (const run of chosen) {
      if (run === undefined) throw new Error(`which part? ${Object.keys(parts).join(' | ')}`);
      const stolen = watchStolen();
      await run(settings);
      note(`time taken from this machine by others: ${(stolen() * 100).toFixed(1)} %`);
    }
  } finally {
    removeFolders();
  }
  const missed = missedAims();
  if (missed.length === 0) return;
  note(`missed: ${missed.join('; ')}`);
  process.exitCode = 1;
}
