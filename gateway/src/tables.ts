// How each stage's records lie in the store: the one file that knows both their shapes and the statements' names.
import {
  type Access,
  type AccessPorts,
  type DeviceAccess,
  type DeviceAccessPorts,
  type EnrolmentKeyRecord,
  type SecretRecord,
  type StoredCredential,
  secretDefaults,
  type UserRecord,
} from './access/index.ts';
import { auditEffect, commandAudit, enrolledAudit } from './audit-tables.ts';
import { type CommandPorts, type Commands, keyOf, ofAnyVersion } from './command/index.ts';
import { type Command, type DeadLetter, isOpen, limits, Refusal, type StateChange } from './contract/index.ts';
import {
  blockSeries,
  blockView,
  checkpointView,
  type DevicePorts,
  type DeviceRecord,
  type Devices,
  type NewStateChange,
  type SavedDesired,
} from './device/index.ts';
import type { SteadyClock } from './lib/steady-clock.ts';
import type { Effect, Store } from './store/index.ts';

/** Spans of refused payloads are told for so long. */
const rejectedKeptMs = 400 * 86_400_000;

/** More than are made over REST, so that those of the command line are among them. */
const secretsListedMax = 10_000;

type Body = { body: string };
const parseAll = <Row>(rows: Body[]) => rows.map(({ body }) => JSON.parse(body) as Row);

/** A secret as the tools write it beside the gateway, too. */
export function secretEffect({ hash, kind, name, expiresAt, ...body }: SecretRecord): Effect {
  return ['secret.put', hash, kind, name, expiresAt, JSON.stringify(body)];
}

/** Changes that a device reports before the oldest of its history are looked for. */
const changesPerTrim = 100;

function stateChangeEffect({ device, ...body }: NewStateChange): Effect {
  return ['stateChange.add', device, body.at, JSON.stringify(body)];
}

export function deviceTables(
  store: Store,
): Pick<DevicePorts, 'saveDevice' | 'savePresence' | 'saveView' | 'saveDesired'> {
  const put = (record: DeviceRecord): Effect => ['device.put', record.id, JSON.stringify(record)];
  /** By device, how many changes it reported since its history was trimmed, or since the start. */
  const untrimmed = new Map<string, number>();
  const reportedEffects = (change: NewStateChange): Effect[] => {
    const { device } = change;
    const count = (untrimmed.get(device) ?? 0) + 1;
    untrimmed.set(device, count % changesPerTrim);
    const trim: Effect = ['stateChange.trimDevice', device, limits.reportedChangesPerDeviceMax];
    return count < changesPerTrim ? [stateChangeEffect(change)] : [stateChangeEffect(change), trim];
  };
  return {
    saveDevice(id, record, event, reported) {
      const effects: Effect[] =
        record === null
          ? [
              ['device.delete', id],
              ['deviceState.delete', id],
            ]
          : [put(record)];
      if (record === null) untrimmed.delete(id);
      if (reported !== undefined) effects.push(...reportedEffects(reported));
      return store.append('device', event, effects);
    },
    savePresence: (record, event) =>
      store.append('presence', event, [put(record), ['presence.put', record.id, event.at, record.presence.state]]),
    saveView: (name, offset, body) => store.write([['view.put', name, offset, body]]),
    saveDesired({ device, ...body }, event, change) {
      const { at, by, from, reason, version, fields } = change;
      return store.append('desired', event, [
        ['deviceState.put', device, JSON.stringify(body)],
        stateChangeEffect(change),
        auditEffect({
          ...{ at, device, by, from, reason },
          action: 'desired',
          what: 'set',
          subject: null,
          detail: { version, fields },
        }),
      ]);
    },
  };
}

/** Changes of a device's desired and reported state, the newest first, of those before the given id. */
export async function listStateChanges(
  store: Store,
  device: string,
  before: number,
  limit: number,
): Promise<StateChange[]> {
  const rows = await store.query<Body & { id: number }>('stateChange.list', device, before, limit);
  return rows.map(({ id, body }) => ({ id, device, ...(JSON.parse(body) as Omit<StateChange, 'id' | 'device'>) }));
}

