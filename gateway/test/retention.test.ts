// What grew too old beside the readings, on a store in a folder and a clock that the test moves.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { auditEffect, listAudit } from '../src/audit-tables.ts';
import { type AuditFilter, limits } from '../src/contract/index.ts';
import { silentLogger } from '../src/lib/logger.ts';
import { SteadyClock } from '../src/lib/steady-clock.ts';
import { ulid } from '../src/lib/ulid.ts';
import { Retention } from '../src/retention.ts';
import { type Effect, type Store, trimRowsMax } from '../src/store/index.ts';
import { auditLookedMax } from '../src/store/statements.ts';
import { TempStore } from '../src/store/temp-store.fixture.ts';
import { deviceTables, listStateChanges } from '../src/tables.ts';
import { ManualClock } from './instruments/manual-clock.ts';

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2026, 0, 5, 12);
const kept = { commandsKeptMs: 10 * day, auditKeptMs: 100 * day };

let temp: TempStore;
let store: Store;
let clock: ManualClock;
let retention: Retention;

beforeEach(async () => {
  temp = new TempStore();
  store = await temp.open();
  clock = new ManualClock(start);
  retention = new Retention({ clock, steady: new SteadyClock(clock), store, log: silentLogger, ...kept });
});
afterEach(async () => {
  await retention.close();
  await temp.dispose();
});

const line = (at: number, more: Partial<Parameters<typeof auditEffect>[0]> = {}): Effect =>
  auditEffect({
    at,
    action: 'command',
    what: 'queued',
    device: 'a',
    by: 'ada',
    from: null,
    reason: null,
    subject: null,
    detail: null,
    ...more,
  });

/** How many days before the start each line is dated that is there, oldest line first. */
async function ages(): Promise<number[]> {
  const { items } = await listAudit(store, {}, Number.MAX_SAFE_INTEGER, 10_000);
  return items.map(({ at }) => (start - at) / day).reverse();
}
const addAged = (...days: number[]) => store.write(days.map(age => line(start - age * day)));

test('[CMD-12] [RUN-3] lines older than audit.keep go, and none while the clock is in doubt', async () => {
  await addAged(200, 150, 99, 1);
  await retention.trim();
  expect(await ages()).toEqual([200, 150, 99, 1]);
  clock.advance(hour - 1);
  clock.set(Date.UTC(2038, 0, 19));
  await retention.trim();
  clock.advance(hour - 1);
  await retention.trim();
  expect(await ages()).toEqual([200, 150, 99, 1]);
  clock.set(start);
  await retention.trim();
  clock.advance(hour);
  await retention.trim();
  expect(await ages()).toEqual([99, 1]);
});

test('[CMD-12] [RUN-3] what a wrong clock dated too early waits for its turn, what it dated ahead holds nothing up', async () => {
  await addAged(200, -4_000, 150, 99, 20_000, 1);
  clock.advance(hour);
  await retention.trim();
  expect(await ages()).toEqual([-4_000, 99, 20_000, 1]);
});

test('[CMD-12] trimming goes by the hour, in slices, until nothing is due', async () => {
  const lines = trimRowsMax * 2 + 7;
  await store.write(Array.from({ length: lines }, () => line(start - 200 * day)));
  await addAged(1);
  const commits = store.counters.commits;
  retention.open();
  clock.advance(hour);
  await retention.close();
  // Closed at once: it was let go of after the slice that was under way.
  expect((await ages()).length).toBeGreaterThan(trimRowsMax);
  const again = new Retention({ clock, steady: { sure: () => start }, store, log: silentLogger, ...kept });
  await again.trim();
  expect(await ages()).toEqual([1]);
  expect(store.counters.commits - commits).toBe(3);
  // Where nothing is due nothing is written.
  await again.trim();
  expect(store.counters.commits - commits).toBe(3);
});

test('[CMD-12] ended commands, finished groups and the history of state go by commands.keep; what is open stays', async () => {
  const command = (age: number, open: 0 | 1): Effect => {
    const id = ulid(start - age * day);
    return ['command.put', id, 'a', open === 1 ? 'queued' : 'verified', null, open, null, `{"age":${age}}`];
  };
  const group = (age: number, state: string): Effect => [
    'commandGroup.put',
    ulid(start - age * day),
    state,
    `{"age":${age}}`,
  ];
  await store.write([
    ...[command(11, 0), command(12, 1), command(9, 0)],
    ...[group(11, 'finished'), group(12, 'running'), group(13, 'stopped'), group(9, 'finished')],
    ...[11, 9].map((age): Effect => ['stateChange.add', 'a', start - age * day, `{"age":${age}}`]),
  ]);
  clock.advance(hour);
  await retention.trim();
  const left = async (name: 'command.list' | 'commandGroup.list') =>
    (await store.query<{ body: string }>(name, '~', 10)).map(({ body }) => JSON.parse(body).age);
  expect(await left('command.list')).toEqual([9, 12]);
  expect(await left('commandGroup.list')).toEqual([9, 12]);
  const changes = await store.query<{ body: string }>('stateChange.list', 'a', 1e9, 10);
  expect(changes.map(({ body }) => JSON.parse(body).age)).toEqual([9]);
});

