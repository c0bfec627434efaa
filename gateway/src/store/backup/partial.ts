// Files that are still being written: how they are called, how they get their name in one step, and how those go that
// a killed process left behind.

import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, linkSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StoreUnusable, syncFolder } from '../folder.ts';

const form = /^\.telltale-(\d+)-[0-9a-f]{12}\.part(-wal|-shm|-journal)?$/;
const companions = ['', '-wal', '-shm', '-journal'];

/** Those of this process. In a container a new process often has the number of the one that was killed. */
const own = new Set<string>();

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function removeLeftOvers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid] = form.exec(name) ?? [];
    if (pid === undefined) continue;
    const path = join(folder, name);
    const inUse =
      Number(pid) === process.pid ? own.has(path.replace(/-(wal|shm|journal)$/, '')) : isRunning(Number(pid));
    if (!inUse) rmSync(path, { force: true });
  }
}

/** A new empty file in `folder` that only this user may read. What was left behind there by killed processes goes. */
export function newPartial(folder: string): string {
  try {
    removeLeftOvers(folder);
    const path = join(folder, `.telltale-${process.pid}-${randomBytes(6).toString('hex')}.part`);
    closeSync(openSync(path, 'wx', 0o600));
    own.add(path);
    return path;
  } catch (error) {
    throw new StoreUnusable(`nothing can be written in ${folder}: ${(error as Error).message}`);
  }
}

/** Removes the file and what SQLite put beside it. */
export function dropPartial(path: string): void {
  for (const end of companions) rmSync(path + end, { force: true });
  own.delete(path);
}

const taken = (target: string) =>
  new StoreUnusable(`${target} is there already: a backup overwrites nothing, choose another name`);

/** Refuses a name that is taken. */
export function refuseExisting(target: string): void {
  if (existsSync(target)) throw taken(target);
}

/** Gives a finished file its name, in one step and only where nothing has that name. */
export function placePartial(path: string, target: string): void {
  try {
    // Unlike a rename, a second link does not take the place of what is there.
    linkSync(path, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(target);
    // FAT and some network shares know no second link.
    refuseExisting(target);
    renameSync(path, target);
  }
  dropPartial(path);
  syncFolder(dirname(target));
}
