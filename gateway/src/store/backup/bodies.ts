// How each kind of encoded body is checked: decoded whole, and its readings counted.
import { verifyCells } from '../cells.ts';
import { verifyChunks } from '../codec/chunk.ts';
import { levelOf } from '../keys.ts';
import { decodeRun } from '../run.ts';

/** Readings of a log entry, with their series and the span of their times; what they hold is decoded, too. */
export type RunFacts = { count: number; series: Set<number>; first: number; last: number };

/** Throws where the body of a log entry is no run of readings. */
export function checkRun(offset: number, body: Uint8Array): RunFacts {
  const run = decodeRun(offset, body);
  const series = new Set<number>();
  for (let i = 0; i < run.count; i++) {
    series.add(run.series(i));
    run.value(i);
  }
  return { count: run.count, series, ...run.span() };
}

/** Number of readings in a body of chunks. Throws where it is damaged. */
export const checkChunks = (body: Uint8Array): number => verifyChunks(body);

/** Throws where the body of a rollup is damaged. */
export function checkRollup(key: number, body: Uint8Array): void {
  verifyCells(body, levelOf(key));
}

/** Throws where a body is not JSON. */
export function checkJson(body: string | Uint8Array): void {
  JSON.parse(typeof body === 'string' ? body : Buffer.from(body).toString());
}
