import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keyOf } from '../keys.ts';
import { type Db, openForWriting } from '../schema.ts';
import {
  at,
  contents,
  count,
  database,
  databaseIn,
  entries,
  epoch,
  killedDatabase,
  leaf,
  noise,
  overwrite,
  people,
  ruinPage,
  tempDir,
} from './damage.fixture.ts';
import { writeMark } from './mark.ts';
import { prepareDatabase, StoreDamaged } from './prepare.ts';
import { setAside, stampOf } from './set-aside.ts';

const now = Date.UTC(2026, 5, 1, 12, 30);
const aside = 'damaged-2026-06-01T123000.000Z';
const wellAndGood = { newEpoch: false, say: null };

function opened(dir: string): Db {
  const db = openForWriting(databaseIn(dir), 'NORMAL');
  onTestFinished(() => void db.close());
  return db;
}

const epochOf = (db: Db) => db.prepare(`SELECT value FROM meta WHERE key = 'epoch'`).pluck().get();

test('[STO-5] a sound database is left alone, whatever is to be done about damage', () => {
  for (const dir of [database(), killedDatabase(), tempDir()]) {
    const before = contents(databaseIn(dir));
    expect(prepareDatabase(dir, 'salvage', now)).toEqual(wellAndGood);
    expect(prepareDatabase(dir, 'refuse', now)).toEqual(wellAndGood);
    expect(contents(databaseIn(dir))).toEqual(before);
    expect(readdirSync(dir).filter(name => name.startsWith('damaged'))).toEqual([]);
  }
});

test('[STO-5] damage that is to be refused: a sentence with what can be done, and nothing is touched', () => {
  const dir = database();
  ruinPage(dir, leaf(dir, 'log', 0.5));
  const before = contents(databaseIn(dir));
  expect(() => prepareDatabase(dir, 'refuse', now)).toThrow(StoreDamaged);
  expect(() => prepareDatabase(dir, 'refuse', now)).toThrow(
    /telltale\.db is damaged: .*telltale restore.*store\.onDamage/,
  );
  expect(contents(databaseIn(dir))).toEqual(before);
});

test('[STO-5] a damaged database is set aside byte for byte, and one with all other rows takes its place', () => {
  const dir = killedDatabase();
  const damaged = leaf(database(), 'log', 0.5);
  ruinPage(dir, damaged);
  const before = contents(databaseIn(dir));
  expect(Object.keys(before)).toEqual(['', '-wal']);
  const found = prepareDatabase(dir, 'salvage', now);
  expect(found.newEpoch).toBe(true);
  expect(found.say).toMatch(
    /is damaged: .* it was set aside in .*damaged-2026.* rows were saved; log lost after \d+ up to/,
  );
  expect(contents(join(dir, aside, 'telltale.db'))).toEqual(before);
  expect(readFileSync(join(dir, aside, 'report.txt'), 'utf8')).toContain('rows were saved');
  const db = opened(dir);
  expect(db.pragma('quick_check', { simple: true })).toBe('ok');
  expect(count(db, 'log')).toBe(entries + 500 - damaged.rows);
  for (const table of ['user', 'credential', 'device']) expect(count(db, table)).toBe(people);
  expect(epochOf(db)).toBeUndefined();
  expect(readdirSync(dir).filter(name => /salvag/.test(name))).toEqual([]);
});

test('[STO-5] header, length or all bytes ruined: set aside and said, and the gateway can begin anew', () => {
  const ruin: ((path: string) => void)[] = [
    path => overwrite(path, 0, noise(100)),
    path => truncateSync(path, readFileSync(path).length / 2),
    path => writeFileSync(path, ''),
    path => writeFileSync(path, noise(50_000)),
    path => overwrite(path, 0, noise(4096)),
  ];
  for (const ruinFile of ruin) {
    const dir = killedDatabase();
    ruinFile(databaseIn(dir));
    const before = contents(databaseIn(dir));
    const found = prepareDatabase(dir, 'salvage', now);
    expect(found).toMatchObject({ newEpoch: true, say: expect.stringContaining(aside) });
    expect(contents(join(dir, aside, 'telltale.db'))).toEqual(before);
    const db = opened(dir);
    expect(db.pragma('quick_check', { simple: true })).toBe('ok');
    // Offsets that were given out are not given out again.
    expect(db.prepare('SELECT max(offset) FROM log').pluck().get()).toBeGreaterThanOrEqual(entries + 500);
  }
});

test('[STO-5] where the header alone was overwritten, all rows are saved', () => {
  const dir = killedDatabase();
  overwrite(databaseIn(dir), 0, noise(100));
  const found = prepareDatabase(dir, 'salvage', now);
  expect(found.say).toContain('none were seen to be lost');
  expect(readdirSync(dir).sort()).toEqual([aside, 'mark', 'telltale.db']);
  const db = opened(dir);
  expect(count(db, 'log')).toBe(entries + 500);
  for (const table of ['user', 'credential', 'device', 'series']) expect(count(db, table)).toBe(people);
});

