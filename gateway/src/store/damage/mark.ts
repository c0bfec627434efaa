// The mark beside the database: which offset of which epoch was committed at the latest when it was last written. A
// database that has less than that has lost something ([STO-5]).

import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../folder.ts';

/** Up to `offset`, entries of this epoch were committed at the time `at`. It may be behind the database, never ahead. */
export type Mark = { epoch: string; offset: number; at: number };

const markName = 'mark';
/** The same, written with every commit and without waiting for the disk: it outlives the process, and most power cuts. */
const runningName = 'mark.now';
/** Longer than any mark, and shorter than what a disk writes at once. */
const runningBytes = 128;

/** Writes the mark in `dir`, whole or not at all. */
export function writeMark(dir: string, mark: Mark): void {
  const path = join(dir, markName);
  writeFileSync(`${path}.new`, `${JSON.stringify(mark)}\n`, { flush: true, mode: 0o600 });
  renameSync(`${path}.new`, path);
  syncFolder(dir);
}

/** Notes each commit in place, so that after a kill even the last of them is known to have been there. */
export class RunningMark {
  private readonly file: number;

  constructor(dir: string, mark: Mark) {
    this.file = openSync(join(dir, runningName), 'w', 0o600);
    this.write(mark);
  }

  write(mark: Mark): void {
    const line = `${JSON.stringify(mark).padEnd(runningBytes - 1)}\n`;
    try {
      writeSync(this.file, line, 0);
    } catch (error) {
      // Where there is no room it stays behind, which is no harm.
      if (!/ENOSPC|EDQUOT/.test((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }

  close(): void {
    closeSync(this.file);
  }
}

/** The mark in `dir`; null where there is none that can be read, because a start must not fail for want of it. */
export function readMark(dir: string): Mark | null {
  const mark = read(join(dir, markName));
  const running = read(join(dir, runningName));
  if (mark === null || running === null) return mark ?? running;
  // With a new epoch the whole mark is written first.
  return running.epoch === mark.epoch && running.offset > mark.offset ? running : mark;
}

function read(path: string): Mark | null {
  try {
    const { epoch, offset, at } = JSON.parse(readFileSync(path, 'utf8')) as Mark;
    if (typeof epoch !== 'string' || !Number.isSafeInteger(offset) || !Number.isSafeInteger(at)) return null;
    return { epoch, offset, at };
  } catch {
    return null;
  }
}
