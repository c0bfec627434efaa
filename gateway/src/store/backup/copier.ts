// The copying process: writes one moment of a database into a file, and its checksum behind it. It is a process and
// not a thread because SQLite copies in one call that nothing can interrupt: a thread would keep the gateway from
// ending until it is done, a process is killed. It also gives way to the gateway where both want the processor.
import { statfsSync } from 'node:fs';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { addChecksum } from './checksum.ts';
import { dropPartial } from './partial.ts';

/** What the copying process says at its end. */
export type CopierAnswer = { ok: true; bytes: number } | { ok: false; message: string; code: string | null };

/** Left free for the gateway itself, which takes in readings meanwhile. */
const reserveBytes = 64 * 1024 * 1024;
const niceness = 10;

const megabytes = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;

function refuseWithoutRoom(db: Database.Database, folder: string): void {
  const number = (name: string) => db.pragma(name, { simple: true }) as number;
  const needed = (number('page_count') - number('freelist_count')) * number('page_size');
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free < needed + reserveBytes) {
    const sentence = `a backup in ${folder} needs ${megabytes(needed)} and leaves ${megabytes(reserveBytes)} to others`;
    throw Object.assign(new Error(`${sentence}: ${megabytes(free)} are free`), { code: 'no_room' });
  }
}

function copy(source: string, target: string): CopierAnswer {
  try {
    const db = new Database(source, { readonly: true, fileMustExist: true, timeout: 5_000 });
    try {
      refuseWithoutRoom(db, dirname(target));
      // One statement reads one moment. SQLite's backup call would begin anew with each commit of the gateway.
      db.prepare('VACUUM INTO ?').run(target);
    } finally {
      db.close();
    }
    return { ok: true, bytes: addChecksum(target) };
  } catch (error) {
    const { message, code = null } = error as Error & { code?: string };
    return { ok: false, message, code };
  }
}

const [source = '', target = ''] = process.argv.slice(2);
try {
  setPriority(niceness);
} catch {
  // Where the system does not allow it, the copy is merely less polite.
}
// Control-C reaches the whole group of processes; the one that asked for the copy decides what becomes of it.
process.on('SIGINT', () => {});
const answer = copy(source, target);
setImmediate(() => {
  // Whoever asked was killed meanwhile: nobody would ever remove the file.
  if (!process.connected) dropPartial(target);
  else process.send?.(answer, () => process.disconnect());
});
