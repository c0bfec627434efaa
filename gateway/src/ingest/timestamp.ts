// Times as devices write them, and whether a clock can be believed ([ING-3]).
import { earliestPlausible, limits, type Millis } from '../contract/index.ts';

/** Below this a number is seconds: as seconds it is the year 5138, as milliseconds it is March 1973. */
const secondsBelow = 1e11;

// A date alone, or date and time with an offset or Z. Local time without an offset is ambiguous and is not taken.
const isoForm = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2}))?$/;

/** Seconds, milliseconds or ISO 8601 as Unix milliseconds; null for anything else. */
export function parseTime(time: unknown): Millis | null {
  if (typeof time === 'number') return Math.round(time < secondsBelow ? time * 1000 : time);
  if (typeof time !== 'string' || !isoForm.test(time)) return null;
  if (
    Number(time.slice(8, 10)) > new Date(Date.UTC(Number(time.slice(0, 4)), Number(time.slice(5, 7)), 0)).getUTCDate()
  )
    return null;
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? null : ms;
}

/**
 * True where a device's clock can be right: set at all, and not further ahead than a wrong time zone explains. While the
 * gateway's own clock was never set there is nothing to hold it against.
 */
export function isPlausible(ts: Millis, receivedAt: Millis): boolean {
  return ts >= earliestPlausible && (receivedAt < earliestPlausible || ts <= receivedAt + limits.clockAheadMsMax);
}
