// A list out of REST that somebody works on: pages as they are asked for, and what was changed here put in its place.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Page } from '@telltale/gateway/contract';
import { createNewestWins } from '../history/newest-wins.ts';

/** Rows a list holds at most; the gateway has limits of its own, of which the largest is this. */
const rowsMax = 10_000;

export type Listing<Item> = {
  /** Null until the first answer. */
  readonly items: ReadonlySignal<readonly Item[] | null>;
  /** Why the last attempt brought nothing. What came before stays in sight. */
  readonly error: ReadonlySignal<unknown>;
  readonly more: ReadonlySignal<boolean>;
  /** From the beginning, as many rows as there are now or more. */
  reload(): void;
  loadMore(): void;
  /** Puts an item in the place of the one of its key, or in front. */
  put(item: Item): void;
  remove(key: string): void;
  close(): void;
};

/** Loads at once. `load` answers the page after a cursor. */
export function openListing<Item>(
  keyOf: (item: Item) => string,
  load: (cursor: string | null) => Promise<Page<Item>>,
): Listing<Item> {
  const items = signal<readonly Item[] | null>(null);
  const error = signal<unknown>(null);
  const next = signal<string | null>(null);
  const more = signal(false);
  const loads = createNewestWins();

  function ask(question: () => Promise<Page<Item>>): void {
    void loads.ask(
      question,
      page => {
        items.value = page.items;
        next.value = page.next;
        more.value = page.next !== null && page.items.length < rowsMax;
        error.value = null;
      },
      reason => {
        error.value = reason;
      },
    );
  }

  async function fromStart(): Promise<Page<Item>> {
    const wanted = items.peek()?.length ?? 0;
    let page = await load(null);
    let all = page.items;
    while (page.next !== null && all.length < wanted) {
      page = await load(page.next);
      all = [...all, ...page.items];
    }
    return { items: all, next: page.next };
  }

  ask(() => load(null));
  return {
    items,
    error,
    more,
    reload: () => ask(fromStart),
    loadMore() {
      const before = items.peek() ?? [];
      ask(async () => {
        const page = await load(next.peek());
        return { items: [...before, ...page.items], next: page.next };
      });
    },
    put(item) {
      const before = items.peek() ?? [];
      const at = before.findIndex(each => keyOf(each) === keyOf(item));
      items.value = at < 0 ? [item, ...before] : before.with(at, item);
    },
    remove(key) {
      items.value = (items.peek() ?? []).filter(each => keyOf(each) !== key);
    },
    close: loads.close,
  };
}
