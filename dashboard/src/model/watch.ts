// The latest value of each series of one subscription, as signals. A view opens a watch and closes it when it goes, so
// no value outlives the subscription that keeps it true.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Connection, LiveReading, SubscriptionSpec, SubscriptionUpdate } from '../connection/index.ts';
import type { Batcher } from './batcher.ts';
import { keyOf, LatestTable, type Told, type WatchedSeries } from './latest-table.ts';

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

/** Opens the subscription at once. */
export function openWatch(connection: Pick<Connection, 'subscribe'>, spec: SubscriptionSpec, batcher: Batcher): Watch {
  const table = new LatestTable();
  const settled = signal(false);
  const refused = signal<string | null>(null);
  /** What a whole snapshot has brought so far; null while none is under way. */
  let whole: Set<string> | null = null;

  function beginWhole(): void {
    whole = new Set();
    table.overflow.value = 0;
  }

  function put(readings: readonly LiveReading[], told: Told): void {
    for (const reading of readings) {
      whole?.add(keyOf(reading.series));
      table.put(reading, told);
    }
  }

  function take(update: SubscriptionUpdate): void {
    switch (update.kind) {
      case 'asked':
        settled.value = false;
        refused.value = null;
        if (update.since === null) beginWhole();
        else whole = null;
        return;
      case 'snapshot':
        put(update.readings, { offset: update.offset, bySnapshot: true });
        // Only a snapshot from the beginning tells what is no longer there; others bring what has changed.
        if (!update.done || whole === null) return;
        table.keepOnly(whole);
        whole = null;
        return;
      case 'readings':
        put(update.readings, { offset: update.offset, bySnapshot: false });
        return;
      case 'fresh':
        for (const { series, freshness } of update.rows) table.fresh(series, freshness);
        return;
      case 'gap':
        // Values may have been missed: until the gateway has said what holds now, none is taken as current.
        settled.value = false;
        beginWhole();
        return;
      case 'deleted':
        table.deleted(update.device, update.offset);
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

  const close = connection.subscribe({ ...spec, mode: 'latest' }, update => batcher(() => take(update)));
  return { device: id => table.device(id), settled, refused, overflow: table.overflow, close };
}
