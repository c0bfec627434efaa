// The connection as the page shows it: its state, and whether what is on the screen is confirmed right now.
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { Clock, Connection, ConnectionState } from '../connection/index.ts';
import type { GatewayTime } from './gateway-time.ts';
import { isQuiet } from './trust.ts';

export type Live = {
  readonly state: ReadonlySignal<ConnectionState>;
  /** The gateway has more to send than the connection takes. */
  readonly slow: ReadonlySignal<boolean>;
  /** False while the gateway says that it can store nothing. */
  readonly storing: ReadonlySignal<boolean>;
  /** Open, but silent for longer than a heartbeat. */
  readonly quiet: ReadonlySignal<boolean>;
  /** The gateway is connected and was heard lately. */
  readonly confirmed: ReadonlySignal<boolean>;
  /** When the page was last connected, by the local clock; null before the first time. */
  readonly lastConfirmedAt: ReadonlySignal<number | null>;
};

/** Follows the connection for as long as the page lives. */
export function createLive(connection: Connection, time: GatewayTime, clock: Clock): Live {
  const state = signal(connection.state());
  const slow = signal(false);
  const storing = signal(true);
  const lastHeardBeforeLoss = signal<number | null>(null);
  connection.listen({
    state(next) {
      if (next.name === 'connecting') time.reset();
      // Whoever is told otherwise hears it right after the greeting.
      if (next.name !== 'open') storing.value = true;
      state.value = next;
    },
    slow: behind => {
      slow.value = behind;
    },
    storing: able => {
      storing.value = able;
    },
    clock: gatewayNow => {
      time.told(gatewayNow);
      lastHeardBeforeLoss.value = clock.now();
    },
  });
  const quiet = computed(() => {
    // Read for its tick: silence is something that only passing time brings about.
    void time.ticking.value;
    const { value } = state;
    if (value.name !== 'open') return false;
    return isQuiet(clock.now(), connection.lastHeardAt(), value.hello.heartbeatMs);
  });
  const confirmed = computed(() => state.value.name === 'open' && !quiet.value);
  const lastConfirmedAt = computed(() => (confirmed.value ? clock.now() : lastHeardBeforeLoss.value));
  return { state, slow, storing, quiet, confirmed, lastConfirmedAt };
}
