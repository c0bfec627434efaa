// Folders for measured databases: on a disk, never in memory, and removed when the run is over.
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, type Stats, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ownData = fileURLToPath(new URL('../../../data/bench', import.meta.url));
/** Types of file systems that statfs names for tmpfs and ramfs: what is written there reaches no disk. */
const inMemory = new Set([0x01021994, 0x858458f6]);

const made: string[] = [];

const isOnDisk = (dir: string) => !inMemory.has(statfsSync(dir).type);

/** Where the folders are made. Throws where there is no disk to measure. */
function place(): string {
  mkdirSync(ownData, { recursive: true, mode: 0o700 });
  const found = [ownData, tmpdir()].find(isOnDisk);
  if (found === undefined)
    throw new Error(`${ownData} and ${tmpdir()} both lie in memory: there is no disk to measure`);
  return found;
}

/** What to say about the place once, before the figures. */
export function describePlace(): string {
  const dir = place();
  return `folders in ${dir}, file system type 0x${statfsSync(dir).type.toString(16)} (not in memory)`;
}

export function newFolder(name: string): string {
  const dir = mkdtempSync(join(place(), `${name}-`));
  made.push(dir);
  return dir;
}

export function removeFolder(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}

/** Removes every folder that this process made. */
export function removeFolders(): void {
  for (const dir of made.splice(0)) removeFolder(dir);
}

/** A folder that somebody wants to keep: new or empty, so that nothing of theirs is written over. */
export function claimFolder(dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (readdirSync(dir).length > 0) throw new Error(`${dir} is not empty`);
  if (!isOnDisk(dir)) throw new Error(`${dir} lies in memory`);
  return dir;
}

export const hasDatabase = (dir: string) => existsSync(join(dir, 'telltale.db'));

function sumOver(dir: string, of: (file: Stats) => number): number {
  let sum = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true })) {
    // A program that is at work in there may remove a file between the two looks.
    const file = entry.isFile() ? lstatSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }) : undefined;
    if (file !== undefined) sum += of(file);
  }
  return sum;
}

/** Bytes of all files below `dir`, by their lengths. */
export const bytesIn = (dir: string) => sumOver(dir, file => file.size);

/** Bytes that the files below `dir` take on the disk: files with holes, made ahead of need, take less than their length. */
export const allocatedIn = (dir: string) => sumOver(dir, file => file.blocks * 512);
