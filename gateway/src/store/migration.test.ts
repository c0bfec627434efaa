// A database of an earlier schema comes into the present one whole, whatever happens on the way.
// schema-1.db.gz is a database that the program of the first schema made through its own openStore: three devices with
// their presence, numbers, booleans and texts of an hour, some of them late, a restart in the middle, a command, dead
// letters, a user, a token; closed and packed with gzip.
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Value } from '../contract/index.ts';
import { StoreUnusable } from './folder.ts';
import { decodeRun } from './run.ts';
import { fileName, schemaVersion } from './schema.ts';
import type { Store } from './store.ts';
import { quietStore, settled, TempStore } from './temp-store.fixture.ts';

const day = 86_400_000;
const madeAt = Date.UTC(2026, 0, 5, 13);
const tables = [
  'series',
  'device',
  'presence',
  'downtime',
  'command',
  'dead_letter',
  'credential',
  'user',
  'secret',
  'view',
];

type Answers = Map<string, [ts: number, value: Value][]>;
type Before = {
  answers: Answers;
  rows: Record<string, unknown[]>;
  epoch: unknown;
  lastOffset: number;
  readings: number;
};

let temp: TempStore;
let path: string;

beforeEach(() => {
  temp = new TempStore();
  temp.clock.set(madeAt + day);
  path = join(temp.dir, fileName);
  writeFileSync(path, gunzipSync(readFileSync(new URL('./schema-1.db.gz', import.meta.url))));
});
afterEach(async () => {
  await temp.store?.close();
  rmSync(temp.dir, { recursive: true, force: true });
});

/** What the file says by itself: the log read from the first entry to the last, of each time the latest value. */
function read(file: string): Before {
  const db = new Database(file);
  const names = new Map(
    db
      .prepare<[], { id: number; device: string; metric: string }>('SELECT id, device, metric FROM series')
      .all()
      .map(({ id, device, metric }) => [id, `${device}/${metric}`]),
  );
  const latest = new Map<string, Map<number, Value>>([...names.values()].map(name => [name, new Map()]));
  let readings = 0;
  let lastOffset = 0;
  for (const { offset, kind, body } of db
    .prepare<[], { offset: number; kind: number; body: Buffer }>('SELECT offset, kind, body FROM log ORDER BY offset')
    .iterate()) {
    lastOffset = offset;
    if (kind !== 1) continue;
    const run = decodeRun(offset, body);
    readings += run.count;
    for (let i = 0; i < run.count; i++) latest.get(names.get(run.series(i)) ?? '')?.set(run.ts(i), run.value(i));
  }
  const answers = new Map([...latest].map(([name, of]) => [name, [...of].sort(([a], [b]) => a - b)]));
  const rows = Object.fromEntries(tables.map(table => [table, db.prepare(`SELECT * FROM ${table}`).all().map(known)]));
  const epoch = db.prepare(`SELECT value FROM meta WHERE key = 'epoch'`).pluck().get();
  db.close();
  return { answers, rows, epoch, lastOffset, readings };
}

/** A row without the columns that later schemas gave its table, or changed. */
const known = (row: unknown) => {
  const { open, group_id, key, ...rest } = row as Record<string, unknown>;
  return rest;
};

async function answersOf(store: Store, names: Iterable<string>): Promise<Answers> {
  const answers: Answers = new Map();
  for (const name of names) {
    const [device = '', metric = ''] = name.split('/');
    const series = store.series.idOf(device, metric);
    const range = { from: 0, to: madeAt + 2 * day, now: madeAt + 2 * day };
    answers.set(name, (await store.readings({ series, device, ...range, limit: 1_000_000 })).readings);
  }
  return answers;
}

/** Rows of all tables but `downtime`, where a start adds the time since the last one. */
function expectRows(before: Before): void {
  const { rows } = read(path);
  expect(rows.downtime).toEqual(expect.arrayContaining(before.rows.downtime ?? []));
  expect({ ...rows, downtime: [] }).toEqual({ ...before.rows, downtime: [] });
}

function pragmas() {
  const db = new Database(path, { readonly: true });
  const found = ['user_version', 'page_size', 'auto_vacuum', 'journal_mode', 'integrity_check'].map(name =>
    db.pragma(name, { simple: true }),
  );
  db.close();
  return found;
}
const incremental = 2;

