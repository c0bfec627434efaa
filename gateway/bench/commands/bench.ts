// `npm run bench -- commands`: how quick a command is there and back, and what those cost that wait. Each figure stands
// beside its aim; where one is missed the benchmark ends with status 1.
import { runParts } from '../parts.ts';
import { benchQueue } from './queue.ts';
import { benchRoundTrip } from './round-trip.ts';

export type CommandBench = {
  rounds: number;
  /** `tiny` only shows that everything still runs. */
  scale: string;
};

const parts: Record<string, (settings: CommandBench) => Promise<void>> = {
  'round-trip': benchRoundTrip,
  queue: benchQueue,
};

export function benchCommands({ part, ...settings }: CommandBench & { part: string | undefined }): Promise<void> {
  return runParts('commands', parts, part, settings);
}
