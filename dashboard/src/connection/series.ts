// The dictionary of one connection: what each series index of its rows stands for.
import type { Freshness, Millis, SeriesDef, Value, ValueType } from '@telltale/gateway/contract';

/** As many as a page can make use of; the gateway sends only what the subscriptions cover. */
const seriesPerConnectionMax = 200_000;

export type Series = {
  readonly device: string;
  readonly metric: string;
  readonly unit: string | null;
  readonly type: ValueType;
};

/** A metric that was announced and never sent: it has no reading, and is in snapshots alone. */
export type NeverSeen = { ts: null; value: null; freshness: 'never' };
/** One reading as it came over the connection. `freshness` is null where the row does not say. */
export type LiveReading = { series: Series } & ({ ts: Millis; value: Value; freshness: Freshness | null } | NeverSeen);

export type SeriesTable = {
  define(defs: SeriesDef[]): void;
  get(index: number): Series | undefined;
  clear(): void;
};

/** An index may be defined anew (a unit became known): the later definition holds. */
export function createSeriesTable(): SeriesTable {
  const byIndex = new Map<number, Series>();
  return {
    define(defs) {
      for (const [index, device, metric, unit, type] of defs) {
        if (byIndex.size >= seriesPerConnectionMax && !byIndex.has(index)) continue;
        byIndex.set(index, { device, metric, unit, type });
      }
    },
    get: index => byIndex.get(index),
    clear: () => byIndex.clear(),
  };
}
