// Words of up to eight bytes stored as planes: all the lowest bytes, then all the second ones, ...
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { deflateFrom, readBytes, writeBytes } from './bytes.ts';

/** Writes the `width` lower bytes of each word: `low` are its lower four bytes, `high` those above. */
export function writePlanes(writer: ByteWriter, low: Uint32Array, high: Uint32Array, n: number, width: number): void {
  const plane = new Uint8Array(n);
  for (let p = 0; p < width; p++) {
    const words = p < 4 ? low : high;
    const shift = (p & 3) * 8;
    for (let i = 0; i < n; i++) plane[i] = (words[i] as number) >>> shift;
    // So few bytes are hardly ever all the same; they go without the byte that says how they are stored.
    if (n < deflateFrom) writer.append(plane);
    else writeBytes(writer, plane);
  }
}

/** Reads one plane of `n` bytes. May share the memory of the reader. */
export function readPlane(reader: ByteReader, n: number): Uint8Array {
  return n < deflateFrom ? reader.take(n) : readBytes(reader, n);
}

/** Reads up to four planes into the lower or the higher words. */
export function readWords(reader: ByteReader, words: Uint32Array, n: number, width: number): void {
  for (let p = 0; p < width; p++) {
    const plane = readPlane(reader, n);
    const shift = p * 8;
    if (p === 0) for (let i = 0; i < n; i++) words[i] = plane[i] as number;
    else for (let i = 0; i < n; i++) words[i] = (words[i] as number) | ((plane[i] as number) << shift);
  }
}
