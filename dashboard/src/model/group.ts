// One group of commands, with those that did not work; kept true by the events of its commands.
import { type ReadonlySignal, signal } from '@preact/signals';
import { type Command, type CommandGroup, failuresOf } from '@telltale/gateway/contract';
import type { Clock, Connection } from '../connection/index.ts';
import { createNewestWins } from '../history/newest-wins.ts';
import type { Api } from '../history/rest.ts';
import { openGroupWatch } from './group-watch.ts';
import { type Listing, openListing } from './listing.ts';

const failedRows = 50;

export type GroupModel = {
  /** Null until the first answer. */
  readonly group: ReadonlySignal<CommandGroup | null>;
  readonly error: ReadonlySignal<unknown>;
  readonly failed: Listing<Command>;
  /** As an answer of the gateway has it. */
  put(group: CommandGroup): void;
  reload(): void;
  close(): void;
};

type Ports = {
  api: Pick<Api, 'group' | 'failedInGroup'>;
  connection: Pick<Connection, 'listen' | 'subscribe'>;
  clock: Clock;
};

/** Loads at once. */
export function openGroup(id: string, ports: Ports): GroupModel {
  const group = signal<CommandGroup | null>(null);
  const error = signal<unknown>(null);
  const loads = createNewestWins();
  const failed = openListing<Command>(
    each => each.id,
    cursor => ports.api.failedInGroup(id, { cursor, limit: failedRows }),
  );

  function put(next: CommandGroup): void {
    const before = group.peek();
    group.value = next;
    error.value = null;
    if (before !== null && failuresOf(before.counts) !== failuresOf(next.counts)) failed.reload();
  }

  function reload(): void {
    void loads.ask(
      () => ports.api.group(id),
      put,
      reason => {
        error.value = reason;
      },
    );
  }

  const watch = openGroupWatch(id, reload, ports);
  reload();
  return {
    group,
    error,
    failed,
    put,
    reload,
    close() {
      loads.close();
      watch.close();
      failed.close();
    },
  };
}
