// The watches that keep the values of a list of devices true: one for everything, or one for each page of the list.
import type { Connection } from '../connection/index.ts';
import type { Batcher } from './batcher.ts';
import { openWatch, type Watch } from './watch.ts';

/** Many values at a glance: nobody sees which of four a second it was. */
const fleetIntervalMs = 250;

/** The devices of one watch; null stands for all. */
type Covered = readonly string[] | null;

export type FleetWatches = {
  /** Opens what is wanted in place of what was; false where that is the same. The caller bounds how many. */
  cover(wanted: readonly Covered[]): boolean;
  /** The watch that covers a device. */
  of(device: string): Watch | null;
  close(): void;
};

/** Watches nothing yet. */
export function createFleetWatches(connection: Pick<Connection, 'subscribe'>, batcher: Batcher): FleetWatches {
  const watches: { ids: Covered; watch: Watch }[] = [];

  function close(): void {
    for (const { watch } of watches.splice(0)) watch.close();
  }

  return {
    cover(wanted) {
      if (wanted.length === watches.length && wanted.every((ids, index) => sameIds(ids, watches[index]!.ids))) {
        return false;
      }
      close();
      for (const ids of wanted) {
        const spec = ids === null ? {} : { device: [...ids] };
        watches.push({ ids, watch: openWatch(connection, { ...spec, intervalMs: fleetIntervalMs }, batcher) });
      }
      return true;
    },
    of: device => watches.find(({ ids }) => ids === null || ids.includes(device))?.watch ?? null,
    close,
  };
}

function sameIds(a: Covered, b: Covered): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
