// Writes readings at the pace of a simulated clock and counts the bytes that the process wrote to the disk.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Clustered } from './clustered.ts';
import { OwnStore } from './own-store.ts';
import { type SensorKind, Sensors } from './sensors.ts';

export type WritesArgs = {
  dir: string;
  series: number;
  seconds: number;
  startMs: number;
  /** The readings of a second are spread evenly over so many commits. */
  commitsPerSecond: number;
  /** Keys of `store.` in the configuration. */
  settings?: Record<string, unknown>;
};
export type WritesResult = { bytes: number; readings: number; commits: number; settled: boolean };

const kind: SensorKind = 'two decimals, jitter';

/** Bytes of pages that this process made dirty, which is what the kernel charges it with as written. */
function writtenBytes(): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

export async function writesOwn(args: WritesArgs): Promise<WritesResult> {
  const { dir, series, seconds, startMs, commitsPerSecond, settings = {} } = args;
  const before = writtenBytes();
  const own = await OwnStore.open(dir, startMs, settings);
  const ids = own.series(series);
  const sensors = new Sensors(kind, series, startMs);
  const perCommit = series / commitsPerSecond;
  for (let second = 0; second < seconds; second++) {
    sensors.next();
    for (let commit = 0; commit < commitsPerSecond; commit++) {
      own.moveTo(startMs + (second + commit / commitsPerSecond) * 1_000);
      const receivedAt = own.clock.now();
      for (let s = commit * perCommit; s < (commit + 1) * perCommit; s++) {
        own.store.push(ids[s] as number, sensors.ts[s] as number, receivedAt, sensors.values[s] as number, 0);
      }
      await own.store.flush();
    }
  }
  // Work that has fallen due belongs to these readings; a process that ended before it would look thriftier.
  const settled = await own.settle();
  const { commits } = own.store.counters;
  await own.close();
  spawnSync('sync');
  return { bytes: writtenBytes() - before, readings: series * seconds, commits, settled };
}

export async function writesClustered(args: WritesArgs): Promise<WritesResult> {
  const { dir, series, seconds, startMs, commitsPerSecond } = args;
  const before = writtenBytes();
  const table = new Clustered(dir);
  const sensors = new Sensors(kind, series, startMs);
  const perCommit = series / commitsPerSecond;
  for (let second = 0; second < seconds; second++) {
    sensors.next();
    for (let commit = 0; commit < commitsPerSecond; commit++) {
      table.begin();
      for (let s = commit * perCommit; s < (commit + 1) * perCommit; s++) {
        table.add(s + 1, sensors.ts[s] as number, sensors.values[s] as number);
      }
      table.commit();
    }
  }
  table.close();
  spawnSync('sync');
  const readings = series * seconds;
  return { bytes: writtenBytes() - before, readings, commits: seconds * commitsPerSecond, settled: true };
}
