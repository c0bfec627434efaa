// How many bytes this process has written to disk, as the system counts them: in whole pages, the way a card wears.
import { readFileSync } from 'node:fs';

/**
 * Returns a counter of the bytes written. Linux counts them for each process; elsewhere they are reckoned from what was
 * committed, which `committedBytes` tells: each commit goes through the write-ahead log and then into the file.
 */
export function diskWriteCounter(committedBytes: () => number): () => number {
  const read = () => {
    const found = /^write_bytes: (\d+)$/m.exec(readFileSync('/proc/self/io', 'latin1'));
    return found === null ? Number.NaN : Number(found[1]);
  };
  try {
    if (Number.isFinite(read())) return read;
  } catch {
    // There is no such file on this system.
  }
  return () => committedBytes() * 2;
}
