// Chunks: readings of one series, sorted by time, packed. FORMAT.md describes the bytes.
import { crc32 } from 'node:zlib';
import { Columns } from '../columns.ts';
import { numberType } from '../run.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { deflateFrom, readBytes, writeBytes } from './bytes.ts';
import { DamagedError } from './damaged.ts';
import { asDecimals } from './decimals.ts';
import { areExact, readIntegers, writeIntegers } from './integers.ts';
import { readStatistics, type Statistics, statisticsOf, writeStatistics } from './statistics.ts';
import { readValues, uniformType, writeValues } from './values.ts';

/** Readings in one chunk at the most. */
export const chunkReadingsMax = 4_096;

/** The first byte of a chunk: the version of its format. */
const chunkVersion = 0xc1;

// Bits of a chunk's flags.
const plainBit = 1;
const flagsBit = 2;
const wholeTimesBit = 4;

/** Chunks of fewer readings keep no statistics: they are decoded as quickly as those would be read. */
const statisticsFrom = deflateFrom;

export type ChunkHeader = {
  count: number;
  /** Source time of the first and the last reading, Unix milliseconds. */
  firstTs: number;
  lastTs: number;
  /** True where every reading is a number, so that the five below mean something; else they are 0. */
  plain: boolean;
  first: number;
  last: number;
  min: number;
  max: number;
  sum: number;
  /** Where the chunk begins in the body, and its bytes. */
  at: number;
  bytes: number;
};

const noStatistics: Statistics = { first: 0, last: 0, min: 0, max: 0, sum: 0 };

/** Encodes readings [begin, end) of sorted, unique columns as one chunk after the other, all of about one size. */
export function encodeChunks(columns: Columns, begin = 0, end = columns.count): Uint8Array {
  const count = end - begin;
  const chunks = Math.ceil(count / chunkReadingsMax);
  const writer = new ByteWriter(64 + count * 2);
  for (let k = 0; k < chunks; k++) {
    const from = begin + Math.floor((count * k) / chunks);
    writeChunk(writer, columns, from, begin + Math.floor((count * (k + 1)) / chunks));
  }
  return writer.written().slice();
}

function writeChunk(writer: ByteWriter, columns: Columns, begin: number, end: number): void {
  const count = end - begin;
  const ts = columns.ts.slice(begin, end);
  const whole = areExact(ts);
  const plain = uniformType(columns.types, begin, end) === numberType;
  const flagged = uniformType(columns.flags, begin, end) !== 0;
  const body = new ByteWriter(64 + count * 2);
  writeTimes(body, ts, whole);
  const decimals = writeValues(body, columns, begin, end);
  if (flagged) writeBytes(body, columns.flags.subarray(begin, end));

  const start = writer.length;
  writer.byte(chunkVersion);
  writer.uint32(0);
  writer.byte((plain ? plainBit : 0) | (flagged ? flagsBit : 0) | (whole ? wholeTimesBit : 0));
  writer.varint(count);
  writer.varint(body.length);
  const first = columns.ts[begin] as number;
  const last = columns.ts[end - 1] as number;
  if (whole) {
    writer.signed(first);
    if (count > 1) writer.varint(Math.max(0, last - first));
  } else {
    writer.double(first);
    writer.double(last);
  }
  if (plain && count >= statisticsFrom) writeStatistics(writer, columns.doubles.subarray(begin, end), decimals);
  writer.append(body.written());
  writer.patchUint32(start + 1, crc32(writer.written(start + 5)));
}

/** Times that the header says already, of one reading or two, are not said again. */
function writeTimes(writer: ByteWriter, ts: Float64Array, whole: boolean): void {
  if (ts.length <= 2) return;
  if (whole) {
    const first = ts[0] as number;
    for (let i = 0; i < ts.length; i++) ts[i] = (ts[i] as number) - first;
    ts[0] = 0;
  }
  writeIntegers(writer, ts);
}

/** A chunk's header, and where the readings lie behind it. */
type Head = {
  count: number;
  firstTs: number;
  lastTs: number;
  flags: number;
  at: number;
  bytes: number;
  statistics: Statistics | null;
  body: ByteReader;
};

