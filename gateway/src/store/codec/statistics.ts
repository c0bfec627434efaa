// What a chunk's header says about its numbers, and how few bytes say it.
import type { ByteReader } from './byte-reader.ts';
import type { ByteWriter } from './byte-writer.ts';
import { DamagedError } from './damaged.ts';
import { type Decimals, placesMax, powerOf } from './decimals.ts';
import { exactMax } from './integers.ts';

/** Of a column of numbers in order of time. One NaN among them makes the last three NaN. */
export type Statistics = { first: number; last: number; min: number; max: number; sum: number };

/** In place of the number of decimals: five doubles follow. */
const asDoubles = 255;

function measure(x: Float64Array): Statistics {
  let sum = 0;
  let min = x[0] as number;
  let max = min;
  for (let i = 0; i < x.length; i++) {
    const value = x[i] as number;
    sum += value;
    // These two know NaN, and -0 from 0.
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return { first: x[0] as number, last: x[x.length - 1] as number, min, max, sum };
}

/** Whether the sum of `count` integers, and every sum on the way to it, was exact. */
function isExact({ min, max }: Statistics, count: number): boolean {
  return Math.max(-min, max) * count <= Number.MAX_SAFE_INTEGER;
}

function scaled({ first, last, min, max, sum }: Statistics, places: number): Statistics {
  const power = powerOf(places);
  return { first: first / power, last: last / power, min: min / power, max: max / power, sum: sum / power };
}

/**
 * The statistics of numbers. Of decimals the sum is that of their integers and has no error but the last division's,
 * as long as that is exact; else the doubles are added one after the other.
 */
export function statisticsOf(x: Float64Array, decimals: Decimals | null): Statistics {
  const whole = decimals === null ? null : measure(decimals.integers);
  return decimals === null || whole === null || !isExact(whole, x.length) ? measure(x) : scaled(whole, decimals.places);
}

/** Writes the statistics of a column of `x.length` numbers. */
export function writeStatistics(writer: ByteWriter, x: Float64Array, decimals: Decimals | null): void {
  const whole = decimals === null ? null : measure(decimals.integers);
  if (decimals === null || whole === null || Math.max(-whole.min, whole.max) * x.length > exactMax) {
    const { first, last, min, max, sum } = statisticsOf(x, decimals);
    writer.byte(asDoubles);
    for (const value of [first, last, min, max, sum]) writer.double(value);
    return;
  }
  // All near the first: so little is left of each that a byte or two hold it.
  const { first, last, min, max, sum } = whole;
  writer.byte(decimals.places);
  writer.signed(first);
  writer.signed(last - first);
  writer.varint(first - min);
  writer.varint(max - first);
  writer.signed(sum - first * x.length);
}

/** Reads the statistics of `count` numbers. Throws DamagedError. */
export function readStatistics(reader: ByteReader, count: number): Statistics {
  const places = reader.byte();
  if (places === asDoubles) {
    const [first, last, min, max] = [reader.double(), reader.double(), reader.double(), reader.double()];
    return { first, last, min, max, sum: reader.double() };
  }
  if (places > placesMax) throw new DamagedError(`no statistics of ${places} decimals`);
  const first = reader.signed();
  const last = first + reader.signed();
  const min = first - reader.varint();
  const max = first + reader.varint();
  return scaled({ first, last, min, max, sum: first * count + reader.signed() }, places);
}