describe('a database of the first schema', () => {
  test('[STO-8] is answered as before, before it is sealed and after, with all that lies beside the log', async () => {
    const before = read(path);
    expect([before.readings, before.answers.size]).toEqual([3_195, 5]);
    expect(new Set([...before.answers.values()].flat().map(([, value]) => typeof value))).toEqual(
      new Set(['number', 'boolean', 'string']),
    );
    const store = await temp.open();
    expect([store.epoch, store.lastOffset()]).toEqual([before.epoch, before.lastOffset]);
    expect((await store.storage()).readings).toBe(before.readings);
    expectRows(before);
    expect(await answersOf(store, before.answers.keys())).toEqual(before.answers);
    await store.settle();
    expect(await answersOf(store, before.answers.keys())).toEqual(before.answers);
    expect((await store.storage()).bytes.readings).toBeGreaterThan(0);
    expectRows(before);
    expect(pragmas()).toEqual([schemaVersion, 2_048, incremental, 'wal', 'ok']);
  });

  test('goes on where it was: the next entry has the next offset, and a known series its number', async () => {
    const before = read(path);
    const store = await temp.open();
    const series = store.series.idOf('boiler', 'temperature');
    expect(store.series.takeNew()).toEqual([]);
    store.push(series, madeAt + day, madeAt + day, 21.5, 0);
    expect(await settled(store)).toBeNull();
    expect(store.lastOffset()).toBe(before.lastOffset + 1);
    const after = await answersOf(store, ['boiler/temperature']);
    expect(after.get('boiler/temperature')?.at(-1)).toEqual([madeAt + day, 21.5]);
  });

  test('[STO-8] killed at any instant of its opening, it has everything when it is opened again', async () => {
    swell(path, 60);
    const large = read(path);
    const source = join(temp.dir, 'source.db');
    copyFileSync(path, source);
    const whole = await openingMs(folder('whole', source));
    const versions = new Set<number>();
    for (let round = 0; round < 8; round++) {
      const dir = folder(`killed-${round}`, source);
      // One kill in each eighth of the time that an opening takes, and a second one in what then is left of it.
      for (const part of [(round + Math.random()) / 8, Math.random()]) {
        const { child, begun, gone } = opening(dir);
        await begun;
        await sleep(whole * part);
        child.kill('SIGKILL');
        await gone;
        versions.add(versionIn(dir));
      }
      const store = await temp.open({ dir });
      try {
        expect([store.epoch, store.lastOffset()]).toEqual([large.epoch, large.lastOffset]);
        expect((await store.storage()).readings).toBe(large.readings);
        expect(await answersOf(store, large.answers.keys())).toEqual(large.answers);
      } finally {
        await store.close();
      }
      path = join(dir, fileName);
      expectRows(large);
      expect(pragmas()).toEqual([schemaVersion, 2_048, incremental, 'wal', 'ok']);
    }
    // Some were killed before the step was taken; otherwise nothing was shown.
    expect(versions).toContain(1);
  }, 120_000);
});

/** Takes back what the fourth schema has beyond the third. */
function undoFourthSchema(db: Database.Database): void {
  db.exec(`DROP INDEX command_open; DROP INDEX command_group_id;
    ALTER TABLE command DROP COLUMN open; ALTER TABLE command DROP COLUMN group_id;
    DROP TABLE command_type; DROP TABLE command_group; DROP TABLE command_group_count; DROP TABLE device_state; DROP TABLE state_change;
    DROP TABLE audit`);
}

test('[CMD-4] a database of the third schema knows which of its commands are open, and whose their keys are', async () => {
  await (await temp.open()).close();
  const db = new Database(path);
  undoFourthSchema(db);
  const put = db.prepare('INSERT INTO command (id, device, state, key, body) VALUES (?, ?, ?, ?, ?)');
  for (const [i, state] of ['queued', 'sent', 'acknowledged', 'expired'].entries()) {
    const by = ['ada', 'ada/script'][i];
    put.run(`id-${state}`, 'd', state, by === undefined ? null : `k${i}`, JSON.stringify({ id: `id-${state}`, by }));
  }
  db.pragma('user_version = 3');
  db.close();
  const store = await temp.open();
  const open = await store.query<{ body: string }>('command.open', 10);
  expect(open.map(({ body }) => JSON.parse(body).id)).toEqual(['id-queued', 'id-sent']);
  expect(await store.query('command.byKey', 'ada/k0')).toHaveLength(1);
  expect(await store.query('command.byKey', 'ada/k1')).toHaveLength(1);
});

