// The mark beside the database: which offset of which epoch was committed at the latest when it was last written. A
// database that has less than that has lost something ([STO-5]).

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../folder.ts';

/** Up to `offset`, entries of this epoch were committed at the time `at`. It may be behind the database, never ahead. */
export type Mark = { epoch: string; offset: number; at: number };

const markName = 'mark';

/** Writes the mark in `dir`, whole or not at all. */
export function writeMark(dir: string, mark: Mark): void {
  const path = join(dir, markName);
  writeFileSync(`${path}.new`, `${JSON.stringify(mark)}\n`, { flush: true, mode: 0o600 });
  renameSync(`${path}.new`, path);
  syncFolder(dir);
}

/** The mark in `dir`; null where there is none that can be read, because a start must not fail for want of it. */
export function readMark(dir: string): Mark | null {
  try {
    const { epoch, offset, at } = JSON.parse(readFileSync(join(dir, markName), 'utf8')) as Mark;
    if (typeof epoch !== 'string' || !Number.isSafeInteger(offset) || !Number.isSafeInteger(at)) return null;
    return { epoch, offset, at };
  } catch {
    return null;
  }
}
