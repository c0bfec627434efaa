// Answers about the past of one series: raw readings, or buckets from the coarsest source that is exact for them.
// A query's cost follows the points that it returns, not the range that it covers ([STO-2]).
import { type Bucket, type HistoryGap, limits, type Value, type Void } from '../contract/index.ts';
import { Buckets } from './buckets.ts';
import { bucketEdges, type Interval } from './calendar.ts';
import { cellMs } from './cells.ts';
import { Columns } from './columns.ts';
import { Gaps } from './gaps.ts';
import { dayMs, type Level, levels, windowMs, windowOf } from './keys.ts';
import type { Db } from './schema.ts';
import { Sources } from './sources.ts';
import { clip, type Span, subtract, union, widen } from './spans.ts';

/** Spans of time that are read one by one for an answer; more of them are joined. */
const spansMax = 64;
/** Spans that are looked into for readings; where there are more, those shorter than a bucket are left out. */
const gapsMax = 100;
/** Gaps in one answer. */
const gapsTold = 1_000;
/** A page of raw readings is gathered from the first so many milliseconds on, then from twice as many, up to a limit. */
const firstSliceMs = dayMs;
const sliceMsMax = 32 * dayMs;
/** Readings of such a slice, where there are more of them: less for a small page, so that its cost follows it. */
const pageReadings = 4_096;
/** Readings held at once while buckets are filled: 20 MB. */
const readingsAtOnce = 1_000_000;
/**
 * A width asked for by points is a multiple of the cells that serve it, where it is at least so many of them: it then
 * differs from the exact one by a quarter at most.
 */
const cellsPerPointMin = 4;

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
export type BucketsCall = HistoryCall & ({ interval: Interval; zone: string } | { points: number });
export type ReadingsAnswer = {
  readings: [ts: number, value: Value][];
  more: boolean;
  gaps: HistoryGap[];
  voids: Void[];
};
export type BucketsAnswer = { buckets: Bucket[]; gaps: HistoryGap[]; voids: Void[]; intervalMs: number | null };

/** What one answer is made of. */
type Asked = { series: number; from: number; to: number; voids: Void[] };

export class History {
  private readonly sources: Sources;
  private readonly gaps: Gaps;

  constructor(db: Db) {
    this.sources = new Sources(db);
    this.gaps = new Gaps(db);
  }

  /** Readings in [from, to), oldest first, without those that are voided. */
  readings({ series, device, from, to, now, limit }: ReadingsCall): ReadingsAnswer {
    return this.sources.at(() => {
      const voids = this.sources.voids(series, from, to);
      const page = new Columns();
      let more = false;
      let sliceMs = firstSliceMs;
      const last = Math.min(to, this.sources.latest(series) + 1);
      let at = Math.max(from, this.sources.earliest(series));
      while (at < last && !more) {
        const end = this.sources.sliceEnd(series, at, Math.min(last, at + sliceMs), Math.max(2 * limit, pageReadings));
        const slice = this.sources.gather(series, at, end);
        for (const span of subtract([{ from: at, to: end }], spansOf(voids))) page.addRange(slice, span.from, span.to);
        more = page.count > limit;
        sliceMs = Math.min(sliceMs * 2, sliceMsMax);
        at = end;
      }
      const count = Math.min(page.count, limit);
      const readings: [number, Value][] = [];
      for (let i = 0; i < count; i++) readings.push([page.ts[i] as number, page.value(i)]);
      const until = more ? (page.ts[count - 1] as number) + 1 : to;
      const shown = { from, to: Math.min(until, now) };
      const gaps = this.gapsOf({ series, device, now, voids }, shown, Number.POSITIVE_INFINITY);
      return { readings, more, gaps, voids };
    });
  }

