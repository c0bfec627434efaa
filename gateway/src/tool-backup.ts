// The commands backup, restore and verify.
import { basename } from 'node:path';
import type { Config } from './config/index.ts';
import { backupTo, restoreFrom, type VerifyReport, verifyFile } from './store/index.ts';
import { toolLine } from './tool-audit.ts';

const say = (line: string) => void process.stdout.write(`${line}\n`);
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const time = (ms: number) => new Date(ms).toISOString();
const range = (from: string | number, to: string | number) => `${from} to ${to}`;

const checksums = {
  fits: 'fits',
  wrong: 'does not fit',
  none: 'none: a database that the backup command did not write',
};

function describe({ bytes, checksum, schema, epoch, counts }: VerifyReport): [name: string, text: string | number][] {
  const lines: [string, string | number][] = [
    ['size', megabytes(bytes)],
    ['checksum', checksums[checksum]],
    ['schema', schema ?? 'unknown'],
    ['epoch', epoch ?? 'none'],
  ];
  if (counts === null) return lines;
  const { earliest, latest, firstOffset, lastOffset } = counts;
  return [
    ...lines,
    ['readings', counts.readings],
    ...(earliest === null || latest === null
      ? []
      : [['from', range(time(earliest), time(latest))] as [string, string]]),
    ['series', counts.series],
    ['devices', counts.devices],
    ['users', counts.users],
    ['commands', counts.commands],
    ['log entries', counts.entries],
    ...(firstOffset === null || lastOffset === null
      ? []
      : [['offsets', range(firstOffset, lastOffset)] as [string, string]]),
  ];
}

/** Prints the report in aligned lines. */
function print(report: VerifyReport): void {
  const lines = describe(report);
  const width = Math.max(...lines.map(([name]) => name.length)) + 2;
  for (const [name, text] of lines) say(`${name.padEnd(width)}${text}`);
}

/** Control-C ends the copy, and takes what there is of it along. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  return stop.signal;
}

/** Writes a backup to a new file. */
export async function backup(config: Config, file: string): Promise<void> {
  const started = performance.now();
  const bytes = await backupTo(config.store.dir, file, stopSignal());
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  say(`${file}: ${megabytes(bytes)} in ${seconds} s. Users, tokens and the devices' secrets are in it: keep it safe.`);
}

/** Puts a backup in the place of the database. */
export async function restore(config: Config, file: string): Promise<void> {
  const { dir } = config.store;
  // The trail is the backup's from here on: it says itself that what follows comes after a restore.
  const line = toolLine('restore', basename(file), null);
  const { report, epoch, aside } = restoreFrom(dir, file, Date.now(), [line]);
  print(report);
  say('');
  say(`${file} is the database in ${dir} now; its epoch is ${epoch}, so that viewers begin anew.`);
  say(
    aside === null
      ? 'There was no database before.'
      : `The database that was there lies in ${aside}; nothing deletes it.`,
  );
  say(
    'Users, passwords, API tokens and the credentials of devices are those of the backup: what was revoked since then',
  );
  say('is valid again, and what was made since then has to be made again.');
}

/** Checks a backup and counts what is in it; status 1 where it is not sound. */
export async function verify(file: string): Promise<void> {
  const report = verifyFile(file);
  print(report);
  if (report.problems.length === 0) return say('sound');
  for (const problem of report.problems) say(`not sound: ${problem}`);
  process.exitCode = 1;
}
