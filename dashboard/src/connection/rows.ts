// Rows of a frame → readings with their series. A row whose series nobody defined is counted and left out.
import type { Freshness, Row, SnapRow } from '@telltale/gateway/contract';
import type { LiveReading, Series } from './series.ts';

export type RowPorts = {
  series(index: number): Series | undefined;
  /** Rows whose series was never defined. */
  unknownRows(count: number): void;
};

/** Readings in the order of the rows. */
export function readingsOf(rows: readonly (Row | SnapRow)[], ports: RowPorts): LiveReading[] {
  const readings: LiveReading[] = [];
  for (const [index, ts, value, freshness] of rows) {
    const series = ports.series(index);
    if (series === undefined) continue;
    if (ts === null || value === null) readings.push({ series, ts: null, value: null, freshness: 'never' });
    else readings.push({ series, ts, value, freshness: freshness ?? null });
  }
  if (readings.length < rows.length) ports.unknownRows(rows.length - readings.length);
  return readings;
}

export type FreshnessOf = { series: Series; freshness: Freshness };

/** The same for rows that tell of freshness alone. */
export function freshnessOf(rows: readonly [series: number, freshness: Freshness][], ports: RowPorts): FreshnessOf[] {
  const known = rows.flatMap(([index, freshness]) => {
    const series = ports.series(index);
    return series === undefined ? [] : [{ series, freshness }];
  });
  if (known.length < rows.length) ports.unknownRows(rows.length - known.length);
  return known;
}
