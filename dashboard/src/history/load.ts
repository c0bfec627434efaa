// Fetches what a chart begins with: raw readings where they are few enough, else buckets of minimum, mean and
// maximum, followed by raw readings from the last whole bucket on, so that live ones go on without a double.
import type { Bucket, HistoryBuckets, HistoryGap, Millis, ValueType, Void } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import { joinGaps, joinVoids } from './absences.ts';
import type { Point } from './points.ts';
import type { Api } from './rest.ts';

/** More than a chart has pixels across on most screens. */
const chartPointsMax = 600;
/** Up to here raw readings are drawn as they are. */
const rawReadingsMax = 2_000;

/** A device's clock may lead the gateway's; readings this far ahead are still at the live edge. */
const aheadMs = 60_000;

export type Loaded = {
  unit: string | null;
  /** Whole buckets before `seam`; empty where everything is raw. */
  buckets: Bucket[];
  /** Null where everything is raw. */
  intervalMs: number | null;
  /** From here on readings are raw. */
  seam: Millis;
  readings: Point[];
  gaps: HistoryGap[];
  voids: Void[];
};

export type LoadRequest = {
  device: string;
  metric: string;
  type: ValueType;
  from: Millis;
  to: Millis;
  cadenceMs: number | null;
  /** Live readings will follow on. */
  live: boolean;
};

/** Loads a range in at most three requests, whatever its length. */
export async function loadHistory(api: Pick<Api, 'buckets' | 'readings'>, request: LoadRequest): Promise<Loaded> {
  const { device, metric, from, to, cadenceMs } = request;
  const query = { device, metric, from, to };
  if (cadenceMs !== null && (to - from) / Math.max(1, cadenceMs) <= rawReadingsMax) {
    const raw = await api.readings({
      ...query,
      to: request.live ? to + aheadMs : to,
      limit: limits.historyReadingsMax,
    });
    if (raw.next === null) {
      const { unit, readings, gaps, voids } = raw;
      return { unit, buckets: [], intervalMs: null, seam: from, readings, gaps, voids };
    }
  }
  const history = await api.buckets({ ...query, points: chartPointsMax });
  const intervalMs = intervalOf(history, to - from);
  const whole: Loaded = {
    unit: history.unit,
    buckets: history.buckets,
    intervalMs,
    seam: to + 1,
    readings: [],
    gaps: history.gaps,
    voids: history.voids,
  };
  return request.live ? await withRawEdge(api, query, whole) : whole;
}

/** Replaces the bucket that is still filling by its readings, where those are not too many. */
async function withRawEdge(
  api: Pick<Api, 'readings'>,
  query: { device: string; metric: string; from: Millis; to: Millis },
  loaded: Loaded,
): Promise<Loaded> {
  const last = loaded.buckets.at(-1);
  if (last === undefined || loaded.intervalMs === null) return { ...loaded, seam: query.from };
  const filling = last[0] + loaded.intervalMs > query.to;
  const seam = filling ? last[0] : last[0] + loaded.intervalMs;
  const raw = await api.readings({ ...query, from: seam, to: query.to + aheadMs, limit: limits.historyReadingsMax });
  if (raw.next !== null) return loaded;
  return {
    ...loaded,
    seam,
    buckets: filling ? loaded.buckets.slice(0, -1) : loaded.buckets,
    readings: raw.readings,
    gaps: joinGaps([...loaded.gaps, ...raw.gaps]),
    voids: joinVoids(loaded.voids, raw.voids),
  };
}

const unitsMs: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  mo: 2_592_000_000,
};

/** The width of a bucket in milliseconds, from its name or else from the buckets themselves. */
export function intervalOf(history: Pick<HistoryBuckets, 'interval' | 'buckets'>, rangeMs: number): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|min|mo|m|h|d|w)$/.exec(history.interval);
  if (match !== null) return Number(match[1]) * unitsMs[match[2]!]!;
  let least = Number.POSITIVE_INFINITY;
  for (let index = 1; index < history.buckets.length; index += 1) {
    least = Math.min(least, history.buckets[index]![0] - history.buckets[index - 1]![0]);
  }
  return Number.isFinite(least) && least > 0 ? least : Math.max(1, Math.ceil(rangeMs / chartPointsMax));
}
