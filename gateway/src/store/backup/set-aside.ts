// Sets the present database aside, so that another can take its place by one rename. Nothing is deleted, and until that
// rename the old database stays in place, too.
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreUnusable, syncFolder } from '../folder.ts';
import { fileName } from '../schema.ts';

/** What is of no use to another database: its write-ahead log would be applied to it, and its mark would deny it. */
const companions = [`${fileName}-wal`, `${fileName}-shm`, `${fileName}-journal`, 'mark', 'mark.now'];

const isDamage = (code = '') => code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT');

/**
 * Brings everything that was committed into the one file, so that a second name for it is the whole database. Leaves a
 * database alone that is too damaged for it.
 */
function fold(path: string): void {
  const db = new Database(path, { timeout: 0 });
  try {
    db.pragma('journal_mode = DELETE');
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code === 'SQLITE_BUSY') throw new StoreUnusable(`another program has ${path} open: end it first`);
    if (!isDamage(code)) throw new StoreUnusable(`${path} cannot be set aside: ${message} (${code ?? 'no code'})`);
  } finally {
    db.close();
  }
}

/** Gives the file a second name; where the file system knows none, a copy that is on disk. */
function keep(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    const fd = openSync(to, 'r+');
    fsyncSync(fd);
    closeSync(fd);
  }
}

/**
 * Sets aside what lies in the data folder `dir`; returns the folder where it lies, or null where there was nothing.
 * The caller renames the new database over the old one next. A crash before that rename leaves the old one in place,
 * whole, at worst without its mark. Only a database so damaged that SQLite refuses it can be left without its
 * write-ahead log, which lies in the folder then.
 */
export function setAside(dir: string, now: number): string | null {
  const present = join(dir, fileName);
  const isThere = existsSync(present);
  if (isThere) fold(present);
  const beside = companions.filter(name => existsSync(join(dir, name)));
  if (!isThere && beside.length === 0) return null;
  const folder = join(dir, `before-restore-${new Date(now).toISOString().replaceAll(':', '')}`);
  mkdirSync(folder, { mode: 0o700 });
  if (isThere) keep(present, join(folder, fileName));
  syncFolder(folder);
  for (const name of beside) renameSync(join(dir, name), join(folder, name));
  syncFolder(folder);
  syncFolder(dir);
  return folder;
}
