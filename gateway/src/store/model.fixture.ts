// What history should answer, worked out the simple way.
import type { Bucket, Value } from '../contract/index.ts';
import { bucketEdges, type Interval } from './calendar.ts';
import { Columns } from './columns.ts';
import { booleanType, numberType, textType } from './run.ts';

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

/** Readings as the store holds them while it works on them: sorted, each time once. */
export function columnsOf(readings: readonly Reading[]): Columns {
  const columns = new Columns();
  for (const [ts, value] of readings) {
    if (typeof value === 'string') columns.add(ts, 0, textType, value);
    else columns.add(ts, Number(value), typeof value === 'boolean' ? booleanType : numberType, null);
  }
  return columns.finish();
}
