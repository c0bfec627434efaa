// `npm run bench -- commands`: how quick a command is there and back, and what those cost that wait. Each figure stands
// beside its aim; where one is missed the benchmark ends with status 1.
import { watchStolen } from '../live/machine.ts';
import { describePlace, removeFolders } from '../store/folder.ts';
import { missedAims, note } from '../store/report.ts';
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

/** Runs one part, or all. Sets the process's status where an aim is missed. */
export async function benchCommands({ part, ...settings }: CommandBench & { part: string | undefined }): Promise<void> {
  const chosen = part === undefined ? Object.values(parts) : [parts[part]];
  console.log(`commands; ${describePlace()}`);
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
