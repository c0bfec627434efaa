// Puts a backup in the place of the database, as a new epoch, so that viewers who knew the old one begin again
// ([STO-9]).
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { ulid } from '../../lib/ulid.ts';
import { prepareDir, StoreUnusable, syncFolder } from '../folder.ts';
import { fileName, openForWriting } from '../schema.ts';
import { type Effect, effects } from '../statements.ts';
import { removeChecksum } from './checksum.ts';
import { lockFolder } from './folder-lock.ts';
import { dropPartial, newPartial } from './partial.ts';
import { setAside } from './set-aside.ts';
import { type VerifyReport, verifyFile } from './verify.ts';

/** What a restore did; `aside` is the folder of the database that was there before, null where there was none. */
export type Restored = { report: VerifyReport; epoch: string; aside: string | null };

function refuseItself(dir: string, file: string): void {
  const present = join(dir, fileName);
  if (!existsSync(present) || !existsSync(file)) return;
  const [one, other] = [statSync(present), statSync(file)];
  if (one.ino === other.ino && one.dev === other.dev) throw new StoreUnusable(`${file} is the database itself`);
}

/** Copies the backup. What still lies in a write-ahead log beside it, as with a database set aside, comes along. */
function copyTo(file: string, path: string): void {
  if (existsSync(`${file}-wal`)) {
    const db = new Database(file, { readonly: true, timeout: 5_000 });
    try {
      db.prepare('VACUUM INTO ?').run(path);
    } finally {
      db.close();
    }
    return;
  }
  copyFileSync(file, path, constants.COPYFILE_FICLONE);
  // The rights come along, and those of a read-only medium would keep us out.
  chmodSync(path, 0o600);
  removeChecksum(path);
}

/**
 * Makes a database of its own of the copy: today's schema, a new epoch, what else is to be in it from the beginning, and
 * all of it in one file on disk.
 */
function begin(path: string, now: number, more: readonly Effect[]): string {
  const epoch = ulid(now);
  const db = openForWriting(path, 'FULL');
  try {
    db.transaction(() => {
      const put = db.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
      put.run('epoch', epoch);
      put.run('restored_at', now);
      for (const [name, ...params] of more) db.prepare(effects[name]).run(...params);
    }).immediate();
    db.pragma('journal_mode = DELETE');
  } finally {
    db.close();
  }
  const fd = openSync(path, 'r+');
  fsyncSync(fd);
  closeSync(fd);
  return epoch;
}

function prepare(file: string, path: string, now: number, more: readonly Effect[]): string {
  try {
    copyTo(file, path);
    return begin(path, now, more);
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    throw new StoreUnusable(`${file} could not be copied into the data folder: ${message} (${code ?? 'no code'})`);
  }
}

/**
 * Restores `file` into the data folder `dir`; `more` is committed with the new epoch. Throws StoreUnusable where a gateway
 * runs on it or the backup is not sound; the database is as it was then.
 */
export function restoreFrom(dir: string, file: string, now: number, more: readonly Effect[] = []): Restored {
  prepareDir(dir);
  const lock = lockFolder(dir);
  try {
    refuseItself(dir, file);
    const report = verifyFile(file);
    if (report.problems.length > 0) {
      throw new StoreUnusable(`${file} is not sound, and nothing was restored: ${report.problems.join('; ')}`);
    }
    const path = newPartial(dir);
    try {
      const epoch = prepare(file, path, now, more);
      const aside = setAside(dir, now);
      renameSync(path, join(dir, fileName));
      syncFolder(dir);
      return { report, epoch, aside };
    } finally {
      dropPartial(path);
    }
  } finally {
    lock.close();
  }
}
