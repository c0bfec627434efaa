// A benchmark of several parts, each figure of which stands beside its aim: one part is run, or all, and where an aim is
// missed the benchmark ends with status 1.
import { watchStolen } from './live/machine.ts';
import { describePlace, removeFolders } from './store/folder.ts';
import { missedAims, note } from './store/report.ts';

/** Runs the part of this name, or all where none is named. Throws where there is none of that name. */
export async function runParts<Settings>(
  title: string,
  parts: Record<string, (settings: Settings) => Promise<void>>,
  part: string | undefined,
  settings: Settings,
): Promise<void> {
  const chosen = part === undefined ? Object.values(parts) : [parts[part]];
  console.log(`${title}; ${describePlace()}`);
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
