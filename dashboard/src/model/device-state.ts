// The desired and reported state of one device, kept true by what is heard of it, and the changes that are made here.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { DesiredField, DeviceState, LiveEvent, ReportedField, Value } from '@telltale/gateway/contract';
import type { Clock, Connection } from '../connection/index.ts';
import { createNewestWins } from '../history/newest-wins.ts';
import { createReload } from '../history/reload.ts';
import { type Api, ApiError } from '../history/rest.ts';
import type { Batcher } from './batcher.ts';

const reloadDelayMs = 100;

export type StateModel = {
  /** Null until the first answer. */
  readonly state: ReadonlySignal<DeviceState | null>;
  /** Why the last load brought nothing. */
  readonly error: ReadonlySignal<unknown>;
  /**
   * Sets fields, where the version is still the one that was seen. False where it is not, and then `state` is the present
   * one. Throws what else the gateway says against it.
   */
  change(fields: Record<string, Value | null>, reason: string, version: number): Promise<boolean>;
  reload(): void;
  close(): void;
};

/** Loads at once, and again after each reconnect. */
export function openDeviceState(
  device: string,
  ports: {
    api: Pick<Api, 'deviceState' | 'changeDesired'>;
    connection: Pick<Connection, 'listen'>;
    batcher: Batcher;
    clock: Clock;
  },
): StateModel {
  const state = signal<DeviceState | null>(null);
  const error = signal<unknown>(null);
  const loads = createNewestWins();
  const reload = createReload(ports.clock, reloadDelayMs, () => void load());

  const load = () =>
    loads.ask(
      () => ports.api.deviceState(device),
      answer => {
        state.value = answer;
        error.value = null;
      },
      reason => {
        error.value = reason;
      },
    );

  function heard(event: LiveEvent): void {
    if (event.device !== device) return;
    const concerns = event.kind === 'device' ? event.change === 'changed' : event.kind === 'desired';
    // What this page has changed itself is known by now.
    const isKnown = event.kind === 'desired' && event.version <= (state.peek()?.version ?? -1);
    if (concerns && !isKnown) reload.soon();
  }

  const unlisten = ports.connection.listen({
    event: event => ports.batcher(() => heard(event)),
    state: next => next.name === 'open' && reload.soon(),
    gap: () => reload.soon(),
  });
  void load();

  return {
    state,
    error,
    async change(fields, reason, version) {
      try {
        const change = reason === '' ? { fields } : { fields, reason };
        const answer = await ports.api.changeDesired(device, change, version);
        await loads.ask(
          async () => answer,
          () => {
            state.value = answer;
          },
          () => {},
        );
        return true;
      } catch (failure) {
        if (!(failure instanceof ApiError) || failure.code !== 'version_changed') throw failure;
        await load();
        return false;
      }
    },
    reload: () => void load(),
    close() {
      loads.close();
      unlisten();
      reload.cancel();
    },
  };
}

/** One field as both sides have it; null where a side has not. */
export type StateRow = { name: string; desired: DesiredField | null; reported: ReportedField | null; differs: boolean };

const fieldOf = <Field>(fields: Record<string, Field>, name: string) =>
  Object.hasOwn(fields, name) ? (fields[name] as Field) : null;

/** Fields that are desired, and apart from them those that the device tells of its own accord; each by name. */
export function rowsOf({ desired, reported, difference }: DeviceState): { asked: StateRow[]; others: StateRow[] } {
  const row = (name: string): StateRow => ({
    name,
    desired: fieldOf(desired, name),
    reported: fieldOf(reported, name),
    differs: Object.hasOwn(difference, name),
  });
  const others = Object.keys(reported).filter(name => !Object.hasOwn(desired, name));
  return { asked: Object.keys(desired).sort().map(row), others: others.sort().map(row) };
}

/** What somebody else did to a field since it was seen; `now` is null where it was taken back. */
export type Meanwhile = { name: string; was: Value | null; now: DesiredField | null };

/** Desired fields that are otherwise than when they were seen. */
export function changedSince(seen: DeviceState, now: DeviceState): Meanwhile[] {
  const names = new Set([...Object.keys(seen.desired), ...Object.keys(now.desired)]);
  const all = [...names].sort().map(name => {
    return { name, was: fieldOf(seen.desired, name)?.value ?? null, now: fieldOf(now.desired, name) };
  });
  return all.filter(({ was, now: field }) => was !== (field?.value ?? null));
}
