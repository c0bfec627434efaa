// What the history takes on disk, asked for again and again while somebody looks at it.
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { SeriesStorage, Storage } from '@telltale/gateway/contract';
import type { Clock } from '../connection/index.ts';
import { createNewestWins } from '../history/newest-wins.ts';
import type { Api } from '../history/rest.ts';
import { type LargestSeries, readLargestSeries } from './largest-series.ts';

export const refreshMs = 10_000;
/** Counting every series is more work for the gateway, and what they take changes slowly. */
export const refreshesPerSeries = 6;
export const seriesPageRows = 25;

export type StorageModel = {
  readonly storage: ReadonlySignal<Storage | null>;
  /** The largest first; as many as were asked to be shown. */
  readonly series: ReadonlySignal<readonly SeriesStorage[]>;
  readonly more: ReadonlySignal<boolean>;
  /** How many series were looked at where that is not all; else null. */
  readonly among: ReadonlySignal<number | null>;
  /** Why the last attempt brought nothing. What came before stays in sight. */
  readonly error: ReadonlySignal<unknown>;
  refresh(): void;
  showMore(): void;
  close(): void;
};

export type StoragePorts = {
  api: Pick<Api, 'storage' | 'storageSeries'>;
  clock: Clock;
  /** False while nobody looks; then nothing is asked. */
  visible(): boolean;
};

/** Asks at once, and then whenever the time is up and somebody looks. */
export function openStorage({ api, clock, visible }: StoragePorts): StorageModel {
  const storage = signal<Storage | null>(null);
  const largest = signal<LargestSeries>({ series: [], all: true });
  const shown = signal(seriesPageRows);
  const error = signal<unknown>(null);
  const loads = createNewestWins();
  let refreshesUntilSeries = 0;
  let cancel = () => {};

  function refresh(): void {
    cancel();
    const withSeries = refreshesUntilSeries === 0;
    void loads.ask(
      () => Promise.all([api.storage(), withSeries ? readLargestSeries(api) : largest.value]),
      ([now, read]) => {
        wait();
        storage.value = now;
        largest.value = read;
        error.value = null;
        refreshesUntilSeries = withSeries ? refreshesPerSeries - 1 : refreshesUntilSeries - 1;
      },
      reason => {
        wait();
        error.value = reason;
      },
    );
  }

  /** Counted from the answer on: a gateway that takes long to answer is not asked again before it has. */
  function wait(): void {
    cancel = clock.after(refreshMs, () => (visible() ? refresh() : wait()));
  }

  refresh();
  return {
    storage,
    series: computed(() => largest.value.series.slice(0, shown.value)),
    more: computed(() => largest.value.series.length > shown.value),
    among: computed(() => (largest.value.all ? null : largest.value.series.length)),
    error,
    refresh,
    showMore() {
      shown.value += seriesPageRows;
    },
    close() {
      loads.close();
      cancel();
    },
  };
}
