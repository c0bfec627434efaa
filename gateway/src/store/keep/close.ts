// Closing: when a window of 32 or 1,024 days is over, each series gets its rollup of it, and the few readings of a slow
// series move there together, so that a reading an hour does not leave a row a day ([STO-2]).
import type { Archive, SeriesUse } from '../archive.ts';
import { Columns } from '../columns.ts';
import { dayMs, type Level, levels, windowMs, windowOf } from '../keys.ts';
import type { Db } from '../schema.ts';
import { Merger } from './merge.ts';
import { closedMark, type Roller } from './roll.ts';
import { Slice, type Task } from './task.ts';
import { newUse, readingsPerWindowMin, useParams } from './use.ts';

/** A window is over when it ended so long ago: by then what came late in it was sealed and compacted mostly. */
const afterMs = 2 * dayMs;
/** Series looked at between two answers of the thread. */
const seriesAtOnce = 10;

const closing = levels.filter(level => level > 1);

export class Closer {
  private readonly archive: Archive;
  private readonly merger: Merger;
  private readonly roller: Roller;
  private readonly nextSeries;

  constructor(db: Db, archive: Archive, roller: Roller) {
    this.archive = archive;
    this.merger = new Merger(archive);
    this.roller = roller;
    this.nextSeries = db
      .prepare<number[], number>(
        'SELECT series FROM series_use WHERE series > ? AND last_ts >= ? AND first_ts < ? ORDER BY series LIMIT ?',
      )
      .pluck();
  }

  /** The window to be closed next. */
  due(now: number): { level: Level; window: number } | null {
    this.archive.refresh();
    const earliest = this.archive.firstOfWindows();
    if (earliest === null) return null;
    for (const level of closing) {
      const closed = this.roller.closedThrough(level);
      // At the first time, windows without readings are passed over.
      const window = closed < 0 ? windowOf(level, earliest) : closed + 1;
      if ((window + 1) * windowMs(level) + afterMs <= now) return { level, window };
    }
    return null;
  }

  *close(level: Level, window: number): Task {
    const slice = new Slice();
    const begin = window * windowMs(level);
    for (let after = 0; ; ) {
      const page = this.nextSeries.all(after, begin, begin + windowMs(level), seriesAtOnce);
      this.archive.refresh();
      for (const series of page) {
        after = series;
        this.closeSeries(level, window, series, slice);
        if (slice.isFull()) yield slice.take();
      }
      if (page.length === 0) break;
      yield [];
    }
    slice.add('meta.put', closedMark(level), window);
    yield slice.take();
  }

  private closeSeries(level: Level, window: number, series: number, slice: Slice): void {
    const use = this.archive.use(series) ?? newUse();
    const before = { ...use };
    this.roller.make(level, window, series, slice, use);
    this.promote(level, window, series, slice, use);
    const isChanged = use.bytes !== before.bytes || use.rollupBytes !== before.rollupBytes;
    if (isChanged) slice.add('use.put', ...useParams(series, use));
  }

  /** Moves the readings of the finer windows up where they are few. */
  private promote(level: Level, window: number, series: number, slice: Slice, use: SeriesUse): void {
    const finer = (level - 1) as Level;
    const begin = window * windowMs(level);
    const rows = [...this.archive.parts(finer, series, begin, begin + windowMs(level))];
    const count = rows.reduce((sum, row) => sum + row.count, 0);
    if (rows.length === 0 || count >= rows.length * readingsPerWindowMin) return;
    const readings = new Columns();
    for (const row of rows) {
      if (!this.archive.addPart(row, readings)) continue;
      slice.add('chunk.delete', row.key);
      use.count -= row.count;
      use.bytes -= row.body.byteLength;
    }
    if (readings.count === 0) return;
    const columns = readings.finish();
    this.merger.join(level, window, series, columns, 0, columns.count, slice, use);
  }
}
