// A column of any doubles, to the last bit: as decimals where they are some, else as planes of their bytes.
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { entropyOf } from './bytes.ts';
import { DamagedError } from './damaged.ts';
import { asDecimals, type Decimals, placesMax, powerOf } from './decimals.ts';
import { readIntegers, readPlainDoubles, splitDoubles, writeIntegers } from './integers.ts';
import { readWords, writePlanes } from './planes.ts';

/** Added to the number of places where some doubles are stored beside the decimals. */
const withOdd = 16;
const plain = 32;
const xored = 33;
const stepped = 34;

type Words = { low: Uint32Array; high: Uint32Array };

/** Each double's bits with those of the one before taken out. */
function xor({ low, high }: Words): Words {
  const n = low.length;
  const into = { low: low.slice(), high: high.slice() };
  for (let i = 1; i < n; i++) {
    into.low[i] = (low[i] as number) ^ (low[i - 1] as number);
    into.high[i] = (high[i] as number) ^ (high[i - 1] as number);
  }
  return into;
}

/** The distances of the bits as 64-bit integers, folded so that small ones of either sign have zeros above. */
function steps({ low, high }: Words): Words {
  const n = low.length;
  const into = { low: new Uint32Array(n), high: new Uint32Array(n) };
  let lowBefore = 0;
  let highBefore = 0;
  for (let i = 0; i < n; i++) {
    const l = low[i] as number;
    const h = high[i] as number;
    const stepLow = (l - lowBefore) >>> 0;
    const stepHigh = (h - highBefore - (l < lowBefore ? 1 : 0)) | 0;
    const sign = stepHigh >> 31;
    into.low[i] = (stepLow << 1) ^ sign;
    into.high[i] = ((stepHigh << 1) | (stepLow >>> 31)) ^ sign;
    lowBefore = l;
    highBefore = h;
  }
  return into;
}

function unstep({ low, high }: Words): void {
  let l = 0;
  let h = 0;
  for (let i = 0; i < low.length; i++) {
    const foldedLow = low[i] as number;
    const foldedHigh = high[i] as number;
    const sign = -(foldedLow & 1);
    const stepLow = (((foldedLow >>> 1) | (foldedHigh << 31)) ^ sign) >>> 0;
    const sum = l + stepLow;
    l = sum >>> 0;
    h = (h + ((foldedHigh >>> 1) ^ sign) + (sum > 0xffffffff ? 1 : 0)) | 0;
    low[i] = l;
    high[i] = h;
  }
}

/** Bits a double takes as planes of these words. */
function cost({ low, high }: Words): number {
  const plane = new Uint8Array(low.length);
  let bits = 0;
  for (const words of [low, high]) {
    for (let shift = 0; shift < 32; shift += 8) {
      for (let i = 0; i < plane.length; i++) plane[i] = (words[i] as number) >>> shift;
      bits += entropyOf(plane);
    }
  }
  return bits;
}

const sampleMax = 4_096;

/** The way of storing planes that is likely the smallest, found at the middle of the column. */
function chooseMode(x: Float64Array): number {
  const from = Math.max(0, (x.length - sampleMax) >> 1);
  const words = splitDoubles(x.subarray(from, from + sampleMax));
  const costs: [number, number][] = [
    [plain, cost(words)],
    [xored, cost(xor(words))],
    [stepped, cost(steps(words))],
  ];
  return costs.reduce((best, other) => (other[1] < best[1] ? other : best))[0];
}

function writeAsPlanes(writer: ByteWriter, x: Float64Array): void {
  const mode = chooseMode(x);
  const words = splitDoubles(x);
  const { low, high } = mode === plain ? words : mode === xored ? xor(words) : steps(words);
  writer.byte(mode);
  writePlanes(writer, low, high, x.length, 8);
}

/**
 * Writes a column whose length the reader will know. Returns the decimals that it was found to be, or null where some
 * are none.
 */
export function writeDoubles(writer: ByteWriter, x: Float64Array): Decimals | null {
  if (x.length === 0) return null;
  const decimals = asDecimals(x);
  if (decimals === null) {
    writeAsPlanes(writer, x);
    return null;
  }
  const { places, integers, odd } = decimals;
  if (odd.length === 0) {
    writer.byte(places);
    writeIntegers(writer, integers);
    return decimals;
  }
  writer.byte(places + withOdd);
  writer.varint(odd.length);
  let before = 0;
  const bits = new Uint8Array(x.buffer, x.byteOffset, x.byteLength);
  for (const i of odd) {
    writer.varint(i - before);
    // As bytes and not as numbers: a NaN that went through a number may lose its bits.
    writer.append(bits.subarray(8 * i, 8 * i + 8));
    before = i;
  }
  writeIntegers(writer, integers);
  return null;
}

/** Fills `out` with the next column. Throws DamagedError. */
export function readDoubles(reader: ByteReader, out: Float64Array): void {
  const n = out.length;
  if (n === 0) return;
  const mode = reader.byte();
  if (mode <= placesMax) readDecimals(reader, out, mode);
  else if (mode >= withOdd && mode <= withOdd + placesMax) readWithOdd(reader, out, mode - withOdd);
  else if (mode === plain) readPlainDoubles(reader, out);
  else if (mode === xored || mode === stepped) readChanged(reader, out, mode);
  else throw new DamagedError(`no column of doubles begins with ${mode}`);
}

function readDecimals(reader: ByteReader, out: Float64Array, places: number): void {
  readIntegers(reader, out);
  if (places === 0) return;
  const power = powerOf(places);
  for (let i = 0; i < out.length; i++) out[i] = (out[i] as number) / power;
}

function readWithOdd(reader: ByteReader, out: Float64Array, places: number): void {
  const count = reader.varint();
  if (count > out.length) throw new DamagedError(`${count} doubles beside ${out.length} decimals`);
  const odd = new ReaderOfOdd(reader, count, out.length);
  readDecimals(reader, out, places);
  odd.putInto(out);
}

/** Doubles that stand beside the decimals; they come before them in the bytes and belong over them. */
class ReaderOfOdd {
  private readonly at: number[] = [];
  private readonly bits: Uint8Array[] = [];

  constructor(reader: ByteReader, count: number, length: number) {
    let i = 0;
    for (let k = 0; k < count; k++) {
      i += reader.varint();
      if (i >= length) throw new DamagedError(`a double at ${i} of ${length}`);
      this.at.push(i);
      this.bits.push(reader.take(8));
    }
  }

  putInto(out: Float64Array): void {
    const bytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
    for (const [k, bits] of this.bits.entries()) bytes.set(bits, 8 * (this.at[k] as number));
  }
}

function readChanged(reader: ByteReader, out: Float64Array, mode: number): void {
  const n = out.length;
  const words = { low: new Uint32Array(n), high: new Uint32Array(n) };
  readWords(reader, words.low, n, 4);
  readWords(reader, words.high, n, 4);
  const { low, high } = words;
  if (mode === stepped) unstep(words);
  else {
    for (let i = 1; i < n; i++) {
      low[i] = (low[i] as number) ^ (low[i - 1] as number);
      high[i] = (high[i] as number) ^ (high[i - 1] as number);
    }
  }
  const bits = new Uint32Array(out.buffer, out.byteOffset, 2 * n);
  for (let i = 0; i < n; i++) {
    bits[2 * i] = low[i] as number;
    bits[2 * i + 1] = high[i] as number;
  }
}
