// Where buckets begin: fixed spans counted from the epoch, and days, weeks and months of any IANA time zone.
import { dayMs } from './keys.ts';

/** A fixed number of milliseconds, or a unit of the calendar. */
export type Interval = { ms: number } | { unit: 'hour' | 'day' | 'week' | 'month'; count: number };

const minuteMs = 60_000;

const formats = new Map<string, Intl.DateTimeFormat>();
/** There are about 600 zones; more names than this are somebody's noise. */
const formatsMax = 1_000;

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (formats.size < formatsMax) formats.set(zone, format);
  }
  return format;
}

/** True where the system knows the zone's name. */
export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** Local wall time at `ts`, as if it were UTC. */
function wallOf(zone: string, ts: number): number {
  if (zone === 'UTC') return ts;
  const part: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(ts)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((ts % 1000) + 1000) % 1000);
}

/** The first instant whose wall time is `wall` or later; where clocks were put forward, the end of the hole. */
function instantOf(zone: string, wall: number): number {
  if (zone === 'UTC') return wall;
  // Two offsets can hold around a change; the earlier instant wins where wall time is there twice.
  const candidates = [wall - dayMs, wall + dayMs].map(near => wall - (wallOf(zone, near) - near));
  const fitting = candidates.filter(ts => wallOf(zone, ts) === wall);
  return fitting.length > 0 ? Math.min(...fitting) : Math.max(...candidates);
}

/** Wall time at which the bucket that holds `wall` begins. */
function floorWall(wall: number, unit: 'hour' | 'day' | 'week' | 'month'): number {
  if (unit === 'hour') return Math.floor(wall / (60 * minuteMs)) * 60 * minuteMs;
  const day = Math.floor(wall / dayMs) * dayMs;
  if (unit === 'day') return day;
  // Weeks begin on Monday (ISO 8601); 1970-01-01 was a Thursday.
  if (unit === 'week') return day - ((((day / dayMs + 3) % 7) + 7) % 7) * dayMs;
  const date = new Date(day);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

function addWall(wall: number, unit: 'hour' | 'day' | 'week' | 'month', count: number): number {
  if (unit === 'hour') return wall + count * 60 * minuteMs;
  if (unit === 'day') return wall + count * dayMs;
  if (unit === 'week') return wall + count * 7 * dayMs;
  const date = new Date(wall);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count, 1);
}

/**
 * The starts of all buckets that touch [from, to), and the end of the last: n + 1 instants for n buckets. Null where
 * there would be more than `max` buckets.
 */
export function bucketEdges(from: number, to: number, interval: Interval, zone: string, max: number): number[] | null {
  const edges: number[] = [];
  if ('ms' in interval) {
    if ((to - from) / interval.ms > max) return null;
    for (let edge = Math.floor(from / interval.ms) * interval.ms; edge < to; edge += interval.ms) edges.push(edge);
    edges.push((edges.at(-1) ?? from) + interval.ms);
    return edges;
  }
  let wall = floorWall(wallOf(zone, from), interval.unit);
  for (;;) {
    const edge = instantOf(zone, wall);
    // Wall time that is there twice gives the same instant once.
    if (edge > (edges.at(-1) ?? Number.NEGATIVE_INFINITY)) edges.push(edge);
    if (edge >= to) return edges;
    if (edges.length > max) return null;
    wall = addWall(wall, interval.unit, interval.count);
  }
}
