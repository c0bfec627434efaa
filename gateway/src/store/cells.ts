// Rollups: for each span of equal length that has readings, a cell with their count, min, max, sum, first and last. The
// cells of one window of a series are one row; they are made again from the readings whenever those change.

import { crc32 } from 'node:zlib';
import { ByteReader } from './codec/byte-reader.ts';
import { ByteWriter } from './codec/byte-writer.ts';
import { DamagedError } from './codec/damaged.ts';
import { asDecimals, powerOf } from './codec/decimals.ts';
import { readDoubles, writeDoubles } from './codec/doubles.ts';
import { readIntegers, writeIntegers } from './codec/integers.ts';
import { readValues, writeValues } from './codec/values.ts';
import { Columns } from './columns.ts';
import { dayMs, type Level, windowMs } from './keys.ts';
import { textType } from './run.ts';

/**
 * Length of a cell at each level: a minute in windows of a day, a quarter of an hour in those of 32 days, a day in those
 * of 1,024 days. The quarter serves the days, weeks and months of every time zone, for each is a multiple of it off UTC.
 */
export const cellMs: Readonly<Record<Level, number>> = Object.freeze({ 1: 60_000, 2: 900_000, 3: dayMs });

/** Cells are kept where they stand for so many readings each; with fewer the readings themselves are as quick. */
const readingsPerCellMin = 16;

const formatVersion = 1;

/** Cells of one window, in order of time. Sums are finite. */
export class Cells {
  count = 0;
  /** First instant of each cell, Unix ms. */
  readonly start: Float64Array;
  /** Readings in it, and those of them that are numbers or booleans. */
  readonly readings: Float64Array;
  readonly numbers: Float64Array;
  /** Of the numbers; 0 where there is none. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly sum: Float64Array;
  readonly firsts = new Columns();
  readonly lasts = new Columns();

  constructor(room: number) {
    const column = () => new Float64Array(room);
    this.start = column();
    this.readings = column();
    this.numbers = column();
    this.min = column();
    this.max = column();
    this.sum = column();
  }

  /** Those that begin in [from, to). */
  between(from: number, to: number): Cells {
    const found = new Cells(this.count);
    for (let i = 0; i < this.count; i++) {
      const start = this.start[i] as number;
      if (start >= from && start < to) copyInto(found, found.count++, this, i, start);
    }
    return found;
  }
}

const textOf = (columns: Columns, i: number) => (columns.types[i] === textType ? (columns.value(i) as string) : null);

/** Cells of `length` ms over sorted readings; null where a sum is more than a double holds. */
export function cellsOf(columns: Columns, length: number): Cells | null {
  const { ts, doubles, types, count } = columns;
  const cells = new Cells(
    count === 0 ? 0 : Math.min(count, ((ts[count - 1] as number) - (ts[0] as number)) / length + 2),
  );
  const power = decimalPower(columns);
  for (let i = 0; i < count; ) {
    const start = Math.floor((ts[i] as number) / length) * length;
    const begin = i;
    let min = 0;
    let max = 0;
    let sum = 0;
    let numbers = 0;
    let areDecimals = power > 0;
    for (; i < count && (ts[i] as number) < start + length; i++) {
      if (types[i] === textType) continue;
      const double = doubles[i] as number;
      if (numbers === 0 || double < min) min = double;
      if (numbers === 0 || double > max) max = double;
      sum += double;
      numbers++;
      if (areDecimals && Math.round(double * power) / power !== double) areDecimals = false;
    }
    const c = cells.count++;
    cells.start[c] = start;
    cells.readings[c] = i - begin;
    cells.numbers[c] = numbers;
    cells.min[c] = min;
    cells.max[c] = max;
    cells.sum[c] = areDecimals ? Math.round(sum * power) / power : sum;
    if (!Number.isFinite(cells.sum[c] as number)) return null;
    cells.firsts.add(start, doubles[begin] as number, types[begin] as number, textOf(columns, begin));
    cells.lasts.add(start, doubles[i - 1] as number, types[i - 1] as number, textOf(columns, i - 1));
  }
  return cells;
}

/** Readings that tell how many decimals a series has; each cell then sees for itself. */
const decimalsSeen = 64;

/**
 * Ten to the power of the decimals that the readings have, 0 where they are no decimals. The sum of decimals is such a
 * number too, and what adding up doubles leaves behind the last of them is noise that would be dear to store.
 */
function decimalPower({ doubles, count }: Columns): number {
  const decimals = asDecimals(doubles.slice(0, Math.min(count, decimalsSeen)));
  return decimals === null || decimals.odd.length > 0 ? 0 : powerOf(decimals.places);
}

/** Whether cells spare enough readings to be kept. */
export function worthKeeping(cells: Cells, readings: number): boolean {
  return readings >= readingsPerCellMin * cells.count;
}

/** Joins cells to longer ones of `length`, a multiple of theirs. Null where a sum is more than a double holds. */
export function coarsen(list: readonly Cells[], length: number): Cells | null {
  const joined = new Cells(list.reduce((sum, { count }) => sum + count, 0));
  for (const cells of list) {
    for (let i = 0; i < cells.count; i++) {
      const start = Math.floor((cells.start[i] as number) / length) * length;
      const c = joined.count - 1;
      if (c >= 0 && joined.start[c] === start) joinInto(joined, c, cells, i);
      else copyInto(joined, joined.count++, cells, i, start);
      if (!Number.isFinite(joined.sum[joined.count - 1] as number)) return null;
    }
  }
  return joined;
}

