// Rollups: made anew from the readings of a window whenever those changed, so that they are right by construction. A
// window of the first level has its rollup with its readings; one of a coarser level when it has closed, and again when
// late readings come into it.
import type { Archive, SeriesUse } from '../archive.ts';
import { type Cells, cellMs, cellsOf, coarsen, encodeCells, fuller, soundCells, worthKeeping } from '../cells.ts';
import { Columns } from '../columns.ts';
import { keyOf, type Level, levelFactor, levels, windowMs, windowOf } from '../keys.ts';
import type { Db } from '../schema.ts';
import type { Slice, Task } from './task.ts';
import { useParams, written } from './use.ts';

/** A series whose readings of some days changed; `use` follows what is written. */
export type Changed = { series: number; days: ReadonlySet<number>; use: SeriesUse };

const hourMs = 3_600_000;
/** Readings held at once to make cells of. */
const readingsAtOnceMax = 1_000_000;

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
    const begin = window * windowMs(level);
    const length = this.readLength.get(key) ?? 0;
    let cells = this.build(level, series, begin, begin + windowMs(level));
    // Where readings went with retention, the rollup that there is speaks for them.
    const isAlone = begin < use.rawFrom;
    const known = isAlone ? this.read(level, window, series) : null;
    if (known !== null) cells = cells === null ? known : fuller(known, cells, use.rawFrom);
    const readings = cells === null ? 0 : cells.readings.reduce((sum, count) => sum + count, 0);
    if (cells !== null && cells.count > 0 && (always || isAlone || worthKeeping(cells, readings))) {
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

  /** Cells of [from, to) out of the next finer rollups, or where there are none, out of the readings. Null without end. */
  private build(level: Level, series: number, from: number, to: number): Cells | null {
    if (level === 1) return this.ofReadings(level, series, from, to);
    const finer = (level - 1) as Level;
    const parts: (Cells | null)[] = [];
    let bare = from;
    for (let window = windowOf(finer, from); window * windowMs(finer) < to; window++) {
      const cells = this.read(finer, window, series);
      if (cells === null) continue;
      // What lies between rollups is read at once: it is little, or it would have one.
      if (bare < window * windowMs(finer)) parts.push(this.bare(level, series, bare, window * windowMs(finer)));
      parts.push(cells);
      bare = (window + 1) * windowMs(finer);
    }
    if (bare < to) parts.push(this.bare(level, series, bare, to));
    const sound = parts.filter(cells => cells !== null);
    return sound.length < parts.length ? null : coarsen(sound, cellMs[level]);
  }

  private bare(level: Level, series: number, from: number, to: number): Cells | null {
    return level === 3 ? this.build(2, series, from, to) : this.ofReadings(level, series, from, to);
  }

  private ofReadings(level: Level, series: number, from: number, to: number): Cells | null {
    const parts: Cells[] = [];
    // A day of a fast series is taken by the hour, and what is slow at once.
    const step = this.archive.countIn(series, from, to, 'windows') > readingsAtOnceMax ? hourMs : to - from;
    for (let at = from; at < to; at += step) {
      const columns = new Columns();
      this.archive.addCompacted(series, at, Math.min(at + step, to), columns);
      if (columns.count === 0) continue;
      const cells = cellsOf(columns.finish(), cellMs[level]);
      if (cells === null) return null;
      parts.push(cells);
    }
    return coarsen(parts, cellMs[level]);
  }

  private read(level: Level, window: number, series: number): Cells | null {
    const body = this.readBody.get(keyOf(level, window, series));
    return body === undefined ? null : soundCells(body, level, window);
  }
}

export const closedMark = (level: Level) => `closed_${level}`;
