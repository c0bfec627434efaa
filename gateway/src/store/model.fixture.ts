// What history should answer, worked out the simple way.
import type { Bucket, Value } from '../contract/index.ts';
import { bucketEdges, type Interval } from './calendar.ts';

export type Reading = [ts: number, value: Value];

/** The buckets that a patient person would make with pencil and paper. */
export function modelBuckets(
  readings: Reading[],
  from: number,
  to: number,
  interval: Interval,
  zone: string,
): Bucket[] {
  const edges = bucketEdges(from, to, interval, zone, 20_000) as number[];
  return edges.flatMap((start, i): Bucket[] => {
    const inside = readings.filter(([ts]) => ts >= Math.max(start, from) && ts < Math.min(edges[i + 1] ?? 0, to));
    const values = inside.map(([, value]) => value);
    const numbers = values.filter(value => typeof value !== 'string').map(Number);
    const mean = numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    const [min, max] = numbers.length === 0 ? [null, null] : [Math.min(...numbers), Math.max(...numbers)];
    const first = values[0];
    const last = values.at(-1);
    return first === undefined || last === undefined ? [] : [[start, values.length, min, max, mean, first, last]];
  });
}
