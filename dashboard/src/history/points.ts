// A list of readings in the order of their source time, each time once. History and live readings meet here, so
// whatever comes twice, from whichever side, is one.
import type { Millis, Value } from '@telltale/gateway/contract';

export type Point<V extends Value = Value> = readonly [ts: Millis, value: V];

/** Where `ts` stands or would stand in `points`. */
function indexOf(points: readonly Point[], ts: Millis): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (points[middle]![0] < ts) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts one reading in its place. The same time again replaces the value: the later word holds. */
export function insert<V extends Value>(points: Point<V>[], point: Point<V>): void {
  const last = points.at(-1);
  if (last === undefined || last[0] < point[0]) {
    points.push(point);
    return;
  }
  const index = indexOf(points, point[0]);
  if (points[index]?.[0] === point[0]) points[index] = point;
  else points.splice(index, 0, point);
}

/** Both lists in one; where both have a time, `later` wins. */
export function union<V extends Value>(earlier: readonly Point<V>[], later: readonly Point<V>[]): Point<V>[] {
  const byTime = new Map<Millis, Point<V>>();
  for (const point of earlier) byTime.set(point[0], point);
  for (const point of later) byTime.set(point[0], point);
  return [...byTime.values()].sort((a, b) => a[0] - b[0]);
}

/** A break is drawn where readings stay away for this many of the usual steps. */
const stepsToBreak = 5;
/** Neighbours on each side that tell what is usual here. A device may send faster at one time than at another. */
const neighbours = 5;

/**
 * For each time but the first, whether the line is broken before it: readings stayed away much longer than they do
 * just before and after. Shorter absences than `leastMs` never count.
 */
export function breaksBefore(times: readonly Millis[], leastMs: number): boolean[] {
  const steps = times.map((ts, index) => (index === 0 ? 0 : ts - times[index - 1]!));
  return steps.map((_, index) => isBreak(steps, index, leastMs));
}

function isBreak(steps: readonly number[], index: number, leastMs: number): boolean {
  const step = steps[index]!;
  if (index === 0 || step <= leastMs) return false;
  const around = steps.slice(Math.max(1, index - neighbours), index + neighbours + 1);
  // A chart asks this for thousands of steps every second, and nearly all of them are no longer than the others.
  if (step <= Math.min(...around) * stepsToBreak) return false;
  around.splice(around.indexOf(step), 1);
  // Two steps are too few to call anything usual.
  if (around.length < 2) return false;
  around.sort((a, b) => a - b);
  return step > around[around.length >>> 1]! * stepsToBreak;
}
