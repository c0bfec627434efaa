// What a line chart draws: whole buckets up to the seam, raw readings after it. Live readings are added one by one;
// when the raw part grows long its older half is folded into buckets, so the memory of a chart is bounded however
// long a page stays open.
//
// Invariant: each reading counts once, either in a bucket (before the seam) or as itself (from the seam on).
import type { Millis } from '@telltale/gateway/contract';
import { type Absence, isAbsent, isVoided } from './absences.ts';
import type { Loaded } from './load.ts';
import { breaksBefore, insert, type Point, union } from './points.ts';

/** Raw readings at the live edge. Twice what is loaded raw, so that folding is rare. */
export const rawTailMax = 4_000;
/** Buckets held. A page left open for weeks drops the ones that have left its range long before. */
export const bucketsMax = 4_000;

type Cell = { start: Millis; count: number; min: number; max: number; mean: number };

/** Aligned columns, ready to draw; null makes a break. */
export type LineColumns = {
  times: Millis[];
  values: (number | null)[];
  lows: (number | null)[];
  highs: (number | null)[];
  /** True where at least one bucket has a spread to show. */
  banded: boolean;
};

export type LineData = {
  load(loaded: Loaded): void;
  add(point: Point<number>): void;
  /** Forgets what is before `from`. */
  trim(from: Millis): void;
  newest(): Millis | null;
  size(): number;
  /** The line is broken where `absences` say that nothing is known. */
  columns(absences?: readonly Absence[]): LineColumns;
};

/** Empty data for a range of the given width; the width decides how raw readings are folded. */
export function createLineData(rangeMs: number): LineData {
  let cells: Cell[] = [];
  let readings: Point<number>[] = [];
  let intervalMs = Math.max(1, Math.ceil(rangeMs / 1_000));
  let anchor = 0;
  let seam = Number.NEGATIVE_INFINITY;

  function load(loaded: Loaded): void {
    cells = loaded.buckets.flatMap(([start, count, min, max, mean]) =>
      min === null || max === null || mean === null ? [] : [{ start, count, min, max, mean }],
    );
    if (loaded.intervalMs !== null) intervalMs = loaded.intervalMs;
    anchor = cells[0]?.start ?? 0;
    seam = loaded.seam;
    // Live readings that came before the history did are kept; those that a bucket has counted already are not, and
    // neither are those that somebody voided since.
    const live = readings.filter(([ts]) => ts >= seam && !isVoided(loaded.voids, ts));
    readings = union(loaded.readings.filter(isNumeric), live);
  }

  function add(point: Point<number>): void {
    if (point[0] >= seam) {
      insert(readings, point);
      if (readings.length > rawTailMax) fold(readings.splice(0, readings.length >>> 1));
      return;
    }
    // A late reading: its bucket's spread is widened, which is right however often it comes. The mean stays, because
    // nothing here tells whether the bucket has counted it already.
    const cell = cells.find(each => point[0] >= each.start && point[0] < each.start + intervalMs);
    if (cell === undefined) return;
    cell.min = Math.min(cell.min, point[1]);
    cell.max = Math.max(cell.max, point[1]);
  }

  function fold(older: Point<number>[]): void {
    for (const [ts, value] of older) {
      const start = anchor + Math.floor((ts - anchor) / intervalMs) * intervalMs;
      const cell = cells.at(-1);
      if (cell === undefined || cell.start < start) {
        cells.push({ start, count: 1, min: value, max: value, mean: value });
        continue;
      }
      cell.mean += (value - cell.mean) / (cell.count + 1);
      cell.count += 1;
      cell.min = Math.min(cell.min, value);
      cell.max = Math.max(cell.max, value);
    }
    seam = older.at(-1)![0] + 1;
    if (cells.length > bucketsMax) cells.splice(0, cells.length - bucketsMax);
  }

  function trim(from: Millis): void {
    const firstCell = cells.findIndex(cell => cell.start + intervalMs > from);
    cells = firstCell < 0 ? [] : firstCell === 0 ? cells : cells.slice(firstCell);
    // One reading before the range stays, so that the line enters from the left edge.
    const first = readings.findIndex(([ts]) => ts >= from);
    if (first > 1) readings.splice(0, first - 1);
  }

  function columns(absences: readonly Absence[] = []): LineColumns {
    const points = [
      ...cells.map(({ start, min, max, mean }) => ({
        // A cell that is folded only in part stays before the readings that follow it.
        ts: Math.min(start + intervalMs / 2, seam - 1),
        low: min,
        high: max,
        value: mean,
      })),
      ...readings.map(([ts, value]) => ({ ts, low: value, high: value, value })),
    ];
    return withBreaks(points, absences, cells.length > 0 ? intervalMs : 0);
  }

  return {
    load,
    add,
    trim,
    newest: () => readings.at(-1)?.[0] ?? (cells.length > 0 ? cells.at(-1)!.start + intervalMs : null),
    size: () => cells.length + readings.length,
    columns,
  };
}

type Drawn = { ts: Millis; low: number; high: number; value: number };

/** The line is broken where an absence is known, and where readings stayed away much longer than they usually do. */
function withBreaks(points: readonly Drawn[], absences: readonly Absence[], intervalMs: number): LineColumns {
  const broken = breaksBefore(
    points.map(point => point.ts),
    intervalMs * 1.5,
  );
  const columns: LineColumns = { times: [], values: [], lows: [], highs: [], banded: false };
  let previous: Millis | null = null;
  for (const [index, { ts, low, high, value }] of points.entries()) {
    if (previous !== null && ts > previous + 1 && (broken[index] || isAbsent(absences, previous, ts))) {
      columns.times.push(previous + (ts - previous) / 2);
      columns.values.push(null);
      columns.lows.push(null);
      columns.highs.push(null);
    }
    columns.times.push(ts);
    columns.values.push(value);
    columns.lows.push(low);
    columns.highs.push(high);
    columns.banded ||= high > low;
    previous = ts;
  }
  return columns;
}

function isNumeric(point: Point): point is Point<number> {
  return typeof point[1] === 'number';
}