test('[CMD-9] of what a device reports the newest thousand changes stay, beside all that was desired of it', async () => {
  const tables = deviceTables(store);
  const nobody = { by: null, from: null, reason: null };
  const presence = { state: 'unknown', since: null, cause: null } as const;
  const record = { id: 'a', name: 'a', tags: [], createdAt: 0, presence, attributes: {}, told: {} };
  const event = { kind: 'device', device: 'a', change: 'changed', at: start } as const;
  const desired = { device: 'a', at: start, side: 'desired', version: 1, fields: { z: -1 }, ...nobody } as const;
  const told = { kind: 'desired', device: 'a', version: 1, fields: { z: -1 }, by: 'ada', at: start } as const;
  await tables.saveDesired({ device: 'a', version: 1, desired: {} }, told, desired);
  const report = (z: number, device = 'a') =>
    tables.saveDevice(device, { ...record, id: device }, event, {
      ...{ device, at: start, side: 'reported', version: null, fields: { z } },
      ...nobody,
    });
  await report(7, 'b');
  const most = limits.reportedChangesPerDeviceMax;
  await Promise.all(Array.from({ length: 2 * most + 50 }, (_, z) => report(z)));
  const left = (await listStateChanges(store, 'a', Number.MAX_SAFE_INTEGER, 10_000)).map(({ fields }) => fields.z);
  expect(left).toEqual([...Array.from({ length: most + 50 }, (_, i) => 2 * most + 49 - i), -1]);
  expect(await listStateChanges(store, 'b', Number.MAX_SAFE_INTEGER, 10)).toHaveLength(1);
});

test('[CMD-12] lines are found by any filters together, newest first', async () => {
  const people = ['ada', 'bob', null];
  const actions = ['command', 'lease'] as const;
  const lines = Array.from({ length: 60 }, (_, i) => ({
    action: actions[i % 2] as (typeof actions)[number],
    by: people[i % 3] as string | null,
    device: i % 4 === 0 ? null : `d${i % 4}`,
    subject: i % 5 === 0 ? 's' : null,
  }));
  await store.write(lines.map((each, i) => line(start + i, each)));
  const expectAll = async (filter: AuditFilter) => {
    const { from = 0, to = Number.POSITIVE_INFINITY, ...same } = filter;
    const wanted = lines.flatMap((each, i) => {
      const fits = Object.entries(same).every(([key, value]) => each[key as keyof typeof each] === value);
      return fits && start + i >= from && start + i < to ? [start + i] : [];
    });
    const found: number[] = [];
    for (let next: number | null = Number.MAX_SAFE_INTEGER; next !== null; ) {
      const page: Awaited<ReturnType<typeof listAudit>> = await listAudit(store, filter, next, 3);
      found.push(...page.items.map(({ at }) => at));
      next = page.next;
    }
    expect([filter, found]).toEqual([filter, wanted.reverse()]);
  };
  const choices: AuditFilter[] = [{ by: 'ada' }, { action: 'lease' }, { device: 'd1' }, { subject: 's' }];
  const ranges: AuditFilter[] = [{}, { from: start + 20 }, { to: start + 40 }, { from: start + 20, to: start + 21 }];
  for (let chosen = 0; chosen < 2 ** choices.length; chosen++) {
    const filter = Object.assign({}, ...choices.filter((_, i) => chosen & (2 ** i)));
    for (const range of ranges) await expectAll({ ...filter, ...range });
  }
});

test('[CMD-12] a question looks through so many lines, and says where the next is to go on', async () => {
  const lease = line(start, { action: 'lease', by: 'bob' });
  await store.write([lease, ...Array.from({ length: auditLookedMax + 5 }, () => line(start)), lease]);
  for (const filter of [
    { action: 'lease', device: 'a' },
    { by: 'bob', device: 'a' },
  ] as const) {
    const first = await listAudit(store, filter, Number.MAX_SAFE_INTEGER, 10);
    expect(first).toMatchObject({ items: [{ id: auditLookedMax + 7 }], next: 8 });
    expect(await listAudit(store, filter, 8, 10)).toMatchObject({ items: [{ id: 1 }], next: null });
  }
});
