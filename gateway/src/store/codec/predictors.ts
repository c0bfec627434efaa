// Ways to foretell the integers of a column, and the choice among them by what their misses would cost.
import { deflateFrom } from './bytes.ts';

export const order0 = 0;
export const order1 = 1;
export const order2 = 2;
/** A line whose step is an integer. */
export const wholeLine = 3;
/** A line of any step. */
export const line = 4;

/** `center` is taken off every miss; `slope` is the step of a line, else 0. */
export type Predictor = { kind: number; center: number; slope: number };

/** Readings at the start of a column that are stored as they are. */
export function seedsOf(kind: number): number {
  return kind === order1 ? 1 : kind === order2 ? 2 : 0;
}

/** The misses of a prediction at places [from, to), written to `into` from `at` on. */
function missesAt(
  x: Float64Array,
  kind: number,
  slope: number,
  from: number,
  to: number,
  into: Float64Array,
  at: number,
) {
  let k = at;
  if (kind === order0) for (let i = from; i < to; i++) into[k++] = x[i] as number;
  else if (kind === order1) for (let i = from; i < to; i++) into[k++] = (x[i] as number) - (x[i - 1] as number);
  else if (kind === order2) {
    for (let i = from; i < to; i++) {
      const before = x[i - 1] as number;
      into[k++] = (x[i] as number) - before - (before - (x[i - 2] as number));
    }
  } else for (let i = from; i < to; i++) into[k++] = (x[i] as number) - Math.round(i * slope);
  return k;
}

const samplePieces = 8;
const samplePiece = 32;
const sampleMax = samplePieces * samplePiece;
const sample = new Float64Array(sampleMax);
const medianOf = 31;
const some = new Float64Array(medianOf);

/** Fills the sample; returns how many it took. Small columns are taken whole. */
function takeSample(x: Float64Array, kind: number, slope: number): number {
  const n = x.length;
  if (n <= sampleMax) return missesAt(x, kind, slope, seedsOf(kind), n, sample, 0);
  let taken = 0;
  for (let piece = 0; piece < samplePieces; piece++) {
    const from = Math.max(2, Math.floor(((n - samplePiece) * piece) / (samplePieces - 1)));
    taken = missesAt(x, kind, slope, from, Math.min(n, from + samplePiece), sample, taken);
  }
  return taken;
}

/** A number near the middle of the sample. It need not be exact: any will do, a good one saves bytes. */
function middle(taken: number): number {
  const step = Math.max(1, taken / medianOf);
  let count = 0;
  for (let at = 0; count < medianOf && Math.floor(at) < taken; at += step) {
    const value = sample[Math.floor(at)] as number;
    let k = count++;
    for (; k > 0 && (some[k - 1] as number) > value; k--) some[k] = some[k - 1] as number;
    some[k] = value;
  }
  return some[count >> 1] as number;
}

/** Bits that the misses in the sample take, each about as many as its size has. */
function bitsOf(taken: number, center: number): number {
  let bits = 0;
  let product = 1;
  for (let i = 0; i < taken; i++) {
    product *= 1 + 2 * Math.abs((sample[i] as number) - center);
    // One logarithm for sixteen factors: each has less than 2^56, a double holds 2^1023.
    if ((i & 15) === 15) {
      bits += Math.log2(product);
      product = 1;
    }
  }
  return bits + Math.log2(product);
}

/** Bits where planes are stored raw: each miss takes the bytes of the largest. */
function rawBits(taken: number, center: number): number {
  let largest = 0;
  for (let i = 0; i < taken; i++) {
    const distance = (sample[i] as number) - center;
    largest = Math.max(largest, distance < 0 ? -2 * distance - 1 : 2 * distance);
  }
  return taken * 8 * Math.ceil(Math.log2(largest + 1) / 8);
}

function spread(taken: number): number {
  let least = sample[0] as number;
  let largest = least;
  for (let i = 1; i < taken; i++) {
    const value = sample[i] as number;
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  return largest - least;
}

const bitsOfSigned = (value: number) => 8 * Math.ceil(Math.log2(2 * Math.abs(value) + 2) / 7);

/** A center beyond this could not be taken off and added again without rounding. */
const centerMax = 2 ** 52;

/** The predictor whose column is likely the smallest. `x` holds integers within 2^51. */
export function choosePredictor(x: Float64Array): Predictor {
  const n = x.length;
  let best: Predictor = { kind: order0, center: x[0] as number, slope: 0 };
  if (n === 1) return best;
  let least = Number.POSITIVE_INFINITY;
  const slope = ((x[n - 1] as number) - (x[0] as number)) / (n - 1);
  for (let kind = order0; kind <= line; kind++) {
    const step = kind === line ? slope : kind === wholeLine ? Math.round(slope) : 0;
    if ((kind === order2 && n < 3) || (kind === wholeLine && step === 0) || (kind === line && Number.isInteger(slope)))
      continue;
    const taken = takeSample(x, kind, step);
    const center = middle(taken);
    if (Math.abs(center) > centerMax) continue;
    // Two values next to each other have steps of three kinds, which say no more and cost more.
    if (kind === order0 && n >= deflateFrom && spread(taken) === 1) return { kind, center, slope: 0 };
    const whole = n - seedsOf(kind);
    const misses = n < deflateFrom ? rawBits(taken, center) : (bitsOf(taken, center) * whole) / taken;
    let rest = bitsOfSigned(center);
    if (kind === order1) rest += bitsOfSigned(x[0] as number);
    if (kind === order2) rest += bitsOfSigned(x[0] as number) + bitsOfSigned((x[1] as number) - (x[0] as number));
    if (kind === wholeLine) rest += bitsOfSigned(step);
    if (kind === line) rest += 64;
    if (misses + rest < least) {
      least = misses + rest;
      best = { kind, center, slope: step };
    }
  }
  return best;
}

/** All misses of a predictor, less its center. */
export function misses(x: Float64Array, { kind, center, slope }: Predictor): Float64Array {
  const seeds = seedsOf(kind);
  const into = new Float64Array(x.length - seeds);
  missesAt(x, kind, slope, seeds, x.length, into, 0);
  if (center !== 0) for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) - center;
  return into;
}
