// The voided ranges of one metric, those that were restored included, in the gateway's order.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Void } from '@telltale/gateway/contract';
import { createNewestWins } from '../history/newest-wins.ts';
import type { Api } from '../history/rest.ts';

const pageRows = 20;

export type VoidList = {
  readonly items: ReadonlySignal<readonly Void[]>;
  readonly status: ReadonlySignal<'loading' | 'ready' | 'failed'>;
  readonly error: ReadonlySignal<unknown>;
  readonly more: ReadonlySignal<boolean>;
  /** Loads from the beginning. */
  reload(): void;
  loadMore(): void;
  /** Puts the readings back. Throws what the gateway says against it. */
  restore(id: string, reason: string): Promise<void>;
  close(): void;
};

/** Begins to load at once. */
export function openVoidList(
  { device, metric }: { device: string; metric: string },
  api: Pick<Api, 'voids' | 'restoreVoid'>,
): VoidList {
  const items = signal<readonly Void[]>([]);
  const status = signal<'loading' | 'ready' | 'failed'>('loading');
  const error = signal<unknown>(null);
  const next = signal<string | null>(null);
  const more = signal(false);
  const loads = createNewestWins();

  function load(cursor: string | null): void {
    status.value = 'loading';
    error.value = null;
    void loads.ask(
      () => api.voids({ device, metric, limit: pageRows, cursor }),
      page => {
        items.value = cursor === null ? page.items : [...items.value, ...page.items];
        next.value = page.next;
        more.value = page.next !== null;
        status.value = 'ready';
      },
      reason => {
        error.value = reason;
        status.value = 'failed';
      },
    );
  }
  load(null);

  return {
    items,
    status,
    error,
    more,
    reload: () => load(null),
    loadMore: () => load(next.value),
    async restore(id, reason) {
      const restored = await api.restoreVoid(id, reason);
      items.value = items.value.map(each => (each.id === id ? restored : each));
    },
    close: loads.close,
  };
}
