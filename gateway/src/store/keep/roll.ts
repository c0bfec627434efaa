// Rollups: made anew from the readings of a window whenever those changed, so that they are right by construction. A
// window of the first level has its rollup with its readings; one of a coarser level when it has closed, and again when
// late readings come into it.
import type { Archive, SeriesUse } from '../archive.ts';
import { Cells, cellMs, cellsOf, coarsen, decodeCells, encodeCells, worthKeeping } from '../cells.ts';
import { Columns } from '../columns.ts';
import { keyOf, type Level, levelFactor, levels, windowMs } from '../keys.ts';
import type { Db } from '../schema.ts';
import type { Slice, Task } from './task.ts';
import { useParams, written } from './use.ts';

/** A series whose readings of some days changed; `use` follows what is written. */
export type Changed = { series: number; days: ReadonlySet<number>; use: SeriesUse };

const coarser = levels.filter(level => level > 1);

export class Roller {
  private readonly archive: Archive;
  private readonly readBody;
  private readonly readLength;
  private readonly readMark;

  constructor(db: Db, archive: Archive) {
    this.archive = archive;
    this.readBody = db.prepare<[number], Uint8Array>('SELECT body FROM rollup WHERE key = ?').pluck();
    this.readLength = db.prepare<[number], number>('SELECT length(body) FROM rollup WHERE key = ?').pluck();
    this.readMark = db.prepare<[string], number>('SELECT value FROM meta WHERE key = ?').pluck();
  }

  /** The last window of a level that has closed; -1 where none has. */
  closedThrough(level: Level): number {
    return this.readMark.get(closedMark(level)) ?? -1;
  }

  /** Makes the rollups of the days whose readings changed, and of windows around them that have one. */
  *roll(group: readonly Changed[], slice: Slice): Task {
    for (const { series, days, use } of group) {
      for (const day of days) {
        this.make(1, day, series, slice, use);
        if (slice.isFull()) yield written(slice, series, use);
      }
      slice.add('use.put', ...useParams(series, use));
    }
    for (const level of coarser) {
      const stale = group.flatMap(changed => this.staleWindows(level, changed));
      if (stale.length === 0) continue;
      // They are made of the finer ones, once those are written.
      yield slice.take();
      for (const { series, use, window } of stale) {
        this.make(level, window, series, slice, use);
        if (slice.isFull()) yield written(slice, series, use);
        else slice.add('use.put', ...useParams(series, use));
      }
    }
  }

  private staleWindows(level: Level, { series, days, use }: Changed) {
    const factor = levelFactor ** (level - 1);
    const windows = new Set([...days].map(day => Math.floor(day / factor)));
    return [...windows]
      .filter(window => window <= this.closedThrough(level) || this.has(level, window, series))
      .map(window => ({ series, use, window }));
  }

  has(level: Level, window: number, series: number): boolean {
    return this.readLength.get(keyOf(level, window, series)) !== undefined;
  }

  /** Makes one rollup, or removes it where it is not worth its bytes. True where it is kept. */
  make(level: Level, window: number, series: number, slice: Slice, use: SeriesUse, always = false): boolean {
    const key = keyOf(level, window, series);
    const length = this.readLength.get(key) ?? 0;
    const cells = this.build(level, window, series, use.rawFrom);
    const readings = cells === null ? 0 : cells.readings.reduce((sum, count) => sum + count, 0);
    if (cells !== null && cells.count > 0 && (always || worthKeeping(cells, readings))) {
      const body = encodeCells(cells, level);
      slice.add('rollup.put', key, cells.count, body);
      use.rollupBytes += body.byteLength - length;
      return true;
    }
    if (length > 0) {
      slice.add('rollup.delete', key);
      use.rollupBytes -= length;
    }
    return false;
  }

  /**
   * The cells of a window out of the next finer rollups, or out of the readings, or where those went with retention, out
   * of the rollup that there is. Null where a sum has no end.
   */
  private build(level: Level, window: number, series: number, rawFrom: number): Cells | null {
    const begin = window * windowMs(level);
    if (level === 1) {
      const columns = new Columns();
      this.archive.addCompacted(series, begin, begin + windowMs(level), columns);
      return columns.count === 0 ? new Cells(0) : cellsOf(columns.finish(), cellMs[level]);
    }
    const finer = (level - 1) as Level;
    const parts: Cells[] = [];
    const known = begin < rawFrom ? this.read(level, window, series) : null;
    for (let part = window * levelFactor; part < (window + 1) * levelFactor; part++) {
      let cells = this.read(finer, part, series);
      if (cells === null && known !== null && (part + 1) * windowMs(finer) <= rawFrom) {
        cells = known.between(part * windowMs(finer), (part + 1) * windowMs(finer));
      }
      cells ??= this.build(finer, part, series, rawFrom);
      if (cells === null) return null;
      if (cells.count > 0) parts.push(cells);
    }
    return coarsen(parts, cellMs[level]);
  }

  private read(level: Level, window: number, series: number): Cells | null {
    const body = this.readBody.get(keyOf(level, window, series));
    return body === undefined ? null : decodeCells(body, level, window);
  }
}

export const closedMark = (level: Level) => `closed_${level}`;
