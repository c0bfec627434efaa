// `npm run bench -- faults`: what the gateway keeps to while it is killed, flooded, frozen and stormed. Each figure stands
// beside its aim; where one is missed the benchmark ends with status 1.
import { runParts } from '../parts.ts';
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

export function benchFaults({ part, ...settings }: FaultBench & { part: string | undefined }): Promise<void> {
  return runParts('faults', parts, part, settings);
}
