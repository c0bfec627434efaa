// The latest value of each series of one watch, by device: which reading supersedes which, and what is gone.
import { type Signal, signal } from '@preact/signals';
import type { Freshness, Millis, Value } from '@telltale/gateway/contract';
import type { LiveReading, Series } from '../connection/index.ts';

/** Series one view can hold. A view of a thousand devices with twenty metrics each fits. */
const watchedSeriesMax = 20_000;

type LatestReading = { ts: Millis; value: Value; freshness: Freshness };
export type WatchedSeries = { readonly series: Series; readonly latest: Signal<LatestReading> };

export class LatestTable {
  /** Series that did not fit. */
  readonly overflow = signal(0);
  readonly #byDevice = new Map<string, Signal<readonly WatchedSeries[]>>();
  readonly #byKey = new Map<string, WatchedSeries>();

  /** The series of one device, in the order of their names; an empty list is kept for one that may yet come. */
  device(id: string): Signal<readonly WatchedSeries[]> {
    let list = this.#byDevice.get(id);
    if (list === undefined) {
      list = signal<readonly WatchedSeries[]>([]);
      this.#byDevice.set(id, list);
    }
    return list;
  }

  put(reading: LiveReading, fromSnapshot: boolean): void {
    const { series, ts, value, freshness } = reading;
    const key = keyOf(series);
    const held = this.#byKey.get(key);
    if (held !== undefined && sameSeries(held.series, series)) {
      renew(held.latest, reading, fromSnapshot);
      return;
    }
    if (held === undefined && this.#byKey.size >= watchedSeriesMax) {
      this.overflow.value += 1;
      return;
    }
    const entry = { series, latest: signal<LatestReading>({ ts, value, freshness: freshness ?? 'live' }) };
    this.#byKey.set(key, entry);
    const list = this.device(series.device);
    list.value = [...list.peek().filter(each => each.series.metric !== series.metric), entry].sort(byMetric);
  }

  fresh(series: Series, freshness: Freshness): void {
    const latest = this.#byKey.get(keyOf(series))?.latest;
    if (latest !== undefined) latest.value = { ...latest.peek(), freshness };
  }

  /** Lets go of every series whose key is not in `present`. */
  keepOnly(present: ReadonlySet<string>): void {
    for (const [key, { series }] of [...this.#byKey]) {
      if (present.has(key)) continue;
      this.#byKey.delete(key);
      const list = this.device(series.device);
      list.value = list.peek().filter(each => each.series.metric !== series.metric);
    }
  }
}

/** Newest source time wins; of two with the same time, the one that came later. A late reading changes nothing. */
function renew(latest: Signal<LatestReading>, { ts, value, freshness }: LiveReading, fromSnapshot: boolean): void {
  const before = latest.peek();
  // A snapshot is the gateway's own word on what is latest, also when a device's clock was set back.
  if (!fromSnapshot && ts < before.ts) return;
  // The same reading again, as a resumed subscription may bring it, is no sign of life.
  latest.value = { ts, value, freshness: freshness ?? (ts === before.ts ? before.freshness : 'live') };
}

/** What tells one series of a watch from another. */
export function keyOf(series: Series): string {
  // No name contains a control character, so the two cannot run into each other.
  return `${series.device}\n${series.metric}`;
}

function sameSeries(a: Series, b: Series): boolean {
  return a.unit === b.unit && a.type === b.type;
}

function byMetric(a: WatchedSeries, b: WatchedSeries): number {
  return a.series.metric < b.series.metric ? -1 : 1;
}