/**
 * Of two rollups of one window the cells that stand for more readings each, where they begin before `until`, and those of
 * `made` from there on: what retention let go of is in `known` alone.
 */
export function fuller(known: Cells, made: Cells, until: number): Cells {
  const joined = new Cells(known.count + made.count);
  const take = (from: Cells, i: number) => copyInto(joined, joined.count++, from, i, from.start[i] as number);
  let k = 0;
  for (let m = 0; m <= made.count; m++) {
    const start = m < made.count ? (made.start[m] as number) : Number.POSITIVE_INFINITY;
    for (; k < known.count && (known.start[k] as number) < Math.min(start, until); k++) take(known, k);
    if (m === made.count) break;
    const same = k < known.count && known.start[k] === start && start < until;
    if (same && (known.readings[k] as number) > (made.readings[m] as number)) take(known, k);
    else take(made, m);
    while (k < known.count && (known.start[k] as number) <= start) k++;
  }
  return joined;
}

function copyInto(into: Cells, c: number, from: Cells, i: number, start: number): void {
  into.start[c] = start;
  into.readings[c] = from.readings[i] as number;
  into.numbers[c] = from.numbers[i] as number;
  into.min[c] = from.min[i] as number;
  into.max[c] = from.max[i] as number;
  into.sum[c] = from.sum[i] as number;
  into.firsts.add(start, from.firsts.doubles[i] as number, from.firsts.types[i] as number, textOf(from.firsts, i));
  into.lasts.add(start, from.lasts.doubles[i] as number, from.lasts.types[i] as number, textOf(from.lasts, i));
}

function joinInto(into: Cells, c: number, from: Cells, i: number): void {
  const numbers = into.numbers[c] as number;
  if ((from.numbers[i] as number) > 0) {
    into.min[c] = numbers === 0 ? (from.min[i] as number) : Math.min(into.min[c] as number, from.min[i] as number);
    into.max[c] = numbers === 0 ? (from.max[i] as number) : Math.max(into.max[c] as number, from.max[i] as number);
  }
  into.readings[c] = (into.readings[c] as number) + (from.readings[i] as number);
  into.numbers[c] = numbers + (from.numbers[i] as number);
  into.sum[c] = (into.sum[c] as number) + (from.sum[i] as number);
  const start = into.start[c] as number;
  into.lasts.count--;
  into.lasts.add(start, from.lasts.doubles[i] as number, from.lasts.types[i] as number, textOf(from.lasts, i));
}

/** The cells of one window as a row's body: version, CRC-32 of the rest, number of cells, and the columns. */
export function encodeCells(cells: Cells, level: Level): Uint8Array {
  const writer = new ByteWriter();
  const { count } = cells;
  writer.byte(formatVersion);
  writer.uint32(0);
  writer.varint(count);
  const places = cells.start.slice(0, count);
  for (let i = 0; i < count; i++) places[i] = ((places[i] as number) % windowMs(level)) / cellMs[level];
  writeIntegers(writer, places);
  writeIntegers(writer, cells.readings.slice(0, count));
  const silent = cells.readings.slice(0, count);
  for (let i = 0; i < count; i++) silent[i] = (silent[i] as number) - (cells.numbers[i] as number);
  writeIntegers(writer, silent);
  for (const column of [cells.min, cells.max, cells.sum]) writeDoubles(writer, column.slice(0, count));
  writeValues(writer, cells.firsts, 0, count);
  writeValues(writer, cells.lasts, 0, count);
  writer.patchUint32(1, crc32(writer.written(5)));
  return writer.written().slice();
}

/** Reads a row's body; `window` is the number of its window. Throws DamagedError. */
export function decodeCells(body: Uint8Array, level: Level, window: number): Cells {
  if (body.length < 6 || body[0] !== formatVersion) throw new DamagedError('not a rollup of a known version');
  const sum = new DataView(body.buffer, body.byteOffset).getUint32(1, true);
  if (crc32(body.subarray(5)) !== sum) throw new DamagedError('the checksum of a rollup is wrong');
  const reader = new ByteReader(body, 5);
  const count = reader.varint();
  if (count > windowMs(level) / cellMs[level]) throw new DamagedError(`a rollup of ${count} cells`);
  const cells = new Cells(count);
  cells.count = count;
  readIntegers(reader, cells.start);
  const begin = window * windowMs(level);
  for (let i = 0; i < count; i++) cells.start[i] = begin + (cells.start[i] as number) * cellMs[level];
  readIntegers(reader, cells.readings);
  readIntegers(reader, cells.numbers);
  for (let i = 0; i < count; i++) cells.numbers[i] = (cells.readings[i] as number) - (cells.numbers[i] as number);
  for (const column of [cells.min, cells.max, cells.sum]) readDoubles(reader, column);
  for (const values of [cells.firsts, cells.lasts]) {
    values.reserve(count);
    readValues(reader, values, count);
    values.ts.set(cells.start);
    values.count = count;
  }
  return cells;
}

/** The same, or null where it is damaged: the readings themselves answer then. */
export function soundCells(body: Uint8Array, level: Level, window: number): Cells | null {
  try {
    return decodeCells(body, level, window);
  } catch (error) {
    if (error instanceof DamagedError) return null;
    throw error;
  }
}

/** Checks a row's body whole. Throws DamagedError. */
export function verifyCells(body: Uint8Array, level: Level): number {
  return decodeCells(body, level, 0).count;
}
