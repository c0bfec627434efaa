// The list of devices: pages from REST, kept true by presence and device events, with one watch for their values.
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Device, LiveEvent } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import type { Clock, Connection } from '../connection/index.ts';
import type { Api } from '../history/rest.ts';
import type { Batcher } from './batcher.ts';
import { openWatch, type Watch } from './watch.ts';

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
  const watches: { ids: readonly string[] | null; watch: Watch }[] = [];
  let text = '';
  let cursor: string | null = null;
  let pages = 1;
  let turn = 0;
  let cancelReload = () => {};

  async function load(): Promise<void> {
    turn += 1;
    const mine = turn;
    try {
      const items: Device[] = [];
      let next: string | null = null;
      for (let page = 0; page < pages; page += 1) {
        const answer = await ports.api.devices({ q: text, limit: fleetPageRows, cursor: next });
        items.push(...answer.items);
        next = answer.next;
        if (next === null) break;
      }
      if (mine !== turn) return;
      cursor = next;
      devices.value = items;
      more.value = next !== null && items.length < fleetRowsMax;
      status.value = { name: 'ready' };
      watchAll(items.map(each => each.id));
    } catch (error) {
      if (mine === turn) status.value = { name: 'failed', error };
    }
  }

  /** A small fleet is watched as a whole, which also tells of new devices; of a large one, what is shown. */
  function watchAll(ids: readonly string[]): void {
    const whole = text === '' && cursor === null;
    const wanted: (readonly string[] | null)[] = whole ? [null] : chunks(ids, fleetPageRows);
    if (wanted.length === watches.length && wanted.every((each, index) => sameIds(each, watches[index]!.ids))) return;
    for (const { watch } of watches.splice(0)) watch.close();
    for (const each of wanted) {
      const spec = each === null ? {} : { device: [...each] };
      watches.push({ ids: each, watch: openWatch(ports.connection, spec, ports.batcher) });
    }
    // The rows have to look for their watch again.
    devices.value = [...devices.peek()];
  }

  function heard(event: LiveEvent): void {
    if (event.kind === 'presence') {
      const { state, since, cause } = event;
      const index = devices.peek().findIndex(device => device.id === event.device);
      if (index < 0) {
        later();
        return;
      }
      devices.value = devices.peek().with(index, { ...devices.peek()[index]!, presence: { state, since, cause } });
    } else if (event.kind === 'device') later();
  }

  function later(): void {
    cancelReload();
    cancelReload = ports.clock.after(reloadDelayMs, () => void load());
  }

  const unlisten = ports.connection.listen({
    event: event => ports.batcher(() => heard(event)),
    // Events of the time without a connection were not heard.
    state: state => state.name === 'open' && later(),
    gap: later,
  });
  void load();

  return {
    devices,
    status,
    more,
    watchOf: id => watches.find(({ ids }) => ids === null || ids.includes(id))?.watch ?? null,
    search(next) {
      if (next === text) return;
      text = next;
      pages = 1;
      void load();
    },
    loadMore() {
      pages += 1;
      void load();
    },
    reload: () => void load(),
    close() {
      turn += 1;
      unlisten();
      cancelReload();
      for (const { watch } of watches.splice(0)) watch.close();
    },
  };
}

function chunks(ids: readonly string[], size: number): string[][] {
  const result: string[][] = [];
  for (let index = 0; index < ids.length; index += size) result.push(ids.slice(index, index + size));
  return result;
}

function sameIds(a: readonly string[] | null, b: readonly string[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
