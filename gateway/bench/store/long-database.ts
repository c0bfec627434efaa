// The database of one metric at 1 Hz for a long time that the parts `query` and `latency` ask, made once in a run.
import { runTask } from './child.ts';
import { newFolder } from './folder.ts';
import { device, type LongResult, metric, type Range } from './long-tasks.ts';
import { adminHeaders, makeDevice, startProgram } from './program.ts';
import { note, number } from './report.ts';
import type { Scale } from './scale.ts';

const daySeconds = 86_400;

export type LongDatabase = { dir: string; startMs: number; endMs: number };

let made: Promise<LongDatabase> | null = null;

export function longDatabase(scale: Scale): Promise<LongDatabase> {
  made ??= make(scale);
  return made;
}

async function make({ rangeSeconds: seconds }: Scale): Promise<LongDatabase> {
  const dir = newFolder('long');
  const endMs = Math.floor(Date.now() / 1_000) * 1_000;
  const startMs = endMs - seconds * 1_000;
  const result = await runTask<LongResult>('long-own', { dir, seconds, startMs });
  note(`a database of ${number(seconds / 1e6)} million readings was made in ${number(result.seconds)} s`);
  if (!result.settled) note('the store cannot say when it is settled: it may be working in the background still');
  // The gateway answers only for devices that it knows.
  const program = await startProgram(dir);
  await makeDevice(program.http, adminHeaders(dir), device);
  await program.stop();
  return { dir, startMs, endMs };
}

/** The last `seconds` of it; all of it where it is shorter. */
export function lastOf({ startMs, endMs }: LongDatabase, name: string, seconds: number): Range {
  return { name, from: Math.max(endMs - seconds * 1_000, startMs), to: endMs };
}

export const rangesOf = (database: LongDatabase) => [
  lastOf(database, 'day', daySeconds),
  lastOf(database, 'week', 7 * daySeconds),
  lastOf(database, 'month', 30 * daySeconds),
  lastOf(database, 'year', 365 * daySeconds),
];

const path = ({ from, to }: Range) => `/api/v1/history?device=${device}&metric=${metric}&from=${from}&to=${to}`;

export const points = 1_000;
export const bucketsPath = (range: Range) => `${path(range)}&points=${points}`;
export const rawPath = (range: Range) => `${path(range)}&limit=10000`;