/** Brings back the devices and their latest values: the last checkpoint, and what the log holds after it. */
export async function loadDevices(store: Store, devices: Devices): Promise<void> {
  const records = parseAll<DeviceRecord>(await store.query<Body>('device.all', limits.devicesMax));
  const [checkpoint] = await store.query<{ offset: number }>('view.get', checkpointView);
  const blocks = [];
  for (const block of blocksOf(store)) {
    const [saved] = await store.query<{ offset: number; body: string }>('view.get', blockView(block));
    if (saved !== undefined) blocks.push({ name: blockView(block), ...saved });
  }
  const states = await store.query<Body & { device: string }>('deviceState.all', limits.devicesMax);
  const desired = states.map(({ device, body }): SavedDesired => ({ device, ...JSON.parse(body) }));
  devices.load(records, blocks, desired);
  let after = checkpoint?.offset ?? 0;
  while (after < store.lastOffset()) {
    const { entries, through } = await store.readLog(after);
    for (const entry of entries) if (entry.kind === 'readings') devices.apply(entry.run);
    if (through === after) throw new Error(`the log ends at offset ${after}, not at ${store.lastOffset()}`);
    after = through;
  }
}

function* blocksOf(store: Store): Iterable<number> {
  for (let block = 0; block * blockSeries < store.series.size(); block++) yield block;
}

export function accessTables(
  store: Store,
  steady: Pick<SteadyClock, 'sure'>,
): Pick<AccessPorts, 'findSecret' | 'listSecrets' | 'save'> {
  type SecretRow = { hash: string; kind: SecretRecord['kind']; name: string; expiresAt: number | null; body: string };
  const recordOf = ({ body, ...row }: SecretRow): SecretRecord => ({ ...secretDefaults, ...row, ...JSON.parse(body) });
  return {
    async findSecret(hash) {
      const [row] = await store.query<SecretRow>('secret.get', hash);
      return row === undefined ? null : recordOf(row);
    },
    async listSecrets(kind, name) {
      const rows =
        name === undefined
          ? await store.query<SecretRow>('secret.listKind', kind, secretsListedMax)
          : await store.query<SecretRow>('secret.listNamed', kind, name, secretsListedMax);
      return rows.map(recordOf);
    },
    save({ users = [], removeUsers = [], secrets = [], remove = [], used = [], trimBefore }) {
      // What a wrong clock calls expired may hold again when it is right.
      const sure = steady.sure();
      return store.write([
        ...users.map((user): Effect => ['user.put', user.name, JSON.stringify(user)]),
        ...removeUsers.map((name): Effect => ['user.delete', name]),
        ...secrets.map(secretEffect),
        ...remove.map((hash): Effect => ['secret.delete', hash]),
        ...used.map(([hash, at]): Effect => ['secret.used', at, hash]),
        ...(trimBefore === undefined || sure === null ? [] : [['secret.trim', Math.min(trimBefore, sure)] as Effect]),
      ]);
    },
  };
}

export async function loadAccess(store: Store, access: Access): Promise<void> {
  access.load(parseAll<UserRecord>(await store.query<Body>('user.all', limits.usersMax)));
}

/**
 * Enrolment keys lie beside people's secrets. What nobody's hash can be stands before theirs, so that no key is taken
 * for a token; and they expire by their bodies, so that they are there to be looked at.
 */
const enrolmentKind = 'enrolment';
const enrolmentHash = ({ hash }: EnrolmentKeyRecord) => `${enrolmentKind}/${hash}`;

export function deviceAccessTables(store: Store): Pick<DeviceAccessPorts, 'saveCredentials'> {
  return {
    saveCredentials: ({ put = [], remove = [], putKeys = [], removeKeys = [], enrolled }) =>
      store.write([
        ...put.map((record): Effect => ['credential.put', record.name, JSON.stringify(record)]),
        ...remove.map((name): Effect => ['credential.delete', name]),
        ...putKeys.map((key): Effect => {
          return ['secret.put', enrolmentHash(key), enrolmentKind, key.name, null, JSON.stringify(key)];
        }),
        ...removeKeys.map((key): Effect => ['secret.delete', enrolmentHash(key)]),
        ...(enrolled === undefined ? [] : [enrolledAudit(enrolled)]),
      ]),
  };
}

