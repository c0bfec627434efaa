// The checksum of a backup: one line of text behind the last page of the database. SQLite goes by the size in the
// file's header and does not see it, so that a backup stays a plain database; without it a bit that flipped in a value
// would be read as another value.
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';

const head = '\ntelltale backup sha256 ';
const form = new RegExp(`^${head}([0-9a-f]{64})\n$`);
const lineBytes = head.length + 64 + 1;
const readBytes = 1024 * 1024;

/** `none`: a database that `backup` did not write. `wrong`: damaged, cut off, or written to since. */
export type ChecksumState = 'fits' | 'wrong' | 'none';

function digest(fd: number, bytes: number): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(readBytes);
  for (let at = 0; at < bytes; ) {
    const read = readSync(fd, buffer, 0, Math.min(readBytes, bytes - at), at);
    if (read === 0) break;
    hash.update(buffer.subarray(0, read));
    at += read;
  }
  return hash.digest('hex');
}

/** The checksum that the file says it has, or null where its last bytes are none. */
function written(fd: number, size: number): string | null {
  if (size <= lineBytes) return null;
  const line = Buffer.alloc(lineBytes);
  readSync(fd, line, 0, lineBytes, size - lineBytes);
  return form.exec(line.toString('latin1'))?.[1] ?? null;
}

/** True where the file is a whole number of its own pages, as every database is that has nothing behind them. */
function isWholePages(fd: number, size: number): boolean {
  const header = Buffer.alloc(18);
  if (readSync(fd, header, 0, header.length, 0) < header.length) return true;
  const stored = header.readUInt16BE(16);
  const pageBytes = stored === 1 ? 65_536 : stored;
  return pageBytes === 0 || size % pageBytes === 0;
}

function opened<Result>(path: string, flags: string, work: (fd: number, size: number) => Result): Result {
  const fd = openSync(path, flags);
  try {
    return work(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

/** Adds the checksum to a database that nobody writes to any more, and sees the whole of it on disk. Returns its size. */
export function addChecksum(path: string): number {
  return opened(path, 'r+', (fd, size) => {
    const line = Buffer.from(`${head}${digest(fd, size)}\n`);
    if (writeSync(fd, line, 0, line.length, size) !== line.length) throw new Error('the checksum could not be written');
    fsyncSync(fd);
    return size + line.length;
  });
}

/** Reads the file whole and compares. */
export function checkChecksum(path: string): ChecksumState {
  return opened(path, 'r', (fd, size) => {
    const expected = written(fd, size);
    // A damaged line must not pass for a database that never had one.
    if (expected === null) return isWholePages(fd, size) ? 'none' : 'wrong';
    return digest(fd, size - lineBytes) === expected ? 'fits' : 'wrong';
  });
}

/** Takes the checksum off, where there is one: what follows makes another database of it. */
export function removeChecksum(path: string): void {
  opened(path, 'r+', (fd, size) => {
    if (written(fd, size) !== null) ftruncateSync(fd, size - lineBytes);
  });
}
