// Part `ingest`: readings a second that the store takes alone, on one core and on all, and whether it stays as fast.
import { canPin, runTask } from './child.ts';
import { newFolder, removeFolder } from './folder.ts';
import type { IngestArgs, IngestResult } from './ingest-tasks.ts';
import { heading, line, megabytes, note, number } from './report.ts';
import type { Scale } from './scale.ts';

function print(name: string, result: IngestResult, isOwn: boolean): void {
  const { readings, rates, seconds, commits } = result;
  const first = rates[0] ?? Number.NaN;
  const last = rates.at(-1) ?? Number.NaN;
  const overall = readings / seconds;
  const perCommit = `${number(readings / commits)} readings a commit`;
  line(`${name}: rate`, overall / 1e6, 'million/s', perCommit, isOwn ? { least: 1 } : undefined);
  line(`${name}: last of ${rates.length} steps to first`, last / first, '', '', isOwn ? { least: 0.9 } : undefined);
  note(
    `  first ${number(first)}/s, last ${number(last)}/s; raw, million/s: ${rates.map(rate => (rate / 1e6).toFixed(2)).join(' ')}`,
  );
  const withSettling = isOwn ? `with the settling ${number((result.cpuSettledUs / readings) * 1_000)}` : '';
  line(`${name}: CPU time a reading`, (result.cpuUs / readings) * 1_000, 'ns', withSettling);
  const memory = `  peak memory ${megabytes(result.peakRssBytes)}, folder ${megabytes(result.bytes)}`;
  if (!isOwn) return note(memory);
  const { settleSeconds } = result;
  const none = 'the store cannot say when it is settled';
  note(`${memory}, ${settleSeconds === null ? none : `settled after ${number(settleSeconds)} s`}`);
}

async function measure(task: string, args: IngestArgs, core?: number): Promise<IngestResult> {
  return runTask<IngestResult>(task, args, core);
}

/** Fills `dir` as the part does: what `start` opens where nothing was kept. */
export async function fillFolder(dir: string, { ingestReadings: readings, ingestStep: step }: Scale): Promise<void> {
  await measure('ingest-own', { dir, readings, step });
}

/** `keep` is the folder in which the database stays. */
export async function benchIngestAlone(scale: Scale, keep: string): Promise<void> {
  const { ingestReadings: readings, ingestStep: step, clusteredReadings } = scale;
  heading(`ingest: the store alone, ${number(readings / 1e6)} million readings of 1,000 series`);
  if (canPin()) {
    const dir = newFolder('ingest');
    print('telltale, one core', await measure('ingest-own', { dir, readings, step }, 0), true);
    removeFolder(dir);
  } else note('taskset is not here: one core left out');
  const own = await measure('ingest-own', { dir: keep, readings, step });
  print('telltale, all cores', own, true);

  const perCommit = Math.max(Math.round(readings / own.commits), 1);
  const share = { readings: clusteredReadings, step: Math.max(Math.round(clusteredReadings / 5), 1), perCommit };
  for (const core of canPin() ? [0, undefined] : [undefined]) {
    const dir = newFolder('ingest');
    const name = core === undefined ? 'clustered, all cores' : 'clustered, one core';
    print(
      `${name}, ${number(clusteredReadings / 1e6)} million`,
      await measure('ingest-clustered', { dir, ...share }, core),
      false,
    );
    removeFolder(dir);
  }
}
