// The latest value of each series of one watch, by device: which reading supersedes which, and what is gone.
import { type Signal, signal } from '@preact/signals';
import type { Freshness, Millis, Value } from '@telltale/gateway/contract';
import type { LiveReading, NeverSeen, Series } from '../connection/index.ts';

/** Series one view can hold. A view of a thousand devices with twenty metrics each fits. */
const watchedSeriesMax = 20_000;

type LatestReading = { ts: Millis; value: Value; freshness: Freshness } | NeverSeen;
export type WatchedSeries = { readonly series: Series; readonly latest: Signal<LatestReading> };
/** Where in the log something was so, and whether a snapshot says it or a reading. */
export type Told = { offset: number; bySnapshot: boolean };

export class LatestTable {
  /** Series that did not fit. */
  readonly overflow = signal(0);
  readonly #byDevice = new Map<string, Signal<readonly WatchedSeries[]>>();
  /** With each, where in the log it was last told. */
  readonly #byKey = new Map<string, WatchedSeries & { offset: number }>();

  /** The series of one device, in the order of their names; an empty list is kept for one that may yet come. */
  device(id: string): Signal<readonly WatchedSeries[]> {
    let list = this.#byDevice.get(id);
    if (list === undefined) {
      list = signal<readonly WatchedSeries[]>([]);
      this.#byDevice.set(id, list);
    }
    return list;
  }

  put(reading: LiveReading, { offset, bySnapshot }: Told): void {
    const { series } = reading;
    const key = keyOf(series);
    const held = this.#byKey.get(key);
    // What comes for the first time is another entry: whoever lists what was seen lists it from now on.
    if (held !== undefined && sameSeries(held.series, series) && isSeen(held) === (reading.ts !== null)) {
      held.offset = offset;
      renew(held.latest, reading, bySnapshot);
      return;
    }
    if (held === undefined && this.#byKey.size >= watchedSeriesMax) {
      this.overflow.value += 1;
      return;
    }
    const entry = { series, latest: signal(latestOf(reading)), offset };
    this.#byKey.set(key, entry);
    const list = this.device(series.device);
    list.value = [...list.peek().filter(each => each.series.metric !== series.metric), entry].sort(byMetric);
  }

  fresh(series: Series, freshness: Freshness): void {
    const latest = this.#byKey.get(keyOf(series))?.latest;
    const before = latest?.peek();
    // What was never seen has no age that could change.
    if (latest !== undefined && before !== undefined && before.ts !== null) latest.value = { ...before, freshness };
  }

  /** The device was deleted there: what was told later is of another one of the same name. */
  deleted(device: string, offset: number): void {
    for (const { series } of this.device(device).peek()) {
      const held = this.#byKey.get(keyOf(series));
      if (held !== undefined && held.offset < offset) this.#remove(held.series);
    }
  }

  /** Lets go of every series whose key is not in `present`. */
  keepOnly(present: ReadonlySet<string>): void {
    for (const [key, { series }] of [...this.#byKey]) if (!present.has(key)) this.#remove(series);
  }

  #remove(series: Series): void {
    this.#byKey.delete(keyOf(series));
    const list = this.device(series.device);
    list.value = list.peek().filter(each => each.series.metric !== series.metric);
  }
}

/** A value that nobody said otherwise of is current. */
function latestOf(reading: LiveReading): LatestReading {
  if (reading.ts === null) return { ts: null, value: null, freshness: 'never' };
  return { ts: reading.ts, value: reading.value, freshness: reading.freshness ?? 'live' };
}

/** Newest source time wins; of two with the same time, the one that came later. A late reading changes nothing. */
function renew(latest: Signal<LatestReading>, reading: LiveReading, bySnapshot: boolean): void {
  const before = latest.peek();
  if (before.ts === null || reading.ts === null) return;
  // A snapshot is the gateway's own word on what is latest, also when a device's clock was set back.
  if (!bySnapshot && reading.ts < before.ts) return;
  const { ts, value, freshness } = reading;
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

/** False for a metric that was announced and never sent. It becomes another entry with its first reading. */
export function isSeen({ latest }: Pick<WatchedSeries, 'latest'>): boolean {
  return latest.peek().ts !== null;
}

function byMetric(a: WatchedSeries, b: WatchedSeries): number {
  return a.series.metric < b.series.metric ? -1 : 1;
}
