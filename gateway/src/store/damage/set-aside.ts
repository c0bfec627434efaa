// Moves the files of a damaged database out of the way, into a folder of their own: nothing is deleted or overwritten,
// because somebody may yet get more out of them than we did.
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../folder.ts';
import { fileName } from '../schema.ts';

const members = [fileName, `${fileName}-wal`, `${fileName}-shm`, `${fileName}-journal`];

/** The time as it stands in names of files: ISO 8601 without its colons. */
export const stampOf = (now: number): string => new Date(now).toISOString().replaceAll(':', '');

/** Where `setAside` puts what is found at that time. */
export const asideFolder = (dir: string, stamp: string): string => join(dir, `damaged-${stamp}`);

/** Moves the files of the database in `dir` into a folder named by the time; null where there was none of them. */
export function setAside(dir: string, stamp: string): string | null {
  const found = members.filter(name => existsSync(join(dir, name)));
  if (found.length === 0) return null;
  let folder = asideFolder(dir, stamp);
  for (let n = 2; found.some(name => existsSync(join(folder, name))); n++) folder = `${asideFolder(dir, stamp)}-${n}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of found) renameSync(join(dir, name), join(folder, name));
  syncFolder(folder);
  syncFolder(dir);
  return folder;
}
