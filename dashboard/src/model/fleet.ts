// The list of devices: pages from REST, kept true by presence and device events, with one watch for their values.
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Device, LiveEvent } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import type { Clock, Connection } from '../connection/index.ts';
import { createNewestWins } from '../history/newest-wins.ts';
import { createReload } from '../history/reload.ts';
import type { Api } from '../history/rest.ts';
import type { Batcher } from './batcher.ts';
import { createFleetWatches } from './fleet-watches.ts';
import type { Watch } from './watch.ts';

/** Devices of one page of the list: one subscription names them all. */
const fleetPageRows = limits.patternsPerSubscriptionMax;
/** Devices the list shows at most; past it a person searches. Each page holds one subscription. */
const fleetRowsMax = fleetPageRows * 8;
/** A burst of events (a whole site coming back) leads to one reload. */
const reloadDelayMs = 400;

type FleetStatus = { name: 'loading' } | { name: 'ready' } | { name: 'failed'; error: unknown };

export type Fleet = {
  readonly devices: ReadonlySignal<readonly Device[]>;
  readonly status: ReadonlySignal<FleetStatus>;
  /** More devices than are shown. */
  readonly more: ReadonlySignal<boolean>;
  watchOf(device: string): Watch | null;
  search(text: string): void;
  /** Only devices that have the tag; null for all. */
  filter(tag: string | null): void;
  loadMore(): void;
  reload(): void;
  close(): void;
};

export type FleetPorts = {
  api: Pick<Api, 'devices'>;
  connection: Pick<Connection, 'subscribe' | 'listen'>;
  batcher: Batcher;
  clock: Clock;
};

/** Loads the first page at once. */
export function openFleet(ports: FleetPorts): Fleet {
  const devices: Signal<readonly Device[]> = signal([]);
  const status: Signal<FleetStatus> = signal({ name: 'loading' });
  const more = signal(false);
  const loads = createNewestWins();
  const watches = createFleetWatches(ports.connection, ports.batcher);
  let text = '';
  let tag: string | null = null;
  let pages = 1;
  const reload = createReload(ports.clock, reloadDelayMs, () => load());

  function load(): void {
    void loads.ask(() => loadPages(ports.api, { q: text, tag }, pages), loaded, failed);
  }

  function loaded({ items, next }: DevicePage): void {
    devices.value = items;
    more.value = next !== null && items.length < fleetRowsMax;
    status.value = { name: 'ready' };
    // A small fleet is watched as a whole, which also tells of new devices; of a large one, what is shown.
    const whole = text === '' && tag === null && next === null;
    const changed = watches.cover(whole ? [null] : chunks(items, fleetPageRows));
    // The rows have to look for their watch again.
    if (changed) devices.value = [...items];
  }

  function failed(error: unknown): void {
    status.value = { name: 'failed', error };
  }

  function heard(event: LiveEvent): void {
    if (event.kind === 'device') reload.soon();
    if (event.kind !== 'presence') return;
    const { state, since, cause } = event;
    const index = devices.peek().findIndex(device => device.id === event.device);
    if (index < 0) return reload.soon();
    devices.value = devices.peek().with(index, { ...devices.peek()[index]!, presence: { state, since, cause } });
  }

  const unlisten = ports.connection.listen({
    event: event => ports.batcher(() => heard(event)),
    // Events of the time without a connection were not heard.
    state: state => state.name === 'open' && reload.soon(),
    gap: () => reload.soon(),
  });
  load();

  return {
    devices,
    status,
    more,
    watchOf: watches.of,
    search(next) {
      if (next === text) return;
      text = next;
      pages = 1;
      load();
    },
    filter(next) {
      if (next === tag) return;
      tag = next;
      pages = 1;
      load();
    },
    loadMore() {
      pages += 1;
      load();
    },
    reload: load,
    close() {
      loads.close();
      unlisten();
      reload.cancel();
      watches.close();
    },
  };
}

type DevicePage = { items: Device[]; next: string | null };

/** The first `pages` pages in one: a list that is loaded again keeps its length. */
async function loadPages(
  api: FleetPorts['api'],
  wanted: { q: string; tag: string | null },
  pages: number,
): Promise<DevicePage> {
  const items: Device[] = [];
  let next: string | null = null;
  for (let page = 0; page < pages; page += 1) {
    const answer = await api.devices({ ...wanted, limit: fleetPageRows, cursor: next });
    items.push(...answer.items);
    next = answer.next;
    if (next === null) break;
  }
  return { items, next };
}

/** The tags of the devices in sight, in order, and the one that is chosen. */
export function tagsOf(devices: readonly Device[], chosen: string | null): string[] {
  const tags = new Set(devices.flatMap(device => device.tags));
  if (chosen !== null) tags.add(chosen);
  return [...tags].sort();
}

function chunks(devices: readonly Device[], size: number): string[][] {
  const ids = devices.map(each => each.id);
  const result: string[][] = [];
  for (let index = 0; index < ids.length; index += size) result.push(ids.slice(index, index + size));
  return result;
}
