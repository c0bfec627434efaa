// Answers about the past of one series, from recent memory and, behind it, the log itself.

import type { Bucket, Value } from '../contract/index.ts';
import { limits } from '../contract/index.ts';
import { bucketEdges, type Interval } from './calendar.ts';
import { Columns } from './columns.ts';
import { Recent } from './recent.ts';
import { decodeRun } from './run.ts';
import { type Db, entryKinds } from './schema.ts';

/** Readings gathered for one answer: 17 bytes each. A longer range has to be asked for in parts. */
const gatheredMax = 10_000_000;

/** `code` crosses the thread and becomes a Refusal there. */
export class QueryError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export type HistoryCall = { series: number; device: string; from: number; to: number; now: number };
export type ReadingsCall = HistoryCall & { limit: number };
export type BucketsCall = HistoryCall & { interval: Interval; zone: string };
export type ReadingsAnswer = { readings: [ts: number, value: Value][]; more: boolean };
export type Gap = { from: number; to: number; reason: string };
export type BucketsAnswer = { buckets: Bucket[]; gaps: Gap[] };

export class History {
  private readonly recent: Recent;
  private readonly scan;
  private readonly atOf;
  private readonly presenceIn;
  private readonly presenceBefore;
  private readonly downtimeIn;

  constructor(db: Db) {
    this.recent = new Recent(db);
    this.scan = db.prepare<number[], { offset: number; body: Buffer }>(
      `SELECT offset, body FROM log
       WHERE offset >= ? AND offset < ? AND kind = ${entryKinds.readings} AND last_ts >= ? AND first_ts < ?`,
    );
    this.atOf = db.prepare<[number], number>('SELECT at FROM log WHERE offset = ?').pluck();
    this.presenceIn = db.prepare<[string, number, number], { at: number; state: string }>(
      'SELECT at, state FROM presence WHERE device = ? AND at >= ? AND at < ? ORDER BY at LIMIT 10000',
    );
    this.presenceBefore = db
      .prepare<[string, number], string>(
        'SELECT state FROM presence WHERE device = ? AND at < ? ORDER BY at DESC LIMIT 1',
      )
      .pluck();
    this.downtimeIn = db.prepare<[number, number], Gap>(
      `SELECT from_at AS "from", to_at AS "to", 'gateway-down' AS reason FROM downtime
       WHERE to_at > ? AND from_at < ? ORDER BY from_at LIMIT 10000`,
    );
  }

  /** Brings recent memory up to the end of the log. */
  catchUp(): void {
    this.recent.catchUp();
  }

  /** Readings in [from, to), oldest first. */
  readings({ series, from, to, limit }: ReadingsCall): ReadingsAnswer {
    const columns = this.gather(series, from, to);
    const count = Math.min(columns.count, limit);
    const readings: [number, Value][] = [];
    for (let i = 0; i < count; i++) readings.push([columns.ts[i] as number, columns.value(i)]);
    return { readings, more: columns.count > limit };
  }

  /** One row for each bucket of [from, to) that has readings. */
  buckets({ series, device, from, to, now, interval, zone }: BucketsCall): BucketsAnswer {
    const edges = bucketEdges(from, to, interval, zone, limits.historyBucketsMax);
    if (edges === null) throw new QueryError('unprocessable', `more than ${limits.historyBucketsMax} buckets`);
    const columns = this.gather(series, from, to);
    const buckets: Bucket[] = [];
    let i = 0;
    for (let b = 0; b + 1 < edges.length && i < columns.count; b++) {
      const end = edges[b + 1] as number;
      const begin = i;
      while (i < columns.count && (columns.ts[i] as number) < end) i++;
      if (i > begin) buckets.push(summarise(columns, edges[b] as number, begin, i));
    }
    return { buckets, gaps: this.gaps(device, from, Math.min(to, now), columns) };
  }

  private gather(series: number, from: number, to: number): Columns {
    this.recent.catchUp();
    const columns = new Columns();
    const firstInMemory = this.recent.firstOffset();
    for (const { offset, body } of this.scan.iterate(
      this.firstOffsetFor(from, firstInMemory),
      firstInMemory,
      from,
      to,
    )) {
      const run = decodeRun(offset, body);
      for (let i = 0; i < run.count; i++) {
        if (run.series(i) !== series) continue;
        const ts = run.ts(i);
        if (ts >= from && ts < to) columns.addFrom(run, i);
      }
      if (columns.count > gatheredMax) {
        throw new QueryError('unprocessable', `more than ${gatheredMax} readings in the range: ask for it in parts`);
      }
    }
    this.recent.collect(series, from, to, columns);
    return columns.finish();
  }

  /** No entry committed before this offset can hold a reading of `from` or later: times run ahead by a limit. */
  private firstOffsetFor(from: number, end: number): number {
    const atLeast = from - limits.clockAheadMsMax;
    let low = 1;
    let high = end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const at = this.atOf.get(middle);
      if (at === undefined || at < atLeast) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Why there is nothing where there is nothing: spans without a reading in which device or gateway was away. */
  private gaps(device: string, from: number, to: number, columns: Columns): Gap[] {
    const spans = this.downtimeIn.all(from, to);
    let since = this.presenceBefore.get(device, from) === 'offline' ? from : null;
    for (const { at, state } of this.presenceIn.all(device, from, to)) {
      if (state === 'offline') since ??= at;
      else if (since !== null) {
        spans.push({ from: since, to: at, reason: 'device-offline' });
        since = null;
      }
    }
    if (since !== null) spans.push({ from: since, to, reason: 'device-offline' });
    return spans
      .map(span => ({ ...span, from: Math.max(span.from, from), to: Math.min(span.to, to) }))
      .filter(span => span.to > span.from && !hasReadingInside(columns, span))
      .sort((a, b) => a.from - b.from);
  }
}

function hasReadingInside(columns: Columns, span: Gap): boolean {
  let low = 0;
  let high = columns.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((columns.ts[middle] as number) <= span.from) low = middle + 1;
    else high = middle;
  }
  return low < columns.count && (columns.ts[low] as number) < span.to;
}

function summarise(columns: Columns, start: number, begin: number, end: number): Bucket {
  let min: number | null = null;
  let max: number | null = null;
  let sum = 0;
  let numbers = 0;
  for (let i = begin; i < end; i++) {
    const number = columns.number(i);
    if (number === null) continue;
    if (min === null || number < min) min = number;
    if (max === null || number > max) max = number;
    sum += number;
    numbers++;
  }
  const mean = numbers === 0 ? null : meanOf(columns, begin, end, sum, numbers);
  return [start, end - begin, min, max, mean, columns.value(begin), columns.value(end - 1)];
}

/** The mean; where the sum of finite numbers overflowed, it is taken in small parts instead. */
function meanOf(columns: Columns, begin: number, end: number, sum: number, numbers: number): number {
  if (Number.isFinite(sum)) return sum / numbers;
  let mean = 0;
  for (let i = begin; i < end; i++) mean += (columns.number(i) ?? 0) / numbers;
  return mean;
}