function readHead(bytes: Uint8Array, at: number): Head {
  const reader = new ByteReader(bytes, at);
  if (reader.byte() !== chunkVersion) throw new DamagedError(`no chunk of a known format begins at ${at}`);
  const checksum = reader.uint32();
  const checked = reader.at;
  const flags = reader.byte();
  const count = reader.varint();
  const bodyBytes = reader.varint();
  if (count < 1 || count > chunkReadingsMax) throw new DamagedError(`the chunk at ${at} says ${count} readings`);
  const whole = (flags & wholeTimesBit) !== 0;
  const firstTs = whole ? reader.signed() : reader.double();
  const lastTs = !whole ? reader.double() : count > 1 ? firstTs + reader.varint() : firstTs;
  const stored = (flags & plainBit) !== 0 && count >= statisticsFrom;
  const statistics = stored ? readStatistics(reader, count) : null;
  const begin = reader.at;
  reader.take(bodyBytes);
  if (crc32(bytes.subarray(checked, reader.at)) !== checksum) throw new DamagedError(`the chunk at ${at} is damaged`);
  const body = new ByteReader(bytes, begin, reader.at);
  return { count, firstTs, lastTs, flags, at, bytes: reader.at - at, statistics, body };
}

/** Where a head says so little that its statistics were left out, they come from its readings. */
function statisticsBehind(head: Head): Statistics {
  if (head.statistics !== null) return head.statistics;
  if ((head.flags & plainBit) === 0) return noStatistics;
  const columns = new Columns(head.count);
  decodeBehind(head, columns, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  const x = columns.doubles.slice(0, columns.count);
  const decimals = asDecimals(x);
  return statisticsOf(x, decimals?.odd.length === 0 ? decimals : null);
}

/** Headers in order. Throws DamagedError. */
export function chunkHeaders(body: Uint8Array): ChunkHeader[] {
  const headers: ChunkHeader[] = [];
  for (let at = 0; at < body.length; ) {
    const head = readHead(body, at);
    const { count, firstTs, lastTs, bytes } = head;
    const { first, last, min, max, sum } = statisticsBehind(head);
    const plain = (head.flags & plainBit) !== 0;
    headers.push({ count, firstTs, lastTs, plain, first, last, min, max, sum, at, bytes });
    at += bytes;
  }
  return headers;
}

/**
 * Adds those readings that lie in [from, to), chunk by chunk, and skips the chunks that lie outside. Throws
 * DamagedError where a checksum does not match; what was added until then stays.
 */
export function decodeChunks(
  body: Uint8Array,
  into: Columns,
  from = Number.NEGATIVE_INFINITY,
  to = Number.POSITIVE_INFINITY,
): void {
  for (let at = 0; at < body.length; ) {
    const head = readHead(body, at);
    if (head.lastTs >= from && head.firstTs < to) decodeBehind(head, into, from, to);
    at += head.bytes;
  }
}

/** Adds those readings of one chunk that lie in [from, to). Throws DamagedError and then adds none. */
export function decodeChunk(
  body: Uint8Array,
  header: ChunkHeader,
  into: Columns,
  from = Number.NEGATIVE_INFINITY,
  to = Number.POSITIVE_INFINITY,
): void {
  decodeBehind(readHead(body, header.at), into, from, to);
}

function decodeBehind(head: Head, into: Columns, from: number, to: number): void {
  const { count, body } = head;
  into.reserve(count);
  const start = into.count;
  const ts = into.ts.subarray(start, start + count);
  readTimes(head, ts);
  readValues(body, into, count);
  if ((head.flags & flagsBit) !== 0) into.flags.set(readBytes(body, count), start);
  else into.flags.fill(0, start, start + count);
  if (body.left() !== 0) throw new DamagedError(`the chunk at ${head.at} has ${body.left()} bytes too many`);
  // Decoded whole behind the end; of that only those inside are taken.
  const begin = head.firstTs >= from ? 0 : firstFrom(ts, from);
  const end = head.lastTs < to ? count : firstFrom(ts, to);
  into.take(begin, end);
}

function readTimes(head: Head, ts: Float64Array): void {
  if (ts.length <= 2) {
    ts[0] = head.firstTs;
    ts[ts.length - 1] = ts.length === 1 ? head.firstTs : head.lastTs;
    return;
  }
  readIntegers(head.body, ts);
  const first = head.firstTs;
  if ((head.flags & wholeTimesBit) !== 0) for (let i = 0; i < ts.length; i++) ts[i] = (ts[i] as number) + first;
}

/** The first place in sorted times that is `ts` or later. */
function firstFrom(times: Float64Array, ts: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < ts) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Checks every checksum and decodes everything; returns the number of readings. Throws DamagedError. */
export function verifyChunks(body: Uint8Array): number {
  const columns = new Columns(Math.min(body.length, chunkReadingsMax));
  let readings = 0;
  for (let at = 0; at < body.length; ) {
    const head = readHead(body, at);
    columns.clear();
    decodeBehind(head, columns, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    for (let i = 1; i < columns.count; i++) {
      if ((columns.ts[i] as number) <= (columns.ts[i - 1] as number))
        throw new DamagedError(`the chunk at ${at} is out of order`);
    }
    readings += head.count;
    at += head.bytes;
  }
  return readings;
}
