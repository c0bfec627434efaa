// Puts a new database with all that could be saved in the place of a damaged one, in steps each of which may be the last:
// a new file that is not complete is thrown away at the next start, a complete one is put in place.
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { syncFolder } from '../folder.ts';
import { fileName, openForWriting, schemaVersion } from '../schema.ts';
import { sizeOf } from './examine.ts';
import { copyWithHeader } from './header.ts';
import { readMark } from './mark.ts';
import { reserve } from './reserve.ts';
import { salvage, versionOf } from './salvage.ts';
import { asideFolder, setAside, stampOf } from './set-aside.ts';

const incomplete = 'salvaging.db';
/** A copy with a header that can be read, of a file that has none. */
const patched = 'salvaging-copy.db';
const completeName = /^salvaged-(.+)\.db$/;
const reportName = 'report.txt';

/** Removes what an interrupted salvage left behind. The damaged file is still in its place, and all is done anew. */
export function removeIncomplete(dir: string): void {
  for (const name of [incomplete, patched]) {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(join(dir, `${name}${end}`), { force: true });
  }
}

/** Sets the database in `dir` aside and puts a salvaged one in its place; returns what was saved and where the old one is. */
export function rebuild(dir: string, now: number): string {
  const stamp = stampOf(now);
  const say = saveInto(join(dir, incomplete), join(dir, fileName));
  complete(dir, stamp, say);
  return putInPlace(dir, stamp, say);
}

/** Has `copy` write a whole database to a path, which the next start puts in the place of what it finds. */
export function putBack(dir: string, stamp: string, copy: (path: string) => void, say: string): void {
  removeIncomplete(dir);
  copy(join(dir, incomplete));
  complete(dir, stamp, say);
}

/** From now on what was saved is whole. */
function complete(dir: string, stamp: string, say: string): void {
  // The report first: when all else is done somebody will want to know, even if we are not there to say it.
  const folder = asideFolder(dir, stamp);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, reportName), `${say}\n`, { flush: true });
  renameSync(join(dir, incomplete), join(dir, `salvaged-${stamp}.db`));
  removeIncomplete(dir);
  syncFolder(dir);
}

/** Ends what an earlier start had saved but not put in place; null where there is nothing of the kind. */
export function finishRebuild(dir: string): string | null {
  const stamp = readdirSync(dir)
    .map(name => completeName.exec(name)?.[1])
    .find(found => found !== undefined);
  if (stamp === undefined) return null;
  let say = 'what could be read was saved';
  try {
    say = readFileSync(join(asideFolder(dir, stamp), reportName), 'utf8').trim();
  } catch {
    // The report is for people; the database is there without it.
  }
  return putInPlace(dir, stamp, say);
}

function putInPlace(dir: string, stamp: string, say: string): string {
  const folder = setAside(dir, stamp) ?? asideFolder(dir, stamp);
  renameSync(join(dir, `salvaged-${stamp}.db`), join(dir, fileName));
  syncFolder(dir);
  return `it was set aside in ${folder}, and a new epoch begins: ${say}`;
}

/** Whether the file was written by a later version of this program, which alone knows what is in it. */
export function isFromLater(path: string): boolean {
  if (!sizeOf(path)) return false;
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    return (versionOf(db) ?? 0) > schemaVersion;
  } finally {
    db.close();
  }
}

function saveInto(path: string, from: string): string {
  const into = openForWriting(path, 'NORMAL');
  const copy = join(dirname(path), patched);
  let say = 'there was nothing in it to save';
  try {
    // SQLite deletes the -wal of an empty file that it opens.
    const report = sizeOf(from) ? salvage(copyWithHeader(from, copy, into) ? copy : from, into) : null;
    reserve(into, report?.losses ?? [], readMark(dirname(path)));
    // Everything in one file, so that one rename is enough.
    into.pragma('journal_mode = DELETE');
    say = report?.say ?? say;
  } finally {
    into.close();
  }
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
  return say;
}
