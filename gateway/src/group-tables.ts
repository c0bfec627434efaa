// Groups of commands in the store, and the devices that they are for.
import { setImmediate } from 'node:timers/promises';
import { auditEffect } from './audit-tables.ts';
import { answerByOf, type GroupLine, type GroupPorts, type GroupRow, type GroupStep } from './command/index.ts';
import { type Command, type CommandGroup, type GroupTarget, limits } from './contract/index.ts';
import type { Devices } from './device/index.ts';
import type { Effect, Store } from './store/index.ts';
import { parseCommands } from './tables.ts';

/** Groups among which an idempotency key is looked for, the newest: whoever asks again does so within minutes. */
const keysLookedAt = 200;
/** So long others wait while devices are looked at: a site may have a hundred thousand, and a look may be a long one. */
const turnMs = 10;

type Body = { body: string };
/** `counts` are of the commands, as JSON. */
type Row = Body & { counts?: string };
/** As it lies in the store: the group, and beside it what is not shown. */
type Kept = CommandGroup & Omit<GroupRow, 'group'>;

function parse({ body, counts = '{}' }: Row): GroupRow {
  const { devices, request, key, approval, refused, ...group } = JSON.parse(body) as Kept;
  return { group: { ...group, counts: countsOf(group, JSON.parse(counts)) }, devices, request, key, approval, refused };
}

/** With those of which there is no command: the group itself has how many were refused. */
function countsOf({ total, counts }: CommandGroup, ofCommands: Record<string, number>): CommandGroup['counts'] {
  const left = total - Object.values(ofCommands).reduce((sum, count) => sum + count, 0);
  const refused = Math.min(counts.refused ?? 0, left);
  const all = { pending: left - refused, refused, ...ofCommands };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

function lineEffect({ group, request }: GroupRow, { what, at, by, from, reason }: GroupLine): Effect {
  const { id: subject, target, name, params, total, counts, concurrency, failuresMax, stopped } = group;
  const asked = { target, name, params, total, concurrency, failuresMax, ttlMs: request.ttlMs, expect: request.expect };
  const detail = what === 'made' ? asked : { target, name, params, total, counts, stopped };
  return auditEffect({ at, action: 'group', what, device: null, by, from, reason, subject, detail });
}

export function groupTables(store: Store): Pick<GroupPorts, 'save' | 'find' | 'findByKey' | 'list' | 'steps'> {
  const one = (rows: Row[]) => (rows[0] === undefined ? null : parse(rows[0]));
  return {
    save(row, column, lines) {
      const { group, ...beside } = row;
      const body = JSON.stringify({ ...group, ...beside } satisfies Kept);
      return store.write([['commandGroup.put', group.id, column, body], ...lines.map(line => lineEffect(row, line))]);
    },
    find: async id => one(await store.query<Row>('commandGroup.get', id)),
    findByKey: async key => one(await store.query<Row>('commandGroup.byKey', keysLookedAt, key)),
    async list(before, limit, withDevices) {
      const query = withDevices ? 'commandGroup.list' : 'commandGroup.listShort';
      return (await store.query<Row>(query, before, limit)).map(parse);
    },
    async steps(group, before, limit) {
      type StepRow = Omit<GroupStep, 'open' | 'answerBy'> & { open: number } & Parameters<typeof answerByOf>[0];
      const rows = await store.query<StepRow>('command.groupSteps', group, before, limit);
      return rows.map(({ id, device, state, steps, open, ...times }) => {
        return { id, device, state, steps, open: open === 1, answerBy: answerByOf(times) };
      });
    },
  };
}

/** The groups that are not over, and the id of the newest of all, '' where there is none. */
export async function loadOpenGroups(store: Store): Promise<{ rows: GroupRow[]; lastId: string }> {
  const rows = await store.query<Body>('commandGroup.open', limits.groupsRunningMax);
  const [last] = await store.query<{ id: string }>('commandGroup.last');
  return { rows: rows.map(parse), lastId: last?.id ?? '' };
}

/** A group's commands, newest first, of those before the given id; `failed` leaves those that did not work. */
export async function listGroupCommands(
  store: Store,
  { group, failed }: { group: string; failed: boolean },
  before: string,
  limit: number,
): Promise<Command[]> {
  const query = failed ? 'command.listGroupFailed' : 'command.listGroup';
  return parseCommands(await store.query<Body>(query, group, before, limit));
}

/** Ids in order of the devices that fit a target and are seen; `covers` says which fit. */
export async function devicesOf(
  devices: Pick<Devices, 'inOrder'>,
  covers: (target: GroupTarget, device: string) => boolean,
  target: GroupTarget,
  sees: ((device: string) => boolean) | null,
): Promise<string[]> {
  const found: string[] = [];
  let turnOverAt = performance.now() + turnMs;
  for (const device of devices.inOrder()) {
    if (performance.now() >= turnOverAt) {
      await setImmediate();
      turnOverAt = performance.now() + turnMs;
    }
    if (covers(target, device) && (sees === null || sees(device))) found.push(device);
  }
  return found;
}
