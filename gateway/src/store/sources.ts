// All places that a series' readings lie in, as one: windows, batches, the end of the log. What is asked within one
// `at` is of one moment.
import type { Void } from '../contract/index.ts';
import { Archive, type Where } from './archive.ts';
import { type Cells, soundCells } from './cells.ts';
import { Columns } from './columns.ts';
import { keyOf, type Level } from './keys.ts';
import { Recent } from './recent.ts';
import type { Db } from './schema.ts';

/** Voids of one series that are looked at; more of them means that a device should be voided at its source. */
export const voidsPerSeriesMax = 1_000;

/** A slice is not cut further below this: what comes in so short a time came in one message. */
const sliceMsMin = 1_000;

export class Sources {
  readonly archive: Archive;
  private readonly recent: Recent;
  private readonly readRollup;
  private readonly readVoids;
  private readonly begin;
  private readonly end;

  constructor(db: Db) {
    this.archive = new Archive(db);
    this.recent = new Recent(db);
    this.begin = db.prepare('BEGIN');
    this.end = db.prepare('COMMIT');
    this.readRollup = db.prepare<[number], Uint8Array>('SELECT body FROM rollup WHERE key = ?').pluck();
    this.readVoids = db
      .prepare<[number, number, number, number], string>(
        `SELECT body FROM void WHERE series = ? AND to_at > ? AND from_at < ?
           AND json_extract(body, '$.restored') IS NULL ORDER BY id LIMIT ?`,
      )
      .pluck();
  }

  /** Runs `work` on one moment of the database. */
  at<Result>(work: () => Result): Result {
    this.begin.run();
    try {
      this.archive.refresh();
      this.recent.follow(this.archive.sealedThrough());
      return work();
    } finally {
      this.end.run();
    }
  }

  /** Readings of [from, to) that no window has yet: those of the batches and of the log. Sorted, each time once. */
  newer(series: number, from: number, to: number): Columns {
    const columns = new Columns();
    // What comes late for readings that were let go of is let go of, too.
    const begin = Math.max(from, this.archive.use(series)?.rawFrom ?? from);
    if (begin >= to) return columns;
    this.archive.addSealed(series, begin, to, columns);
    this.recent.collect(series, begin, to, columns);
    return columns.finish();
  }

  /** All readings of [from, to), sorted, each time once. */
  gather(series: number, from: number, to: number): Columns {
    const columns = new Columns();
    this.archive.addCompacted(series, from, to, columns);
    columns.append(this.newer(series, from, to));
    return columns.finish();
  }

  /** Where to end a slice of [from, to), so that it holds about `count` readings at the most. */
  sliceEnd(series: number, from: number, to: number, count: number, where: Where = 'both'): number {
    let end = to;
    while (end - from > sliceMsMin && this.archive.countIn(series, from, end, where) > count) {
      end = from + Math.ceil((end - from) / 4);
    }
    return end;
  }

  /** The rollup of a window; null where none is kept. */
  cells(series: number, level: Level, window: number): Cells | null {
    const body = this.readRollup.get(keyOf(level, window, series));
    return body === undefined ? null : soundCells(body, level, window);
  }

  /** Voids in force that touch [from, to), the oldest first. */
  voids(series: number, from: number, to: number): Void[] {
    return this.readVoids.all(series, from, to, voidsPerSeriesMax).map(body => JSON.parse(body) as Void);
  }

  /** No reading of the series is earlier; where the series was lost sight of, none of any. */
  earliest(series: number): number {
    const compacted = this.archive.use(series)?.firstTs ?? this.archive.earliest();
    const sealed = this.archive.batches().reduce((earliest, { firstTs }) => Math.min(earliest, firstTs), compacted);
    return Math.min(sealed, this.recent.earliest());
  }

  /** No reading of the series is later, nor was one that rollups still speak for. */
  latest(series: number): number {
    const compacted = this.archive.use(series)?.lastTs ?? this.archive.latest();
    const sealed = this.archive.batches().reduce((latest, { lastTs }) => Math.max(latest, lastTs), compacted);
    return Math.max(sealed, this.recent.latest());
  }
}