  /** One row for each bucket of [from, to) that has readings. */
  buckets(call: BucketsCall): BucketsAnswer {
    const { series, device, from, to, now } = call;
    return this.sources.at(() => {
      const { edges, cell, widthMs } = edgesOf(call, this.coarsenedTo(series, from));
      const voids = this.sources.voids(series, from, to);
      const within = {
        from: Math.max(from, this.sources.earliest(series)),
        to: Math.min(to, this.sources.latest(series) + 1),
      };
      const asked: Asked = { series, voids, from, to };
      const buckets = new Buckets(edges);
      const raw = cell === null ? [{ from, to }] : this.rawSpans(asked, cellMs[cell]);
      for (const span of clip(subtract(raw, spansOf(voids)), within.from, within.to)) this.addRaw(asked, span, buckets);
      if (cell !== null) {
        for (const span of clip(subtract([{ from, to }], raw), wholeCells(within.from, cell), within.to))
          this.addCells(asked, span, cell, buckets);
      }
      const shown = { from, to: Math.min(to, now) };
      const rows = buckets.rows();
      const answeredFrom = rows[0]?.[0] ?? Number.POSITIVE_INFINITY;
      const gaps = this.gapsOf({ series, device, now, voids }, shown, answeredFrom, widthMs ?? 0);
      return { buckets: rows, gaps, voids, intervalMs: widthMs };
    });
  }

  /** Where cells cannot speak for the readings: at the ends, where newer ones lie over them, where some are voided. */
  private rawSpans({ series, from, to, voids }: Asked, step: number): Span[] {
    const spans: Span[] = [];
    if (from % step !== 0) spans.push(widen({ from, to: from + 1 }, step));
    if (to % step !== 0) spans.push(widen({ from: to - 1, to }, step));
    for (const span of spansOf(voids)) spans.push(widen(span, step));
    const over: Span[] = [];
    for (let at = from; at < to; ) {
      const end = this.sources.sliceEnd(series, at, to, readingsAtOnce, 'batches');
      const { ts, count } = this.sources.newer(series, at, end);
      for (let i = 0; i < count; i++) {
        const last = over.at(-1);
        if (last !== undefined && (ts[i] as number) < last.to) continue;
        const span = widen({ from: ts[i] as number, to: (ts[i] as number) + 1 }, step);
        if (last !== undefined && last.to === span.from) last.to = span.to;
        else over.push(span);
      }
      at = end;
    }
    // Many small spans cost more to look up one by one than the readings between them.
    const joined = over.length <= spansMax ? over : over.map(span => widen(span, Math.max(step, dayMs)));
    return clip(union([...spans, ...joined]), from, to);
  }

  /** Adds readings in slices, so that memory does not follow the range. */
  private addRaw({ series }: Asked, span: Span, buckets: Buckets): void {
    for (let at = span.from; at < span.to; ) {
      const end = this.sources.sliceEnd(series, at, span.to, readingsAtOnce);
      buckets.addReadings(this.sources.gather(series, at, end));
      at = end;
    }
  }

  /** Adds what lies in [from, to) out of the rollups of `level`, or of what is finer where a window has none. */
  private addCells(asked: Asked, { from, to }: Span, level: Level, buckets: Buckets): void {
    const { series } = asked;
    const begin = Math.max(from, Math.floor(this.sources.earliest(series) / cellMs[level]) * cellMs[level]);
    for (let window = windowOf(level, begin); begin < to && window * windowMs(level) < to; window++) {
      const part = {
        from: Math.max(begin, window * windowMs(level)),
        to: Math.min(to, (window + 1) * windowMs(level)),
      };
      const cells = this.sources.cells(series, level, window);
      if (cells !== null) buckets.addCells(cells, part.from, part.to);
      else if (level > 1) this.addCells(asked, part, (level - 1) as Level, buckets);
      else this.addRaw(asked, part, buckets);
    }
  }

  /** Length of the finest cells that are left of the series at a time; null where its readings are. */
  private coarsenedTo(series: number, at: number): number | null {
    const use = this.sources.archive.use(series);
    if (use === undefined || at >= use.rawFrom) return null;
    const from = Math.max(at, use.firstTs);
    const level = levels.find(candidate => this.sources.cells(series, candidate, windowOf(candidate, from)) !== null);
    return level === undefined ? null : cellMs[level];
  }

