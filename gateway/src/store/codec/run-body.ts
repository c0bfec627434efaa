// The compact body of a log entry (format version 2): the readings of a run as columns, in order of arrival.
import { crc32 } from 'node:zlib';
import { Run, rowBytes, textType } from '../run.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { readBytes, writeBytes } from './bytes.ts';
import { DamagedError } from './damaged.ts';
import { readDoubles, writeDoubles } from './doubles.ts';
import { areExact, readIntegers, writeIntegers } from './integers.ts';
import { readTexts, writeTexts } from './texts.ts';

/** Stands where version 1 has the lowest byte of its 1, so that neither is taken for the other. */
const version = 2;
const versionAt = 12;

/** Readings in one body at the most; a larger number is damage, and must not make anyone ask for the memory. */
const runReadingsMax = 2 ** 24;

// Bits of the byte that says what is there.
const typesBit = 1;
const flagsBit = 2;
const relativeTimesBit = 4;

type RunColumns = {
  series: Float64Array;
  ts: Float64Array;
  spans: Float64Array;
  types: Uint8Array;
  flags: Uint8Array;
  doubles: Float64Array;
  texts: string[];
};

function columnsOf(run: Run, receivedAt: number): RunColumns {
  const n = run.count;
  const series = new Float64Array(n);
  const ts = new Float64Array(n);
  const spans = new Float64Array(n);
  const types = new Uint8Array(n);
  const flags = new Uint8Array(n);
  const doubles = new Float64Array(n);
  const texts: string[] = [];
  let others = 0;
  for (let i = 0; i < n; i++) {
    series[i] = run.series(i);
    ts[i] = run.ts(i);
    spans[i] = run.receivedAt(i) - receivedAt;
    flags[i] = run.flags(i);
    const type = run.type(i);
    types[i] = type;
    // Texts count themselves: the place of each in the list is its place among the texts.
    if (type === textType) texts.push(run.value(i) as string);
    else doubles[others++] = run.double(i);
  }
  return { series, ts, spans, types, flags, doubles: doubles.subarray(0, others), texts };
}

function firstReceived(run: Run): number {
  let first = run.count === 0 ? 0 : run.receivedAt(0);
  for (let i = 1; i < run.count; i++) first = Math.min(first, run.receivedAt(i));
  return first;
}

function isZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Takes `base` off every time, or puts it on. */
function shift(ts: Float64Array, base: number): void {
  for (let i = 0; i < ts.length; i++) ts[i] = (ts[i] as number) + base;
}

/** Encodes a run of at most `runReadingsMax` readings. Order, times, types, flags and values stay as they are. */
export function encodeRunBody(run: Run): Uint8Array {
  if (run.count > runReadingsMax) throw new RangeError(`a run of ${run.count} readings`);
  const receivedAt = firstReceived(run);
  const { series, ts, spans, types, flags, doubles, texts } = columnsOf(run, receivedAt);
  const relative = areExact(ts) && areExact(Float64Array.of(receivedAt));
  const typed = !isZero(types);
  const flagged = !isZero(flags);
  const writer = new ByteWriter(64 + run.count * 8);
  writer.uint32(0);
  writer.double(receivedAt);
  writer.byte(version);
  writer.byte((typed ? typesBit : 0) | (flagged ? flagsBit : 0) | (relative ? relativeTimesBit : 0));
  writer.varint(run.count);
  writeIntegers(writer, series);
  if (relative) shift(ts, -receivedAt);
  writeIntegers(writer, ts);
  writeIntegers(writer, spans);
  if (typed) writeBytes(writer, types);
  if (flagged) writeBytes(writer, flags);
  writeDoubles(writer, doubles);
  if (texts.length > 0) writeTexts(writer, texts);
  writer.patchUint32(0, crc32(writer.written(4)));
  return writer.written().slice();
}

/** Whether these bytes are a body of version 2, damaged or not. */
export function isRunBody(body: Uint8Array): boolean {
  return body[versionAt] === version;
}

/** Decodes what `encodeRunBody` made. Throws DamagedError. */
export function decodeRunBody(body: Uint8Array): Run {
  const reader = new ByteReader(body);
  const checksum = reader.uint32();
  if (!isRunBody(body) || crc32(body.subarray(4)) !== checksum) throw new DamagedError('the log entry is damaged');
  const receivedAt = reader.double();
  reader.byte();
  const parts = reader.byte();
  const n = reader.varint();
  if (n > runReadingsMax) throw new DamagedError(`a log entry says ${n} readings`);
  const series = new Float64Array(n);
  readIntegers(reader, series);
  const ts = new Float64Array(n);
  readIntegers(reader, ts);
  if ((parts & relativeTimesBit) !== 0) shift(ts, receivedAt);
  const spans = new Float64Array(n);
  readIntegers(reader, spans);
  const types = (parts & typesBit) === 0 ? new Uint8Array(n) : readBytes(reader, n);
  const flags = (parts & flagsBit) === 0 ? new Uint8Array(n) : readBytes(reader, n);
  let count = 0;
  for (let i = 0; i < n; i++) if (types[i] === textType) count++;
  const doubles = new Float64Array(n - count);
  readDoubles(reader, doubles);
  const texts = count === 0 ? [] : readTexts(reader);
  if (texts.length !== count || reader.left() !== 0)
    throw new DamagedError('a log entry is longer or shorter than it says');
  return rowsOf({ series, ts, spans, types, flags, doubles, texts }, receivedAt);
}

/** Puts the columns into rows as they lie in a body of version 1. */
function rowsOf({ series, ts, spans, types, flags, doubles, texts }: RunColumns, receivedAt: number): Run {
  const n = series.length;
  const memory = new ArrayBuffer((n + 1) * rowBytes);
  const rows = new Float64Array(memory);
  const words = new Uint32Array(memory);
  rows[0] = receivedAt;
  words[2] = n;
  words[3] = 1;
  let others = 0;
  let text = 0;
  for (let i = 0; i < n; i++) {
    const row = 3 * (i + 1);
    const type = types[i] as number;
    rows[row] = ts[i] as number;
    rows[row + 1] = type === textType ? text++ : (doubles[others++] as number);
    words[2 * row + 4] = series[i] as number;
    words[2 * row + 5] = ((spans[i] as number) & 0xffff) | (type << 16) | ((flags[i] as number) << 24);
  }
  return new Run(rows, words, 0, n, texts);
}