test('[BRK-5] a database of the second schema has room for sessions, and keeps what they write', async () => {
  await (await temp.open()).close();
  const db = new Database(path);
  const made = db
    .prepare<[], string>(`SELECT name FROM sqlite_schema WHERE name LIKE 'mqtt!_%' ESCAPE '!'`)
    .pluck()
    .all();
  expect(made.length).toBeGreaterThanOrEqual(6);
  for (const table of made.filter(name => name !== 'mqtt_queued_client')) db.exec(`DROP TABLE ${table}`);
  undoFourthSchema(db);
  db.pragma('user_version = 2');
  db.close();
  const before = read(path);
  const store = await temp.open();
  await store.write([
    ['mqttSession.put', 'd1/x', '{}'],
    ['mqttQueued.put', 1, 'd1/x', 0, 'devices/d1/attributes', 1, Buffer.from('a')],
    ['mqttRetained.put', 'devices/d1/status', 1, Buffer.from('offline')],
    ['mqttRetained.put', 'devices/d1/status', 1, Buffer.from('online')],
  ]);
  const again = await temp.reopen();
  const retained = await again.query<{ body: Uint8Array }>('mqttRetained.page', 0, 10);
  expect(retained.map(({ body }) => Buffer.from(body).toString())).toEqual(['online']);
  expect(await again.query('mqttQueued.page', 0, 10)).toMatchObject([{ client: 'd1/x', messageId: null, released: 0 }]);
  expectRows(before);
  expect(pragmas()).toEqual([schemaVersion, 2_048, incremental, 'wal', 'ok']);
});

test('a database of a later schema is refused with a sentence, and not touched', async () => {
  const db = new Database(path);
  db.pragma(`user_version = ${schemaVersion + 1}`);
  db.close();
  const before = readFileSync(path);
  const refused = temp.open();
  await expect(refused).rejects.toBeInstanceOf(StoreUnusable);
  await expect(refused).rejects.toThrow(
    `the database has schema ${schemaVersion + 1}; this program knows schemas up to ${schemaVersion}`,
  );
  expect(readFileSync(path).equals(before)).toBe(true);
});

/** Adds copies of the log's readings behind its end, so that the migration takes its time. */
function swell(file: string, copies: number): void {
  const db = new Database(file);
  const last = db.prepare<[], number>('SELECT max(offset) FROM log').pluck().get() ?? 0;
  const add = db.prepare(
    `INSERT INTO log (offset, kind, at, first_ts, last_ts, body)
     SELECT offset + ?, kind, at, first_ts, last_ts, body FROM log WHERE offset <= ?`,
  );
  db.transaction(() => {
    for (let i = 1; i <= copies; i++) add.run(i * last, last);
  })();
  db.close();
}

function folder(name: string, source: string): string {
  const dir = join(temp.dir, name);
  mkdirSync(dir);
  copyFileSync(source, join(dir, fileName));
  return dir;
}

/** A process of its own that opens the store in `dir` and stays; `begun` once it starts with that, `opened` when it has it. */
function opening(dir: string): {
  child: ChildProcess;
  begun: Promise<void>;
  opened: Promise<void>;
  gone: Promise<void>;
} {
  const from = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);
  const script = `
    import { openStore } from ${from('./store.ts')};
    import { systemClock } from ${from('../lib/clock.ts')};
    import { silentLogger } from ${from('../lib/logger.ts')};
    console.log('begun');
    const ports = { clock: systemClock, log: silentLogger, committed() {}, broken(error) { throw error; } };
    await openStore(${JSON.stringify({ ...quietStore, dir })}, ports);
    console.log('opened');
    setInterval(() => {}, 1_000);`;
  const file = `${dir}.mjs`;
  writeFileSync(file, script);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()));
  let said = '';
  const hears = (word: string) =>
    new Promise<void>(resolve =>
      child.stdout?.on('data', chunk => {
        said += chunk;
        if (said.includes(word)) resolve();
      }),
    );
  return { child, begun: hears('begun'), opened: hears('opened'), gone };
}

async function openingMs(dir: string): Promise<number> {
  const { child, begun, opened, gone } = opening(dir);
  await begun;
  const started = performance.now();
  await opened;
  child.kill('SIGKILL');
  await gone;
  return performance.now() - started;
}

/** The schema that a killed process left, as a reader that changes nothing sees it: a header undone by a journal is the old one. */
function versionIn(dir: string): number {
  return readFileSync(join(dir, fileName)).readUInt32BE(60);
}