export async function loadDeviceAccess(store: Store, access: DeviceAccess): Promise<void> {
  const most = limits.devicesMax + limits.fieldGatewaysMax;
  access.load(
    parseAll<StoredCredential>(await store.query<Body>('credential.all', most)),
    parseAll<EnrolmentKeyRecord>(await store.query<Body>('secret.listKind', enrolmentKind, limits.enrolmentKeysMax)),
  );
}

/** Of one that belongs to a group the group's counts change in the same commit, so that no kill can part the two. */
function commandEffects(command: Command): Effect[] {
  const { id, device, state, group } = command;
  const body = JSON.stringify(command);
  const put: Effect = ['command.put', id, device, state, keyOf(command), isOpen(command) ? 1 : 0, group, body];
  return group === null ? [put] : [['commandGroup.leave', id], ['commandGroup.enter', state, group], put];
}

/** Commands as they lie in the store; those of earlier versions know less. */
export const parseCommands = (rows: Body[]) => parseAll<Command>(rows).map(command => ofAnyVersion(command));

export function commandTables(store: Store): Pick<CommandPorts, 'save' | 'find' | 'findByKey'> {
  const one = async (rows: Promise<Body[]>) => parseCommands(await rows)[0] ?? null;
  return {
    save: (command, event) => store.append('command', event, [...commandEffects(command), commandAudit(command)]),
    find: id => one(store.query<Body>('command.get', id)),
    findByKey: key => one(store.query<Body>('command.byKey', key)),
  };
}

/** The epoch that the commands are of, in the table `meta`. */
const commandEpochKey = 'command_epoch';

/**
 * Hands the ledger what was open when the gateway stopped. In another epoch than theirs the database was restored, or
 * lost some of its history; `more` is told that, too, before it is forgotten.
 */
export async function resumeCommands(
  store: Store,
  commands: Commands,
  more: (isRestored: boolean) => Promise<void>,
): Promise<void> {
  const open = parseCommands(await store.query<Body>('command.open', limits.commandsOpenMax));
  const [last] = await store.query<{ id: string }>('command.list', '~', 1);
  const [known] = await store.query<{ value: string }>('meta.get', commandEpochKey);
  const isRestored = known !== undefined && known.value !== store.epoch;
  const isTaken = await commands.resume(open, last?.id ?? '', isRestored);
  await more(isRestored);
  // Where the disk refuses it the next start finds the same, and has nothing left to do.
  if (isTaken && known?.value !== store.epoch)
    await store.write([['meta.put', commandEpochKey, store.epoch]]).catch(() => {});
}

/** The ledger, newest first, of those before the given id. */
export async function listCommands(
  store: Store,
  { device, state }: { device?: string; state?: string },
  before: string,
  limit: number,
): Promise<Command[]> {
  if (device !== undefined && state !== undefined) {
    return parseCommands(await store.query<Body>('command.listDeviceState', device, state, before, limit));
  }
  if (device !== undefined) return parseCommands(await store.query<Body>('command.listDevice', device, before, limit));
  if (state !== undefined) return parseCommands(await store.query<Body>('command.listState', state, before, limit));
  return parseCommands(await store.query<Body>('command.list', before, limit));
}

export function keepLetter(
  store: Store,
  letter: Omit<DeadLetter, 'id'>,
  trimTo: number | null,
  steady: Pick<SteadyClock, 'sure'>,
): Promise<void> {
  const effects: Effect[] = [['deadLetter.add', JSON.stringify(letter)]];
  // History tells a span without readings by it.
  if (letter.device !== null) effects.push(['rejected.add', letter.device, letter.at]);
  if (trimTo !== null) {
    effects.push(['deadLetter.trim', trimTo]);
    const sure = steady.sure();
    if (sure !== null) effects.push(['rejected.trim', sure - rejectedKeptMs]);
  }
  return store.write(effects);
}

export async function listLetters(store: Store, before: number, limit: number): Promise<DeadLetter[]> {
  const rows = await store.query<Body & { id: number }>('deadLetter.list', before, limit);
  return rows.map(({ id, body }) => ({ id, ...(JSON.parse(body) as Omit<DeadLetter, 'id'>) }));
}

/** The number of a series that history can be asked for. Throws Refusal('not_found'). */
export function needSeries(store: Store, device: string, metric: string): number {
  const series = store.series.find(device, metric);
  if (series === undefined)
    throw new Refusal('not_found', `${device} never sent a metric called ${JSON.stringify(metric)}`);
  return series;
}
