// All places that a series' readings lie in, as one: windows, batches, the end of the log. What is asked within one
// `at` is of one moment.
import type { Void } from '../contract/index.ts';
import { Archive } from './archive.ts';
import { type Cells, decodeCells } from './cells.ts';
import { Columns } from './columns.ts';
import { keyOf, type Level } from './keys.ts';
import { Recent } from './recent.ts';
import type { Db } from './schema.ts';

/** Voids of one series that are looked at; more of them means that a device should be voided at its source. */
export const voidsPerSeriesMax = 1_000;

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
        'SELECT body FROM void WHERE series = ? AND to_at > ? AND from_at < ? ORDER BY id LIMIT ?',
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
  fresh(series: number, from: number, to: number): Columns {
    const columns = new Columns();
    this.archive.addSealed(series, from, to, columns);
    this.recent.collect(series, from, to, columns);
    return columns.finish();
  }

  /** All readings of [from, to), sorted, each time once; `fresh` are those that `fresh` gave for a span around it. */
  gather(series: number, from: number, to: number, fresh: Columns): Columns {
    const columns = new Columns();
    this.archive.addCompacted(series, from, to, columns);
    columns.addRange(fresh, from, to);
    return columns.finish();
  }

  /** The rollup of a window; null where none is kept. */
  cells(series: number, level: Level, window: number): Cells | null {
    const body = this.readRollup.get(keyOf(level, window, series));
    return body === undefined ? null : decodeCells(body, level, window);
  }

  /** Voids in force that touch [from, to), the oldest first. */
  voids(series: number, from: number, to: number): Void[] {
    const all = this.readVoids.all(series, from, to, voidsPerSeriesMax).map(body => JSON.parse(body) as Void);
    return all.filter(({ restored }) => restored === null);
  }

  /** No reading of the series is earlier. */
  earliest(series: number): number {
    const use = this.archive.use(series);
    const compacted = use === undefined ? Number.POSITIVE_INFINITY : use.firstTs;
    const sealed = this.archive.batches().reduce((earliest, { firstTs }) => Math.min(earliest, firstTs), compacted);
    return Math.min(sealed, this.recent.earliest());
  }
}
