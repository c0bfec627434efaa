// The entropy stage: an array of bytes is stored in whichever of a few ways is smallest.
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import type { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { DamagedError } from './damaged.ts';

const raw = 0;
const same = 1;
const deflated = 2;
const bits = 3;

/** Below this many bytes a call of zlib costs more time than it saves space. */
export const deflateFrom = 64;

/** Deflate cannot shrink bytes by more than this. */
export const deflateRatioMax = 1_032;

// Residuals are noise: there are no matches in it worth their search, and taken by chance they make it larger.
const withoutMatches = { level: 6, memLevel: 9, strategy: constants.Z_HUFFMAN_ONLY };
const withMatches = { level: 6, memLevel: 9 };

const histogram = new Uint32Array(256);
/** Where eight bytes of this hash were last seen, plus one. */
const seen = new Uint32Array(4_096);

/** Bits a byte needs if each is coded by how often it occurs. */
export function entropyOf(bytes: Uint8Array): number {
  histogram.fill(0);
  const n = bytes.length;
  for (let i = 0; i < n; i++) (histogram[bytes[i] as number] as number)++;
  let sum = 0;
  for (let value = 0; value < 256; value++) {
    const times = histogram[value] as number;
    if (times > 0) sum += times * Math.log2(times);
  }
  return n === 0 ? 0 : Math.log2(n) - sum / n;
}

/** Places that such a guess looks at. */
const placesSeen = 2_048;

/** The share of places at which eight bytes stand that stood somewhere before; a guess from some of the places. */
function repeats(bytes: Uint8Array): number {
  seen.fill(0);
  let hits = 0;
  let places = 0;
  const end = Math.min(bytes.length - 8, placesSeen);
  for (let i = 0; i <= end; i++) {
    const low = Math.imul((bytes[i] as number) | ((bytes[i + 1] as number) << 8), 0x9e3779b1);
    const middle = Math.imul((bytes[i + 2] as number) | ((bytes[i + 3] as number) << 8), 0x85ebca6b);
    const high = Math.imul((bytes[i + 4] as number) | ((bytes[i + 5] as number) << 8), 0xc2b2ae35);
    const last = Math.imul((bytes[i + 6] as number) | ((bytes[i + 7] as number) << 8), 0x27d4eb2f);
    const hash = Math.imul(low ^ (middle >>> 7) ^ (high >>> 13) ^ (last >>> 3), 0x9e3779b1) >>> 20;
    const before = (seen[hash] as number) - 1;
    if (before >= 0 && bytes[before] === bytes[i] && bytes[before + 7] === bytes[i + 7]) hits++;
    seen[hash] = i + 1;
    places++;
  }
  return places === 0 ? 0 : hits / places;
}

function smallestDeflate(bytes: Uint8Array): Uint8Array | null {
  const n = bytes.length;
  const entropy = entropyOf(bytes);
  const chunkSize = n + 64;
  // Few kinds of bytes are worth a look even without repeats: a Huffman code spends a whole bit on each.
  const matches = entropy < 1.5 || repeats(bytes) > (entropy < 3 ? 0.2 : 0.05);
  const noise = entropy < 7.8 || n > 100_000;
  let best: Uint8Array | null = null;
  if (matches) best = deflateRawSync(bytes, { ...withMatches, chunkSize });
  // A Huffman code takes a bit a byte at the least; with that in reach of the matches it cannot win.
  if (noise && (best === null || best.length > (n * Math.max(entropy, 1)) / 8)) {
    const other = deflateRawSync(bytes, { ...withoutMatches, chunkSize });
    if (best === null || other.length < best.length) best = other;
  }
  return best;
}

function isSame(bytes: Uint8Array): boolean {
  const first = bytes[0];
  for (let i = 1; i < bytes.length; i++) if (bytes[i] !== first) return false;
  return true;
}

/** The other of the two values where there are no more than two, else -1. */
function otherOfTwo(bytes: Uint8Array): number {
  const first = bytes[0] as number;
  let other = -1;
  for (let i = 1; i < bytes.length; i++) {
    const value = bytes[i] as number;
    if (value === first || value === other) continue;
    if (other >= 0) return -1;
    other = value;
  }
  return other;
}

/** A bit for each byte, the lowest first: whether it is `other`. */
function bitsOf(bytes: Uint8Array, other: number): Uint8Array {
  const packed = new Uint8Array((bytes.length + 7) >>> 3);
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === other) packed[i >>> 3] = (packed[i >>> 3] as number) | (1 << (i & 7));
  }
  return packed;
}

function readBits(reader: ByteReader, length: number): Uint8Array {
  const first = reader.byte();
  const other = reader.byte();
  const packed = readBytes(reader, (length + 7) >>> 3);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = ((packed[i >>> 3] as number) >>> (i & 7)) & 1 ? other : first;
  return bytes;
}

/** Writes bytes whose number the reader will know. Nothing is written for none. */
export function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
  const n = bytes.length;
  if (n === 0) return;
  if (isSame(bytes)) {
    writer.byte(same);
    writer.byte(bytes[0] as number);
    return;
  }
  const packed = n < deflateFrom ? null : smallestDeflate(bytes);
  const other = n < deflateFrom ? -1 : otherOfTwo(bytes);
  if (other >= 0 && (packed === null || packed.length > n / 32)) {
    const asBits = new ByteWriter(n);
    writeBytes(asBits, bitsOf(bytes, other));
    if (packed === null || asBits.length < packed.length) {
      writer.byte(bits);
      writer.byte(bytes[0] as number);
      writer.byte(other);
      writer.append(asBits.written());
      return;
    }
  }
  if (packed === null || packed.length + 3 >= n) {
    writer.byte(raw);
    writer.append(bytes);
    return;
  }
  writer.byte(deflated);
  writer.varint(packed.length);
  writer.append(packed);
}

/** Reads `length` bytes. May share the memory of the reader. Throws DamagedError. */
export function readBytes(reader: ByteReader, length: number): Uint8Array {
  if (length === 0) return new Uint8Array(0);
  const method = reader.byte();
  if (method === raw) return reader.take(length);
  if (method === same) return new Uint8Array(length).fill(reader.byte());
  if (method === bits) return readBits(reader, length);
  if (method !== deflated) throw new DamagedError(`no way ${method} of storing bytes`);
  const packed = reader.take(reader.varint());
  if (length > packed.length * deflateRatioMax) throw new DamagedError(`${packed.length} bytes cannot hold ${length}`);
  const bytes = inflate(packed, length);
  if (bytes.length !== length) throw new DamagedError(`${bytes.length} bytes where ${length} are said to be`);
  return bytes;
}

function inflate(packed: Uint8Array, length: number): Uint8Array {
  try {
    // One piece of output holds it all, and a byte more, so that zlib is called once.
    return inflateRawSync(packed, { chunkSize: length + 64, maxOutputLength: length });
  } catch (error) {
    throw new DamagedError('bytes cannot be inflated', { cause: error });
  }
}
