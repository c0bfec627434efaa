// A column of integers: the misses of the best predictor, in as few byte planes as hold them.
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { DamagedError } from './damaged.ts';
import { readPlane, readWords, writePlanes } from './planes.ts';
import { choosePredictor, line, misses, order1, order2, type Predictor, seedsOf, wholeLine } from './predictors.ts';

/** In place of a predictor: the doubles as they are. */
const plain = 7;

/** Integers up to here, and their misses, can be added to each other without ever rounding. */
export const exactMax = 2 ** 51;

/** Whether all of these are integers that can be foretold; -0 is not, its sign would be lost. */
export function areExact(x: Float64Array): boolean {
  for (let i = 0; i < x.length; i++) {
    const value = x[i] as number;
    if (!(value >= -exactMax && value <= exactMax) || Math.floor(value) !== value) return false;
    if (value === 0 && 1 / value < 0) return false;
  }
  return true;
}

/** Splits the bits of doubles into their lower and higher words. */
export function splitDoubles(x: Float64Array): { low: Uint32Array; high: Uint32Array } {
  const words = new Uint32Array(x.buffer, x.byteOffset, 2 * x.length);
  const low = new Uint32Array(x.length);
  const high = new Uint32Array(x.length);
  for (let i = 0; i < x.length; i++) {
    low[i] = words[2 * i] as number;
    high[i] = words[2 * i + 1] as number;
  }
  return { low, high };
}

/** Reads eight planes as the bits of doubles. */
export function readPlainDoubles(reader: ByteReader, out: Float64Array): void {
  const n = out.length;
  const low = new Uint32Array(n);
  const high = new Uint32Array(n);
  readWords(reader, low, n, 4);
  readWords(reader, high, n, 4);
  const words = new Uint32Array(out.buffer, out.byteOffset, 2 * n);
  for (let i = 0; i < n; i++) {
    words[2 * i] = low[i] as number;
    words[2 * i + 1] = high[i] as number;
  }
}

function writePlain(writer: ByteWriter, x: Float64Array): void {
  const { low, high } = splitDoubles(x);
  writer.byte(plain);
  writePlanes(writer, low, high, x.length, 8);
}

/**
 * Folds misses to what is never negative: 0, -1, 1, ... become 0, 1, 2, ... Returns
 * a number that takes as many bytes as the largest.
 */
function fold(missed: Float64Array, low: Uint32Array): number {
  const n = missed.length;
  let bits = 0;
  for (let i = 0; i < n; i++) {
    const miss = missed[i] as number;
    const word = miss | 0;
    if (word !== miss) return foldLarge(missed, low);
    const folded = ((word << 1) ^ (word >> 31)) >>> 0;
    low[i] = folded;
    bits |= folded;
  }
  return bits >>> 0;
}

function foldLarge(missed: Float64Array, low: Uint32Array): number {
  let largest = 0;
  for (let i = 0; i < missed.length; i++) {
    const miss = missed[i] as number;
    const folded = miss < 0 ? -2 * miss - 1 : 2 * miss;
    missed[i] = folded;
    low[i] = folded;
    if (folded > largest) largest = folded;
  }
  return largest;
}

/**
 * Writes a column whose length the reader will know. It is made for integers within 2^51; any other doubles are
 * stored as well, to the last bit, but take eight planes.
 */
export function writeIntegers(writer: ByteWriter, x: Float64Array): void {
  if (x.length === 0) return;
  if (!areExact(x)) return writePlain(writer, x);
  const predictor = choosePredictor(x);
  const missed = misses(x, predictor);
  const n = missed.length;
  const low = new Uint32Array(n);
  const largest = fold(missed, low);
  if (largest > 2 * exactMax) return writePlain(writer, x);
  let width = 0;
  while (width < 7 && largest >= 256 ** width && largest > 0) width++;
  writeHead(writer, x, predictor, width);
  let high = low;
  if (width > 4) {
    high = new Uint32Array(n);
    for (let i = 0; i < n; i++) high[i] = (missed[i] as number) / 2 ** 32;
  }
  writePlanes(writer, low, high, n, width);
}

function writeHead(writer: ByteWriter, x: Float64Array, { kind, center, slope }: Predictor, width: number): void {
  writer.byte(kind | (width << 3));
  writer.signed(center);
  if (kind === order1 || kind === order2) writer.signed(x[0] as number);
  if (kind === order2) writer.signed((x[1] as number) - (x[0] as number));
  if (kind === wholeLine) writer.signed(slope);
  if (kind === line) writer.double(slope);
}

/** Fills `out` with the next column. Throws DamagedError. */
export function readIntegers(reader: ByteReader, out: Float64Array): void {
  const n = out.length;
  if (n === 0) return;
  const head = reader.byte();
  if (head === plain) return readPlainDoubles(reader, out);
  const kind = head & 7;
  const width = head >>> 3;
  if (kind > line || width > 7 || seedsOf(kind) > n)
    throw new DamagedError(`no column of integers begins with ${head}`);
  const center = reader.signed();
  const first = kind === order1 || kind === order2 ? reader.signed() : 0;
  const step = kind === order2 || kind === wholeLine ? reader.signed() : kind === line ? reader.double() : 0;
  const seeds = seedsOf(kind);
  readMisses(reader, seeds === 0 ? out : out.subarray(seeds), width, center);
  if (kind === order1) addUp(out, first);
  else if (kind === order2) addUpTwice(out, first, step);
  else if (step !== 0) for (let i = 0; i < n; i++) out[i] = (out[i] as number) + Math.round(i * step);
}

/** Fills `out` with misses, each already with the center that was taken off. */
function readMisses(reader: ByteReader, out: Float64Array, width: number, center: number): void {
  const n = out.length;
  if (width === 0) {
    out.fill(center);
    return;
  }
  if (width === 1) {
    const plane = readPlane(reader, n);
    for (let i = 0; i < n; i++) {
      const folded = plane[i] as number;
      out[i] = center + ((folded >>> 1) ^ -(folded & 1));
    }
    return;
  }
  const low = new Uint32Array(n);
  readWords(reader, low, n, Math.min(width, 4));
  if (width <= 4) {
    for (let i = 0; i < n; i++) {
      const folded = low[i] as number;
      out[i] = center + ((folded >>> 1) ^ -(folded & 1));
    }
    return;
  }
  const high = new Uint32Array(n);
  readWords(reader, high, n, width - 4);
  for (let i = 0; i < n; i++) {
    const folded = (high[i] as number) * 2 ** 32 + (low[i] as number);
    out[i] = center + ((low[i] as number) & 1 ? -(folded + 1) / 2 : folded / 2);
  }
}

function addUp(out: Float64Array, first: number): void {
  let value = first;
  out[0] = value;
  for (let i = 1; i < out.length; i++) {
    value += out[i] as number;
    out[i] = value;
  }
}

function addUpTwice(out: Float64Array, first: number, firstStep: number): void {
  let step = firstStep;
  let value = first + step;
  out[0] = first;
  out[1] = value;
  for (let i = 2; i < out.length; i++) {
    step += out[i] as number;
    value += step;
    out[i] = value;
  }
}
