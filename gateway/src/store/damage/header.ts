// A file whose header alone was overwritten has all its rows, but SQLite opens nothing of it. A copy of it gets the header
// of a new database, which differs in nothing that matters for reading.
import { closeSync, constants, copyFileSync, openSync, readSync, writeSync } from 'node:fs';
import type { Db } from '../schema.ts';
import { sizeOf } from './examine.ts';

const headerBytes = 100;
const magic = 'SQLite format 3\0';
/** The first page goes on with the tree of the schema: an inner page of a table, or a leaf. */
const schemaPageTypes = [0x05, 0x0d];

/** Copies `from` to `copy` with the header of `fresh`; false, and nothing copied, where another ruin than that is seen. */
export function copyWithHeader(from: string, copy: string, fresh: Db): boolean {
  const head = read(from, headerBytes + 1);
  if (head.toString('latin1', 0, magic.length) === magic) return false;
  if (!schemaPageTypes.includes(head[headerBytes] ?? 0)) return false;
  fresh.pragma('wal_checkpoint(TRUNCATE)');
  const header = read(fresh.name, headerBytes);
  const pageSize = fresh.pragma('page_size', { simple: true }) as number;
  header.writeUInt32BE(Math.floor((sizeOf(from) ?? 0) / pageSize), 28);
  // The page count counts only where these two, the last change and the one it belongs to, are the same.
  header.copy(header, 92, 24, 28);
  // Where the file system can, the copy takes no room.
  copyFileSync(from, copy, constants.COPYFILE_FICLONE);
  if (sizeOf(`${from}-wal`)) copyFileSync(`${from}-wal`, `${copy}-wal`, constants.COPYFILE_FICLONE);
  const file = openSync(copy, 'r+');
  writeSync(file, header, 0, headerBytes, 0);
  closeSync(file);
  return true;
}

function read(path: string, bytes: number): Buffer {
  const head = Buffer.alloc(bytes);
  const file = openSync(path, 'r');
  readSync(file, head, 0, bytes, 0);
  closeSync(file);
  return head;
}
