import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Walk } from '../backup/walk.ts';
import { type Db, openForWriting } from '../schema.ts';
import { effects } from '../statements.ts';
import {
  at,
  count,
  database,
  databaseIn,
  entries,
  killedDatabase,
  type Leaf,
  leaf,
  leaves,
  noise,
  people,
  ruinMiddle,
  ruinPage,
  tempDir,
} from './damage.fixture.ts';
import { type SalvageReport, salvage } from './salvage.ts';

function salvaged(dir: string): { db: Db; report: SalvageReport } {
  const db = openForWriting(join(tempDir(), 'new.db'), 'NORMAL');
  onTestFinished(() => void db.close());
  return { db, report: salvage(databaseIn(dir), db) };
}

const tables = ['device', 'credential', 'user', 'series', 'presence'];

function expectAllPeople(db: Db, except: string[] = []): void {
  for (const table of tables) if (!except.includes(table)) expect([table, count(db, table)]).toEqual([table, people]);
}

test('[STO-5] all of a sound database is copied, the -wal included, and no loss is reported', () => {
  const dir = killedDatabase();
  const { db, report } = salvaged(dir);
  expect(report.losses).toEqual([]);
  expect(report.rows).toBe(entries + 500 + people * tables.length + 1);
  expect(count(db, 'log')).toBe(entries + 500);
  expect(db.prepare('SELECT body FROM log WHERE offset = 4711').pluck().get()).toEqual(
    Buffer.from('04711'.padEnd(90, '.')),
  );
  expectAllPeople(db);
});

for (const [name, part] of [
  ['first', 0],
  ['middle', 0.5],
  ['last', 1],
] as const) {
  test(`[STO-5] the ${name} page of a table costs the rows on it and no others`, () => {
    for (const table of ['log', ...tables.filter(one => one !== 'series')]) {
      const dir = database();
      const damaged = leaf(dir, table, part);
      const all = table === 'log' ? entries : people;
      ruinPage(dir, damaged);
      const { db, report } = salvaged(dir);
      expect(report.losses).toMatchObject([{ table, unreadable: null }]);
      expect(report.losses[0]?.places.length).toBe(1);
      expect([table, count(db, table)]).toEqual([table, all - damaged.rows]);
      expect(damaged.rows).toBeGreaterThan(5);
      expectAllPeople(db, [table]);
    }
  });
}

test('[STO-5] many damaged pages, zeroed or overwritten: each costs only what lay on it', () => {
  const dir = database();
  let lost = 0;
  const every = { log: 7, device: 5, presence: 4 };
  const kept: Record<string, number> = {};
  const ruined: Leaf[] = [];
  for (const [table, step] of Object.entries(every)) {
    lost = 0;
    leaves(dir, table).forEach((one, i) => {
      if (i % step !== 2) return;
      ruined.push(one);
      lost += one.rows;
    });
    kept[table] = (table === 'log' ? entries : people) - lost;
  }
  ruined.forEach((one, i) => void ruinPage(dir, one, i % 2 === 0 ? noise(one.size) : new Uint8Array(one.size)));
  expect(ruined.length).toBeGreaterThan(10);
  const { db, report } = salvaged(dir);
  expect(Object.fromEntries(Object.keys(every).map(table => [table, count(db, table)]))).toEqual(kept);
  expect(report.say).toMatch(/^\d+ rows were saved; log lost after \d+ up to \d+ .* places more/);
});

test('[STO-5] bytes overwritten in the middle of a page of the log: the other pages are kept whole', () => {
  const dir = database();
  const damaged = leaf(dir, 'log', 0.5);
  ruinMiddle(dir, damaged);
  const { db, report } = salvaged(dir);
  expect(report.losses.map(({ table }) => table)).toEqual(['log']);
  expect(count(db, 'log')).toBeGreaterThanOrEqual(entries - damaged.rows);
  expect(count(db, 'log')).toBeLessThan(entries);
  expectAllPeople(db);
});

test('[STO-5] lost rows of the series come back from their index', () => {
  const dir = database();
  ruinPage(dir, leaf(dir, 'series', 0.5));
  const { db, report } = salvaged(dir);
  expect(report.losses).toMatchObject([{ table: 'series', copied: people, refused: 0 }]);
  expect(db.prepare('SELECT count(*) FROM series WHERE device = printf(?, id - 1)').pluck().get('name-%05d')).toBe(
    people,
  );
});