  /** Whether a reading, or a rollup of some, lies in a span; the first instant of the span does not count. */
  private holdsReading(series: number, voids: readonly Span[], span: Span): boolean {
    // The last reading before a device went away may carry the time at which it did.
    const begin = Math.max(span.from + 1, this.sources.earliest(series));
    for (let at = begin; at < span.to; at += dayMs) {
      const end = Math.min(at + dayMs, span.to);
      const columns = this.sources.gather(series, at, end);
      if (subtract([{ from: at, to: end }], voids).some(part => hasReading(columns, part))) return true;
    }
    const rawFrom = this.sources.archive.use(series)?.rawFrom ?? 0;
    return begin < rawFrom && this.holdsCell(series, begin, Math.min(span.to, rawFrom));
  }

  private holdsCell(series: number, from: number, to: number): boolean {
    return levels.some(level => {
      for (let window = windowOf(level, from); window * windowMs(level) < to; window++) {
        const cells = this.sources.cells(series, level, window);
        if (cells?.start.some(start => start >= from && start + cellMs[level] <= to)) return true;
      }
      return false;
    });
  }

  /** The gaps that touch a span and have no reading inside, and what retention took before the answer begins. */
  private gapsOf(
    { series, device, now, voids }: { series: number; device: string; now: number; voids: readonly Void[] },
    { from, to }: Span,
    answeredFrom: number,
    shortestMs = 0,
  ): HistoryGap[] {
    if (to <= from) return [];
    let spans = this.gaps.spans(device, from, to, now);
    if (spans.length > gapsMax) spans = spans.filter(span => span.to - span.from >= shortestMs).slice(0, gapsTold);
    const use = this.sources.archive.use(series);
    const gone = use === undefined ? [] : [{ from: use.firstTs, to: Math.min(use.rawFrom, answeredFrom) }];
    const voided = spansOf(voids);
    const empty = spans.filter(span => !this.holdsReading(series, voided, span));
    const told = [
      ...gone.map(span => ({ ...span, reason: 'retention' as const })),
      ...this.sources.archive.damaged.map(span => ({ ...span, reason: 'damaged' as const })),
      ...empty,
    ];
    return told
      .map(gap => ({ ...gap, from: Math.max(gap.from, from), to: Math.min(gap.to, to) }))
      .filter(gap => gap.to > gap.from)
      .sort((a, b) => a.from - b.from);
  }
}

const wholeCells = (ts: number, level: Level) => Math.floor(ts / cellMs[level]) * cellMs[level];

const spansOf = (voids: readonly Void[]): Span[] => union(voids.map(({ from, to }) => ({ from, to })));

function hasReading(columns: Columns, { from, to }: Span): boolean {
  const i = columns.lowerBound(from);
  return i < columns.count && (columns.ts[i] as number) < to;
}

type Edges = { edges: number[]; cell: Level | null; widthMs: number | null };

/** Where the buckets of an answer begin and end, and the coarsest cells that fit them; null where only readings do. */
function edgesOf(call: BucketsCall, coarsenedTo: number | null): Edges {
  const { from, to } = call;
  const byPoints = 'points' in call;
  const interval = byPoints ? { ms: widthFor(to - from, call.points, coarsenedTo) } : call.interval;
  const edges = bucketEdges(from, to, interval, byPoints ? 'UTC' : call.zone, limits.historyBucketsMax);
  if (edges === null) throw new QueryError('unprocessable', `more than ${limits.historyBucketsMax} buckets`);
  const cell = [...levels].reverse().find(level => edges.every(edge => edge % cellMs[level] === 0)) ?? null;
  return { edges, cell, widthMs: 'ms' in interval ? interval.ms : null };
}

/** A width that gives about `points` buckets and is a multiple of the coarsest cells that are short beside it. */
function widthFor(span: number, points: number, coarsenedTo: number | null): number {
  const exact = Math.max(1, Math.ceil(span / points));
  const level = [...levels].reverse().find(candidate => exact >= cellsPerPointMin * cellMs[candidate]);
  const step = Math.max(level === undefined ? 1 : cellMs[level], coarsenedTo ?? 1);
  return Math.ceil(exact / step) * step;
}
