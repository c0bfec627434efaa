// The latest value of each series of one subscription, as signals. A view opens a watch and closes it when it goes, so
// no value outlives the subscription that keeps it true.
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Freshness, Millis, Value } from '@telltale/gateway/contract';
import type { Connection, LiveReading, Series, SubscriptionSpec, SubscriptionUpdate } from '../connection/index.ts';
import type { Batcher } from './batcher.ts';

/** Series one view can hold. A view of a thousand devices with twenty metrics each fits. */
const watchedSeriesMax = 20_000;

type LatestReading = { ts: Millis; value: Value; freshness: Freshness };
export type WatchedSeries = { readonly series: Series; readonly latest: Signal<LatestReading> };

export type Watch = {
  /** The series of one device, in the order of their names. */
  device(id: string): ReadonlySignal<readonly WatchedSeries[]>;
  /** True while what is held is what the gateway holds. */
  readonly settled: ReadonlySignal<boolean>;
  /** Why the gateway refused the subscription. */
  readonly refused: ReadonlySignal<string | null>;
  /** Series that did not fit. */
  readonly overflow: ReadonlySignal<number>;
  close(): void;
};

/** Newest source time wins; of two with the same time, the one that came later. A late reading changes nothing. */
function supersedes(held: { ts: Millis } | undefined, next: { ts: Millis }): boolean {
  return held === undefined || next.ts >= held.ts;
}

/** Opens the subscription at once. */
export function openWatch(connection: Pick<Connection, 'subscribe'>, spec: SubscriptionSpec, batcher: Batcher): Watch {
  const byDevice = new Map<string, Signal<readonly WatchedSeries[]>>();
  const byKey = new Map<string, WatchedSeries>();
  const settled = signal(false);
  const refused = signal<string | null>(null);
  const overflow = signal(0);
  /** What a whole snapshot has brought so far; null while none is under way. */
  let whole: Set<string> | null = null;

  function listOf(id: string): Signal<readonly WatchedSeries[]> {
    let list = byDevice.get(id);
    if (list === undefined) {
      list = signal<readonly WatchedSeries[]>([]);
      byDevice.set(id, list);
    }
    return list;
  }

  function put({ series, ts, value, freshness }: LiveReading, fromSnapshot: boolean): void {
    const key = keyOf(series);
    const held = byKey.get(key);
    if (held !== undefined && sameSeries(held.series, series)) {
      const { latest } = held;
      // A snapshot is the gateway's own word on what is latest, also when a device's clock was set back.
      const before = latest.peek();
      if (!fromSnapshot && !supersedes(before, { ts })) return;
      // The same reading again, as a resumed subscription may bring it, is no sign of life.
      latest.value = { ts, value, freshness: freshness ?? (ts === before.ts ? before.freshness : 'live') };
      return;
    }
    if (held === undefined && byKey.size >= watchedSeriesMax) {
      overflow.value += 1;
      return;
    }
    const entry = { series, latest: signal<LatestReading>({ ts, value, freshness: freshness ?? 'live' }) };
    byKey.set(key, entry);
    const list = listOf(series.device);
    list.value = [...list.peek().filter(each => each.series.metric !== series.metric), entry].sort(byMetric);
  }

  function dropMissing(present: ReadonlySet<string>): void {
    for (const [key, { series }] of [...byKey]) {
      if (present.has(key)) continue;
      byKey.delete(key);
      const list = listOf(series.device);
      list.value = list.peek().filter(each => each.series.metric !== series.metric);
    }
  }

  function beginWhole(): void {
    whole = new Set();
    overflow.value = 0;
  }

  function take(update: SubscriptionUpdate): void {
    switch (update.kind) {
      case 'asked':
        refused.value = null;
        if (update.since === null) beginWhole();
        return;
      case 'snapshot':
        for (const reading of update.readings) {
          whole?.add(keyOf(reading.series));
          put(reading, true);
        }
        // Only a snapshot from the beginning tells what is no longer there; others bring what has changed.
        if (!update.done || whole === null) return;
        dropMissing(whole);
        whole = null;
        return;
      case 'readings':
        for (const reading of update.readings) {
          whole?.add(keyOf(reading.series));
          put(reading, false);
        }
        return;
      case 'fresh':
        for (const { series, freshness } of update.rows) {
          const latest = byKey.get(keyOf(series))?.latest;
          if (latest !== undefined) latest.value = { ...latest.peek(), freshness };
        }
        return;
      case 'gap':
        // Values may have been missed: until the gateway has said what holds now, none is taken as current.
        settled.value = false;
        if (update.reason === 'epoch') beginWhole();
        return;
      case 'settled':
        settled.value = true;
        return;
      case 'lost':
        settled.value = false;
        return;
      case 'refused':
        refused.value = update.detail === undefined ? update.title : `${update.title}: ${update.detail}`;
        return;
    }
  }

  const unsubscribe = connection.subscribe({ ...spec, mode: 'latest', resume: false }, update =>
    batcher(() => take(update)),
  );
  return { device: id => listOf(id), settled: computed(() => settled.value), refused, overflow, close: unsubscribe };
}

function keyOf(series: Series): string {
  // No name contains a control character, so the two cannot run into each other.
  return `${series.device}\n${series.metric}`;
}

function sameSeries(a: Series, b: Series): boolean {
  return a.unit === b.unit && a.type === b.type;
}

function byMetric(a: WatchedSeries, b: WatchedSeries): number {
  return a.series.metric < b.series.metric ? -1 : 1;
}
