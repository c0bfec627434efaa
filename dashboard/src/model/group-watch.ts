// Says when something became of the commands of groups, so that what is shown of them is asked for again.
import type { LiveEvent } from '@telltale/gateway/contract';
import type { Clock, Connection } from '../connection/index.ts';
import { createReload } from '../history/reload.ts';

/** Counts that change a hundred times a second are read once. */
const reloadDelayMs = 1_000;

/** No metric has a name like this: events of devices are wanted, and none of their readings. */
const noMetric = '/';

/** Calls `changed` at most once a second; `of` is the group that counts, null stands for all. */
export function openGroupWatch(
  of: string | null,
  changed: () => void,
  { connection, clock }: { connection: Pick<Connection, 'listen' | 'subscribe'>; clock: Clock },
): { close(): void } {
  const reload = createReload(clock, reloadDelayMs, changed);
  const concerns = (event: LiveEvent) =>
    event.kind === 'command' && event.group !== undefined && (of === null || event.group === of);
  const unlisten = connection.listen({
    event: event => concerns(event) && reload.soon(),
    state: state => state.name === 'open' && reload.soon(),
    gap: () => reload.soon(),
  });
  // What happened before the subscription holds was not told, and may have come after what was read first.
  const unsubscribe = connection.subscribe({ metric: [noMetric] }, ({ kind }) => {
    if (kind === 'settled') reload.soon();
  });
  return {
    close() {
      unlisten();
      unsubscribe();
      reload.cancel();
    },
  };
}
