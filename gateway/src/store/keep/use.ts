// What a series takes, kept as its rows change and written in the same slice.
import type { SeriesUse } from '../archive.ts';
import type { KeepEffect } from '../statements.ts';
import type { Slice } from './task.ts';

/** Readings of a series that fill a window's row; with fewer they move to a longer window once it is over. */
export const readingsPerWindowMin = 1_024;

export const newUse = (): SeriesUse => ({
  count: 0,
  bytes: 0,
  rollupBytes: 0,
  firstTs: Number.MAX_SAFE_INTEGER,
  lastTs: 0,
  rawFrom: 0,
  rollupFrom: 0,
});

export const useParams = (series: number, use: SeriesUse) =>
  [series, use.count, use.bytes, use.rollupBytes, use.firstTs, use.lastTs, use.rawFrom, use.rollupFrom] as const;

/** The slice together with what the series takes once it is written. */
export function written(slice: Slice, series: number, use: SeriesUse): KeepEffect[] {
  slice.add('use.put', ...useParams(series, use));
  return slice.take();
}
