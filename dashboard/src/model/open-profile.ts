// Whether any client may use any topic (`access.devices: open`), which whoever looks at the devices has to know.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Connection } from '../connection/index.ts';
import type { Api } from '../history/rest.ts';

/** Asked whenever a connection is there: it is settled when the gateway starts. False while it is not known. */
export function createOpenProfile(
  api: Pick<Api, 'health'>,
  connection: Pick<Connection, 'listen'>,
): ReadonlySignal<boolean> {
  const open = signal(false);
  connection.listen({
    async state(state) {
      if (state.name !== 'open') return;
      try {
        open.value = Object.hasOwn((await api.health()).checks ?? {}, 'access');
      } catch {
        // The next connection asks again; the log and /readyz say it all the same.
      }
    },
  });
  return open;
}
