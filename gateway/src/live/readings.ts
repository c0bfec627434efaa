// Readings as the live stage is handed them, and how a row of them is written.
import type { Freshness, Millis, Value } from '../contract/index.ts';

/** The packed readings of one log entry, as the store shows them. */
export type Readings = {
  readonly offset: number;
  readonly count: number;
  series(i: number): number;
  ts(i: number): Millis;
  value(i: number): Value;
};

/** The newest reading of a series. */
export type Latest = {
  ts: Millis;
  value: Value;
  freshness: Freshness;
  /** Log entry that brought it. */
  offset: number;
  /** Number of the last change of its freshness without a reading; they only grow. 0: none since the start. */
  freshSeq: number;
};

const encodeValue = (value: Value) => (typeof value === 'string' ? JSON.stringify(value) : String(value));

/** A row of a `data` frame; it says its freshness only where that is not what a new reading means anyway. */
export function encodeRow(series: number, ts: Millis, value: Value, freshness: Freshness = 'live'): string {
  if (freshness === 'live') return `[${series},${ts},${encodeValue(value)}]`;
  return `[${series},${ts},${encodeValue(value)},"${freshness}"]`;
}

/** A row of a `snap` frame; without a reading that of a metric that was announced and never sent. */
export function encodeSnapRow(series: number, latest: Latest | undefined): string {
  if (latest === undefined) return `[${series},null,null,"never"]`;
  return `[${series},${latest.ts},${encodeValue(latest.value)},"${latest.freshness}"]`;
}

/** True where a value's freshness may have changed since the viewer was told of it. */
export function hasAged({ freshness, freshSeq }: Latest, seen: number | null): boolean {
  return freshness !== 'live' && (seen === null || freshSeq > seen);
}
