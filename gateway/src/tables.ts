// How each stage's records lie in the store: the one file that knows both their shapes and the statements' names.
import type { Access, AccessPorts, Credential, SecretRecord, User } from './access/index.ts';
import type { CommandPorts } from './command/index.ts';
import { type Command, type DeadLetter, limits, Refusal } from './contract/index.ts';
import {
  blockSeries,
  blockView,
  checkpointView,
  type DevicePorts,
  type DeviceRecord,
  type Devices,
} from './device/index.ts';
import type { SteadyClock } from './lib/steady-clock.ts';
import type { Effect, Store } from './store/index.ts';

/** Spans of refused payloads are told for so long. */
const rejectedKeptMs = 400 * 86_400_000;

type Body = { body: string };
const parseAll = <Row>(rows: Body[]) => rows.map(({ body }) => JSON.parse(body) as Row);

/** A secret as the tools write it beside the gateway, too. */
export function secretEffect({ hash, kind, name, expiresAt, role }: SecretRecord): Effect {
  return ['secret.put', hash, kind, name, expiresAt, JSON.stringify({ role })];
}

export function deviceTables(store: Store): Pick<DevicePorts, 'saveDevice' | 'savePresence' | 'saveView'> {
  const put = (record: DeviceRecord): Effect => ['device.put', record.id, JSON.stringify(record)];
  return {
    saveDevice: (id, record, event) =>
      store.append('device', event, [record === null ? ['device.delete', id] : put(record)]),
    savePresence: (record, event) =>
      store.append('presence', event, [put(record), ['presence.put', record.id, event.at, record.presence.state]]),
    saveView: (name, offset, body) => store.write([['view.put', name, offset, body]]),
  };
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
  devices.load(records, blocks);
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
): Pick<AccessPorts, 'findSecret' | 'save' | 'saveCredential'> {
  type SecretRow = { hash: string; kind: SecretRecord['kind']; name: string; expiresAt: number | null; body: string };
  return {
    async findSecret(hash) {
      const [row] = await store.query<SecretRow>('secret.get', hash);
      if (row === undefined) return null;
      const { body, ...rest } = row;
      return { ...rest, ...(JSON.parse(body) as Pick<SecretRecord, 'role'>) };
    },
    save({ users = [], secrets = [], remove = [], trimBefore }) {
      // What a wrong clock calls expired may hold again when it is right.
      const sure = steady.sure();
      return store.write([
        ...users.map((user): Effect => ['user.put', user.name, JSON.stringify(user)]),
        ...secrets.map(secretEffect),
        ...remove.map((hash): Effect => ['secret.delete', hash]),
        ...(trimBefore === undefined || sure === null ? [] : [['secret.trim', Math.min(trimBefore, sure)] as Effect]),
      ]);
    },
    saveCredential: (name, credential) =>
      store.write([
        credential === null ? ['credential.delete', name] : ['credential.put', name, JSON.stringify(credential)],
      ]),
  };
}

export async function loadAccess(store: Store, access: Access): Promise<void> {
  const users = parseAll<User>(await store.query<Body>('user.all', 10_000));
  access.load(users, parseAll<Credential>(await store.query<Body>('credential.all', limits.devicesMax)));
}

export function commandTables(store: Store): Pick<CommandPorts, 'save' | 'find' | 'findByKey'> {
  const one = async (rows: Promise<Body[]>) => parseAll<Command>(await rows)[0] ?? null;
  return {
    save: (command, event) =>
      store.append('command', event, [
        ['command.put', command.id, command.device, command.state, command.key, JSON.stringify(command)],
      ]),
    find: id => one(store.query<Body>('command.get', id)),
    findByKey: key => one(store.query<Body>('command.byKey', key)),
  };
}

export async function loadOpenCommands(store: Store): Promise<Command[]> {
  return parseAll(await store.query<Body>('command.open', limits.commandsOpenMax));
}

/** The id of the newest command, '' where there is none. */
export async function lastCommandId(store: Store): Promise<string> {
  const [last] = await store.query<{ id: string }>('command.list', '~', 1);
  return last?.id ?? '';
}

/** The ledger, newest first, of those before the given id. */
export async function listCommands(
  store: Store,
  { device, state }: { device?: string; state?: string },
  before: string,
  limit: number,
): Promise<Command[]> {
  if (device !== undefined && state !== undefined) {
    return parseAll(await store.query<Body>('command.listDeviceState', device, state, before, limit));
  }
  if (device !== undefined) return parseAll(await store.query<Body>('command.listDevice', device, before, limit));
  if (state !== undefined) return parseAll(await store.query<Body>('command.listState', state, before, limit));
  return parseAll(await store.query<Body>('command.list', before, limit));
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