test('[STO-5] of a file that was cut off behind the pages that lead to the log, all that is left of the log is saved', () => {
  const dir = database();
  const pages = leaves(dir, 'log');
  const { page: cut, size } = leaf(dir, 'log', 0.9);
  truncateSync(databaseIn(dir), (cut - 1) * size);
  const left = pages.filter(({ page }) => page < cut).reduce((sum, { rows }) => sum + rows, 0);
  const { db, report } = salvaged(dir);
  expect(count(db, 'log')).toBe(left);
  expect(left).toBeGreaterThan(1_000);
  expect(report.losses.map(({ table }) => table)).toContain('log');
});

test('[STO-5] garbage is no reason to fail: every table is reported', () => {
  const dir = database();
  writeFileSync(databaseIn(dir), noise(100_000));
  const { report } = salvaged(dir);
  expect(report.rows).toBe(0);
  expect(report.losses.length).toBeGreaterThan(10);
  expect(report.losses.every(({ unreadable }) => unreadable !== null)).toBe(true);
});

test('[STO-5] [BRK-5] what MQTT keeps is saved, but for the rows on a damaged page', () => {
  const dir = database();
  const kept = openForWriting(databaseIn(dir), 'NORMAL');
  kept.transaction(() => {
    for (let i = 1; i <= 500; i++) {
      const client = `d${i}/x`;
      kept.prepare('INSERT INTO mqtt_session VALUES (?, ?)').run(client, '{}');
      kept.prepare('INSERT INTO mqtt_received VALUES (?, ?)').run(client, i);
      kept.prepare('INSERT INTO mqtt_will VALUES (?, ?, ?, 1, 1, ?)').run(client, 'd', 't', Buffer.from('offline'));
      const body = Buffer.from('x'.repeat(50));
      kept.prepare('INSERT INTO mqtt_queued VALUES (?, ?, 0, ?, 1, NULL, 0, ?)').run(i, client, 't', body);
      kept.prepare('INSERT INTO mqtt_retained VALUES (?, ?, 1, ?)').run(i, `t/${i}`, body);
    }
  })();
  kept.close();
  const damaged = leaf(dir, 'mqtt_queued', 0.5);
  ruinPage(dir, damaged);
  const { db, report } = salvaged(dir);
  expect(report.losses).toMatchObject([{ table: 'mqtt_queued', unreadable: null }]);
  expect(count(db, 'mqtt_queued')).toBe(500 - damaged.rows);
  for (const table of ['mqtt_session', 'mqtt_received', 'mqtt_retained', 'mqtt_will']) {
    expect([table, count(db, table)]).toEqual([table, 500]);
  }
});

test('[STO-5] [CMD-12] the audit trail and the history of state are saved with their ids, and no id is used again', () => {
  const dir = database();
  const kept = openForWriting(databaseIn(dir), 'NORMAL');
  const lines = 1_000;
  const body = `{"what":"sent","detail":"${'x'.repeat(100)}"}`;
  kept.transaction(() => {
    for (let i = 1; i <= lines; i++) {
      kept.prepare(effects['audit.add']).run(at + i, 'command', 'd1', null, `c${i}`, body);
      kept.prepare(effects['stateChange.add']).run('d1', at + i, body);
    }
    kept.exec('DELETE FROM audit WHERE id <= 100');
  })();
  kept.close();
  const damaged = leaf(dir, 'audit', 0.5);
  ruinPage(dir, damaged);
  const { db, report } = salvaged(dir);
  expect(report.losses).toMatchObject([{ table: 'audit', unreadable: null }]);
  expect(count(db, 'audit')).toBe(lines - 100 - damaged.rows);
  expect(count(db, 'state_change')).toBe(lines);
  expect(db.prepare('SELECT id, at, subject FROM audit ORDER BY id LIMIT 1').get()).toEqual({
    id: 101,
    at: at + 101,
    subject: 'c101',
  });
  for (const table of ['audit', 'state_change']) db.exec(`DELETE FROM ${table} WHERE id > 990`);
  expect(db.prepare(effects['audit.add']).run(at, 'command', 'd1', null, null, body).lastInsertRowid).toBe(lines + 1);
  expect(db.prepare(effects['stateChange.add']).run('d1', at, body).lastInsertRowid).toBe(lines + 1);
});

test('[STO-9] [CMD-12] a check of a backup reads every line of the audit trail', () => {
  const dir = database();
  const kept = openForWriting(databaseIn(dir), 'NORMAL');
  kept.prepare(effects['audit.add']).run(at, 'command', 'd1', null, 'c1', '{"what":"sent"}');
  kept.prepare(effects['audit.add']).run(at, 'command', 'd1', null, 'c1', '{"what":"se');
  const problems: string[] = [];
  new Walk(kept, sentence => problems.push(sentence)).run();
  kept.close();
  expect(problems.filter(each => each.startsWith('audit'))).toEqual([expect.stringMatching(/^audit 2: /)]);
});
