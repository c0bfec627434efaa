// How each device should be: fields that people set, with a version, told to the device until it reports them.
// Invariant: a change is in the log, with its line of history, before it is shown or sent; versions grow by one with each
// change ([CMD-9]).
// Full: so many fields of a device, and so much text in them; beyond it a change is refused. One message to a device is
// under way at a time, until the device has acknowledged it; the next holds all that changed meanwhile.
import {
  type DesiredChange,
  type DesiredPayload,
  type DeviceState,
  type LiveEvent,
  Refusal,
  type ReportedField,
  type StateChange,
  type Value,
} from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { KeyTurns } from '../lib/key-turns.ts';
import {
  differenceOf,
  dueFields,
  noteFollowed,
  noteTakenBack,
  noteTold,
  type Told,
  valueIn,
} from './desired-delivery.ts';
import { changed, changesOf, checkFields, type Fields } from './desired-fields.ts';
import { announcedBy, type DeviceRecord, type Registry } from './registry.ts';

/** Desired state as it is saved. */
export type SavedDesired = { device: string; version: number; desired: Fields };

/** A line of the history of either side, before it has a number. */
export type NewStateChange = Omit<StateChange, 'id'>;

export type DesiredPorts = {
  clock: Clock;
  /** Appends to the log, and keeps the state and the line of history in the same commit. */
  saveDesired(state: SavedDesired, event: LiveEvent, change: NewStateChange): Promise<void>;
  /**
   * Hands a payload to the one connection that listens for it; false where there is none. `taken` is called once the
   * device has it, or so much was sent since that this is not waited for any more; where the connection ends before,
   * `listens` comes with the next.
   */
  sendDesired(device: string, payload: string, taken: () => void): boolean;
  /** Throws Refusal('controlled') where somebody else has the device for himself. */
  mayControl?: (device: string, by: string) => void;
};

/** What a change is asked with. */
export type DesiredAsk = {
  by: string;
  from: string;
  /** The version that whoever asks has seen; `*` is whatever it is, undefined is refused. */
  version: number | '*' | undefined;
  /** True where fields that are not named are taken back. */
  replacesAll: boolean;
};

type Entry = { version: number; desired: Fields; told: Told; isSending: boolean };

export class DesiredStates {
  readonly counters = { changes: 0, sent: 0 };
  private readonly entries = new Map<string, Entry>();
  private readonly turns = new KeyTurns();
  private readonly registry: Pick<Registry, 'get' | 'need'>;
  private readonly ports: DesiredPorts;

  constructor(registry: Pick<Registry, 'get' | 'need'>, ports: DesiredPorts) {
    this.registry = registry;
    this.ports = ports;
  }

  /** Takes in what the database knows. */
  load(saved: readonly SavedDesired[]): void {
    for (const { device, version, desired } of saved) {
      this.entries.set(device, { version, desired, told: new Map(), isSending: false });
    }
  }

  /** Both sides and what is between them. Throws Refusal('not_found'). */
  describe(device: string): DeviceState {
    const record = this.registry.need(device);
    const { version, desired } = this.entries.get(device) ?? { version: 0, desired: {} };
    const difference = differenceOf(desired, record.attributes);
    return { device, version, desired, reported: reportedOf(record), difference };
  }

  /**
   * Sets fields and takes others back. One that changes nothing is no new version. Throws Refusal('bad_request',
   * 'not_found', 'version_needed', 'version_changed', 'controlled', 'too_many', 'too_large').
   */
  async change(device: string, { fields, reason }: DesiredChange, ask: DesiredAsk): Promise<DeviceState> {
    this.registry.need(device);
    const wanted = checkFields(fields);
    return this.turns.take(device, async () => {
      this.registry.need(device);
      const state = this.entries.get(device) ?? { version: 0, desired: {} };
      needVersion(state.version, ask.version);
      this.ports.mayControl?.(device, ask.by);
      const changes = changesOf(state.desired, wanted, ask.replacesAll);
      if (changes.size > 0) await this.save(device, state, changes, { ...ask, reason: reason ?? null });
      return this.describe(device);
    });
  }

  /** Another connection of the device than before listens: it was told nothing yet. */
  listens(device: string): void {
    const entry = this.entries.get(device);
    if (entry === undefined) return;
    entry.told = new Map();
    entry.isSending = false;
    this.send(device, entry);
  }

  /** The device reports something else than before. */
  reportedChanged(device: string): void {
    const entry = this.entries.get(device);
    if (entry === undefined) return;
    const record = this.registry.get(device);
    if (record !== undefined) noteFollowed(entry.told, entry.desired, record.attributes);
    this.send(device, entry);
  }

  /** Has `remove` delete the device while nobody changes its state, and forgets that. */
  remove(device: string, remove: () => Promise<void>): Promise<void> {
    return this.turns.take(device, async () => {
      await remove();
      const entry = this.entries.get(device);
      // What is still under way is nothing to a device that is made anew under this id.
      if (entry !== undefined) entry.told = new Map();
      this.entries.delete(device);
    });
  }

  private async save(
    device: string,
    state: Pick<Entry, 'version' | 'desired'>,
    changes: ReadonlyMap<string, Value | null>,
    { by, from, reason }: { by: string; from: string; reason: string | null },
  ): Promise<void> {
    const at = this.ports.clock.now();
    const version = state.version + 1;
    const desired = changed(state.desired, changes, at, by);
    const fields = Object.fromEntries(changes);
    const event: LiveEvent = { kind: 'desired', device, version, fields, by, at };
    const line: NewStateChange = { device, at, side: 'desired', version, fields, by, from, reason };
    await this.ports.saveDesired({ device, version, desired }, event, line);
    const entry = this.entries.get(device) ?? { version, desired, told: new Map(), isSending: false };
    this.counters.changes++;
    entry.version = version;
    entry.desired = desired;
    this.entries.set(device, entry);
    noteTakenBack(entry.told, changes);
    this.send(device, entry);
  }

  private send(device: string, entry: Entry): void {
    if (entry.isSending) return;
    const record = this.registry.get(device);
    const fields = record === undefined ? null : dueFields(entry.desired, record.attributes, entry.told);
    if (fields === null) return;
    const { told, version } = entry;
    const payload: DesiredPayload = { version, fields };
    noteTold(told, fields);
    entry.isSending = true;
    const isSent = this.ports.sendDesired(device, JSON.stringify(payload), () => {
      // What an earlier connection took is nothing to the present one.
      if (entry.told !== told) return;
      entry.isSending = false;
      this.send(device, entry);
    });
    if (isSent) {
      this.counters.sent++;
      return;
    }
    entry.isSending = false;
    entry.told = new Map();
  }
}

function needVersion(present: number, asked: DesiredAsk['version']): void {
  if (asked === undefined) {
    throw new Refusal('version_needed', `expected the version that you change, which is ${present} now, or *`);
  }
  if (asked !== '*' && asked !== present) {
    throw new Refusal('version_changed', `expected version ${present}, which is the present one, got ${asked}`);
  }
}

/** What a device told of itself, but for the units of its metrics. What it told before times were kept is as old as it. */
function reportedOf({ attributes, told, createdAt }: DeviceRecord): Record<string, ReportedField> {
  const names = Object.keys(attributes).filter(name => announcedBy(name) === null);
  return Object.fromEntries(
    names.map(name => [name, { value: attributes[name] as Value, at: valueIn(told, name) ?? createdAt }]),
  );
}