test('[STO-5] a database that is gone is said, also where damage is to be refused; what is left of it is kept', () => {
  const dir = killedDatabase();
  rmSync(databaseIn(dir));
  const wal = readFileSync(`${databaseIn(dir)}-wal`);
  const found = prepareDatabase(dir, 'refuse', now);
  expect(found).toMatchObject({ newEpoch: true, say: expect.stringContaining('is missing, although offset') });
  expect(readFileSync(join(dir, aside, 'telltale.db-wal'))).toEqual(wal);
});

test('[STO-5] commits that are gone with the -wal are said, and the rest is left alone', () => {
  const dir = killedDatabase();
  for (const end of ['-wal', '-shm']) rmSync(`${databaseIn(dir)}${end}`);
  const before = contents(databaseIn(dir));
  const found = prepareDatabase(dir, 'salvage', now);
  expect(found).toMatchObject({ newEpoch: true, say: expect.stringContaining('entries are missing') });
  expect(contents(databaseIn(dir))).toEqual(before);
  writeMark(dir, { epoch, offset: entries, at });
  expect(prepareDatabase(dir, 'salvage', now)).toEqual(wellAndGood);
});

test('[STO-5] what an interrupted salvage left behind is removed, and the salvage done anew', () => {
  const dir = database();
  const damaged = leaf(dir, 'log', 0.5);
  ruinPage(dir, damaged);
  for (const end of ['', '-wal', '-shm']) writeFileSync(join(dir, `salvaging.db${end}`), noise(9_000));
  expect(prepareDatabase(dir, 'salvage', now).newEpoch).toBe(true);
  expect(readdirSync(dir).sort()).toEqual([aside, 'mark', 'telltale.db']);
  expect(count(opened(dir), 'log')).toBe(entries - damaged.rows);
});

test('[STO-5] a salvage that was interrupted while it put files in place is finished, wherever it stood', () => {
  for (const moved of [[], ['telltale.db'], ['telltale.db', 'telltale.db-wal', 'telltale.db-shm']]) {
    const dir = killedDatabase();
    const good = database();
    // As it was found at that step: the new file complete, and some of the old ones moved.
    writeFileSync(join(dir, `salvaged-${stampOf(now)}.db`), readFileSync(databaseIn(good)));
    ruinPage(dir, leaf(good, 'log', 0.5));
    const before = contents(databaseIn(dir));
    const rest = ['telltale.db', 'telltale.db-wal', 'telltale.db-shm'].filter(name => !moved.includes(name));
    const held = rest.map(name => [name, readFileSync(join(dir, name))] as const);
    for (const name of rest) rmSync(join(dir, name));
    setAside(dir, stampOf(now));
    for (const [name, bytes] of held) writeFileSync(join(dir, name), bytes);
    expect(prepareDatabase(dir, 'salvage', now + 60_000)).toMatchObject({
      newEpoch: true,
      say: expect.stringContaining(aside),
    });
    expect(contents(join(dir, aside, 'telltale.db'))).toEqual(before);
    expect(existsSync(`${databaseIn(dir)}-wal`)).toBe(false);
    expect(count(opened(dir), 'log')).toBe(entries);
  }
});

test('[STO-5] a salvage that cannot be done leaves everything as it was', () => {
  const dir = database();
  ruinPage(dir, leaf(dir, 'log', 0.5));
  const before = contents(databaseIn(dir));
  // A file where the folder for the damaged files is to be made.
  writeFileSync(join(dir, aside), 'in the way');
  expect(() => prepareDatabase(dir, 'salvage', now)).toThrow(StoreDamaged);
  expect(contents(databaseIn(dir))).toEqual(before);
  expect(prepareDatabase(dir, 'salvage', now + 1).newEpoch).toBe(true);
});

test('[STO-5] files set aside at the same time do not overwrite each other', () => {
  const dir = tempDir();
  const folders = ['one', 'two', 'three'].map(text => {
    writeFileSync(databaseIn(dir), text);
    return setAside(dir, stampOf(now)) as string;
  });
  expect(folders.map(folder => readFileSync(join(folder, 'telltale.db'), 'utf8'))).toEqual(['one', 'two', 'three']);
  expect(setAside(dir, stampOf(now))).toBeNull();
});

test('[STO-5] after a salvage no number is given out again: offsets behind views, series behind what is stored', () => {
  const dir = database();
  const db = openForWriting(databaseIn(dir), 'NORMAL');
  db.exec(`INSERT INTO view (name, offset, body) VALUES ('v', 7000, x'00');
    INSERT INTO meta (key, value) VALUES ('sealed_through', 6000);
    INSERT INTO rollup (key, count, body) VALUES (${keyOf(1, 20_000, 2_000)}, 1, x'00')`);
  db.close();
  ruinPage(dir, leaf(dir, 'series', 1));
  expect(prepareDatabase(dir, 'salvage', now).newEpoch).toBe(true);
  const after = opened(dir);
  expect(after.prepare('SELECT max(offset) FROM log').pluck().get()).toBe(7000);
  expect(after.prepare('SELECT max(id) FROM series').pluck().get()).toBe(2000);
});
