// `npm run bench -- store`: size, writes, rate, queries, latency and start of the store, each beside a clustered table
// in SQLite, and beside InfluxDB where it is installed. README.md has the figures of the day.
import { claimFolder, describePlace, hasDatabase, newFolder, removeFolders } from './folder.ts';
import { benchIngestAlone, fillFolder } from './ingest.ts';
import { benchLatency } from './latency.ts';
import { benchQuery } from './query.ts';
import { note } from './report.ts';
import { type Scale, scales } from './scale.ts';
import { benchSize } from './size.ts';
import { benchStart } from './start.ts';
import { benchWrites } from './writes.ts';

export type StoreBenchSettings = { part: string | undefined; scale: string; rounds: number; keep: string | undefined };

type Run = {
  scale: Scale;
  rounds: number;
  /** Where the large database lies, or will. */
  large: { dir: string; filled: boolean };
};

const parts: Record<string, (run: Run) => Promise<void>> = {
  size: ({ scale }) => benchSize(scale),
  writes: ({ scale }) => benchWrites(scale),
  async ingest({ scale, large }) {
    await benchIngestAlone(scale, large.dir);
    large.filled = true;
  },
  query: ({ scale, rounds }) => benchQuery(scale, rounds),
  latency: ({ scale, rounds }) => benchLatency(scale, rounds),
  async start({ scale, large }) {
    if (!large.filled) {
      note('start: no database was kept (--keep), one is made first');
      await fillFolder(large.dir, scale);
      large.filled = true;
    }
    await benchStart(scale, large.dir);
  },
};

function largeFolder(keep: string | undefined): Run['large'] {
  if (keep === undefined) return { dir: newFolder('large'), filled: false };
  if (hasDatabase(keep)) return { dir: keep, filled: true };
  return { dir: claimFolder(keep), filled: false };
}

/** Runs one part, or all. Throws where a part or a scale has no such name. */
export async function benchStore({ part, scale: name, rounds, keep }: StoreBenchSettings): Promise<void> {
  const scale = scales[name];
  if (scale === undefined) throw new Error(`--scale: expected one of ${Object.keys(scales).join(', ')}, got ${name}`);
  const chosen = part === undefined ? Object.keys(parts) : [part];
  if (part !== undefined && !(part in parts)) {
    throw new Error(`--part: expected one of ${Object.keys(parts).join(', ')}, got ${part}`);
  }
  console.log(`store, scale ${name}; ${describePlace()}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      removeFolders();
      process.exit(1);
    });
  }
  try {
    const run = { scale, rounds, large: largeFolder(keep) };
    // Said now, and not after the hour that the parts before it take.
    if (run.large.filled && chosen.includes('ingest')) {
      throw new Error(`--keep: ${run.large.dir} has a database already, and ingest needs a new folder`);
    }
    for (const each of chosen) await parts[each]?.(run);
  } finally {
    removeFolders();
  }
}
