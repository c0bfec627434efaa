// Who else is at a device, who has it, and who changed it last: asked once, then kept true by what the connection
// tells. A lease that was taken here is prolonged for as long as the page is looked at.
import { type ReadonlySignal, signal } from '@preact/signals';
import {
  type DeviceControlAnswer,
  type LastChange,
  type Lease,
  type LiveEvent,
  limits,
} from '@telltale/gateway/contract';
import type { Clock, Connection } from '../connection/index.ts';
import { createNewestWins } from '../history/newest-wins.ts';
import { createReload } from '../history/reload.ts';
import { type Api, ApiError } from '../history/rest.ts';
import type { Batcher } from './batcher.ts';

/** A lease lasts three of these: two that find no gateway lose nothing. */
const renewMs = limits.leaseMsDefault / 3;
const reloadDelayMs = 250;

export type DeviceControlPorts = {
  api: Pick<Api, 'deviceControl' | 'takeLease' | 'releaseLease'>;
  connection: Pick<Connection, 'listen'>;
  batcher: Batcher;
  clock: Clock;
  /** True while somebody can see the page. */
  isLookedAt(): boolean;
};

export type ControlModel = {
  /** Null until it is known. */
  readonly control: ReadonlySignal<DeviceControlAnswer | null>;
  /** True while a lease that was taken here is prolonged, as long as it is there. */
  readonly keeping: ReadonlySignal<boolean>;
  /** The lease of whoever took the device from the person here, until it ends. */
  readonly takenBy: ReadonlySignal<Lease | null>;
  /** Takes the device, or goes on prolonging one's own lease; with a reason and `takeOver` also another's. */
  take(request?: { reason?: string; takeOver?: boolean }): Promise<void>;
  giveBack(): Promise<void>;
  /** The page is looked at again. */
  wake(): void;
  close(): void;
};

/** Who has the device so that the person `me` may not send; null where nobody keeps it from that. */
export function heldByAnother(control: DeviceControlAnswer | null, me: string): Lease | null {
  return control?.lease != null && control.lease.by !== me ? control.lease : null;
}

/** `me` is the person who looks. */
export function openDeviceControl(device: string, me: string, ports: DeviceControlPorts): ControlModel {
  const control = signal<DeviceControlAnswer | null>(null);
  const takenBy = signal<Lease | null>(null);
  const loads = createNewestWins();
  const reload = createReload(ports.clock, reloadDelayMs, () => load());
  const isMine = () => control.peek()?.lease?.by === me;
  const keeper = createKeeper(ports, isMine, async () => took(await ports.api.takeLease(device, {})));
  /** How often the connection told of it: what was asked before that is older. */
  let told = 0;

  /** Where it fails it is asked again with the next connection. Nothing here is worth an error of its own. */
  function load(): void {
    const before = told;
    void loads.ask(
      () => ports.api.deviceControl(device),
      answer => {
        const held = control.peek();
        const lastChange = newest(held?.lastChange ?? null, answer.lastChange);
        become({ ...answer, ...(told !== before && held), lastChange });
      },
      () => {},
    );
  }

  function become(next: DeviceControlAnswer): void {
    const other = heldByAnother(next, me);
    if (other === null) takenBy.value = null;
    else if (isMine() || takenBy.peek() !== null) takenBy.value = other;
    control.value = next;
  }

  function heard(event: LiveEvent): void {
    const change = event.device === device ? lastChangeIn(event) : null;
    const held = control.peek();
    if (change !== null && held !== null) become({ ...held, lastChange: newest(held.lastChange, change) });
  }

  function took(lease: Lease | null): void {
    const held = control.peek();
    if (held !== null) become({ ...held, lease });
  }

  const unlisten = ports.connection.listen({
    control: ({ watching, lease, ...frame }) => {
      if (frame.device !== device) return;
      told += 1;
      ports.batcher(() => become({ device, watching, lease, lastChange: control.peek()?.lastChange ?? null }));
    },
    event: event => ports.batcher(() => heard(event)),
    state: state => state.name === 'open' && reload.soon(),
    gap: () => reload.soon(),
  });
  load();

  return {
    control,
    takenBy,
    keeping: keeper.keeping,
    async take(request = {}) {
      took(await ports.api.takeLease(device, request));
      keeper.start();
    },
    async giveBack() {
      keeper.stop();
      // What is under way would take it again.
      await keeper.settled();
      await ports.api.releaseLease(device);
      took(null);
    },
    wake: keeper.renew,
    close() {
      loads.close();
      unlisten();
      reload.cancel();
      keeper.stop();
    },
  };
}

/** The change that an event tells of, where it is one that somebody asked for. */
function lastChangeIn(event: LiveEvent): LastChange | null {
  const { kind, at } = event;
  if (kind === 'command' && event.step === 1) return { by: event.by, at, what: 'command', name: event.name };
  if (kind !== 'desired') return null;
  return { by: event.by, at, what: 'desired', name: Object.keys(event.fields).join(', ') };
}

/** The later of two; the second where both are as late. */
function newest(a: LastChange | null, b: LastChange | null): LastChange | null {
  return a !== null && (b === null || a.at > b.at) ? a : b;
}

/**
 * Prolongs a lease time and again, while somebody looks. Whether it is still there to be prolonged is looked at when it
 * is time to: what the connection tells and what a call answers may overtake each other.
 */
function createKeeper(
  { clock, isLookedAt }: Pick<DeviceControlPorts, 'clock' | 'isLookedAt'>,
  isMine: () => boolean,
  prolong: () => Promise<void>,
) {
  const keeping = signal(false);
  let cancel = () => {};
  let underWay = Promise.resolve();

  function start(): void {
    cancel();
    keeping.value = true;
    cancel = clock.after(renewMs, renew);
  }

  function stop(): void {
    cancel();
    keeping.value = false;
  }

  function renew(): void {
    if (!keeping.peek()) return;
    if (!isMine()) return stop();
    start();
    if (!isLookedAt()) return;
    underWay = prolong().catch(error => {
      // Another has it now. Anything else may be better the next time.
      if (error instanceof ApiError && error.code === 'controlled') stop();
    });
  }

  return { keeping, start, stop, renew, settled: () => underWay };
}
