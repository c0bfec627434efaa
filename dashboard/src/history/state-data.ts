// What a timeline of states draws (open/closed, on/off, words): stretches of one value. A stretch ends where the value
// changes, where an absence is known, and where readings stay away much longer than they usually do: then nobody knows
// what the state was.
import type { Millis, Value } from '@telltale/gateway/contract';
import { type Absence, isAbsent, isVoided, outside } from './absences.ts';
import type { Loaded } from './load.ts';
import { breaksBefore, insert, type Point, union } from './points.ts';

/** Readings held. Beyond it readings in the middle of a stretch go first, then the oldest. */
export const statePointsMax = 4_000;

/** One value for a while. `to` is the last time at which it was read, or the time of the next value. */
export type Stretch = { from: Millis; to: Millis; value: Value };

export type StateData = {
  load(loaded: Loaded): void;
  add(point: Point): void;
  trim(from: Millis): void;
  newest(): Millis | null;
  size(): number;
  stretches(absences?: readonly Absence[]): Stretch[];
};

/** Empty data. */
export function createStateData(): StateData {
  let points: Point[] = [];
  let intervalMs = 0;
  let seam = Number.NEGATIVE_INFINITY;

  function load(loaded: Loaded): void {
    intervalMs = loaded.intervalMs ?? 0;
    seam = loaded.seam;
    const bucketed: Point[] = loaded.buckets.flatMap(([start, count, , , , first, last]) => {
      // What happened between the first and the last reading of a bucket is not known here, only how it ended.
      const end: Point = [start + Math.max(1, intervalMs - 1), last];
      return count === 1 || first === last
        ? [[start, first], end]
        : [[start, first], [start + intervalMs / 2, last], end];
    });
    points = union(
      [...bucketed, ...loaded.readings],
      points.filter(([ts]) => ts >= loaded.seam && !isVoided(loaded.voids, ts)),
    );
    compact();
  }

  function compact(): void {
    if (points.length <= statePointsMax) return;
    points = points.filter((point, index) => {
      const before = points[index - 1];
      const after = points[index + 1];
      const middle = before?.[1] === point[1] && after?.[1] === point[1];
      return !middle || index % 2 === 0;
    });
    if (points.length > statePointsMax) points = points.slice(-statePointsMax);
  }

  function stretches(absences: readonly Absence[] = []): Stretch[] {
    // The edges of a bucket are no readings, and may lie where there were none.
    const known = points.map(([ts, value]): Point => [ts < seam ? outside(absences, ts) : ts, value]);
    const breaks = breaksBefore(
      known.map(([ts]) => ts),
      intervalMs * 1.5,
    );
    const result: Stretch[] = [];
    for (const [index, [ts, value]] of known.entries()) {
      const open = result.at(-1);
      const broken = breaks[index] === true || (index > 0 && isAbsent(absences, known[index - 1]![0], ts));
      if (open !== undefined && !broken) open.to = ts;
      if (open === undefined || broken || open.value !== value) result.push({ from: ts, to: ts, value });
    }
    return result;
  }

  return {
    load,
    add(point) {
      insert(points, point);
      compact();
    },
    trim(from) {
      // The last reading before the range says what the state was when the range began.
      const first = points.findIndex(([ts]) => ts >= from);
      if (first > 1) points = points.slice(first - 1);
    },
    newest: () => points.at(-1)?.[0] ?? null,
    size: () => points.length,
    stretches,
  };
}
