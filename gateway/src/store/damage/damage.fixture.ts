// Real databases, and the ways in which a disk or a person damages them.
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { type Db, fileName, openForWriting } from '../schema.ts';
import { writeMark } from './mark.ts';

export const epoch = 'epoch-of-the-test';
export const at = Date.UTC(2026, 4, 1);
export const entries = 5_000;
export const people = 1_500;

export function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'telltale-damage-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export const databaseIn = (dir: string): string => join(dir, fileName);
const digits = (i: number) => String(i).padStart(5, '0');

/** Writes entries of the log, each with 90 bytes that say which it is. */
export function addEntries(db: Db, from: number, count: number): void {
  const insert = db.prepare('INSERT INTO log (offset, kind, at, first_ts, last_ts, body) VALUES (?, 4, ?, ?, ?, ?)');
  db.transaction(() => {
    for (let i = from; i < from + count; i++) insert.run(i, at + i, at, at, Buffer.from(digits(i).padEnd(90, '.')));
  })();
}

function fill(db: Db): void {
  db.prepare(`INSERT INTO meta (key, value) VALUES ('epoch', ?)`).run(epoch);
  addEntries(db, 1, entries);
  db.transaction(() => {
    for (let i = 0; i < people; i++) {
      const name = `name-${digits(i)}`;
      db.prepare('INSERT INTO device (id, body) VALUES (?, ?)').run(name, `{"device":"${digits(i).padEnd(50)}"}`);
      db.prepare('INSERT INTO credential (name, body) VALUES (?, ?)').run(name, `{"credential":"${digits(i)}"}`);
      db.prepare('INSERT INTO user (name, body) VALUES (?, ?)').run(name, `{"user":"${digits(i)}"}`);
      db.prepare('INSERT INTO series (id, device, metric) VALUES (?, ?, ?)').run(i + 1, name, 'temperature');
      db.prepare('INSERT INTO presence (device, at, state) VALUES (?, ?, ?)').run(`d${i % 3}`, at + i, 'online');
    }
  })();
}

/** A database in a folder of its own, closed, with a mark of all that is in it. */
export function database(): string {
  const dir = tempDir();
  const db = openForWriting(databaseIn(dir), 'NORMAL');
  fill(db);
  db.close();
  writeMark(dir, { epoch, offset: entries, at });
  return dir;
}

/** As `database`, found as after a SIGKILL: what was committed last is in the -wal alone. */
export function killedDatabase(more = 500): string {
  const dir = tempDir();
  const before = database();
  const db = openForWriting(databaseIn(before), 'NORMAL');
  addEntries(db, entries + 1, more);
  for (const end of ['', '-wal', '-shm']) copyFileSync(`${databaseIn(before)}${end}`, `${databaseIn(dir)}${end}`);
  db.close();
  writeMark(dir, { epoch, offset: entries + more, at });
  return dir;
}

export type Leaf = { page: number; size: number; rows: number };

/** The leaf pages of a table from left to right, and how many rows lie on each. */
export function leaves(dir: string, table: string): Leaf[] {
  const db = new Database(databaseIn(dir), { readonly: true });
  const sql = `SELECT pageno AS page, pgsize AS size, ncell AS rows FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path`;
  const found = db.prepare<[string], Leaf>(sql).all(table);
  db.close();
  for (const end of ['-wal', '-shm']) rmSync(`${databaseIn(dir)}${end}`, { force: true });
  return found;
}

/** The first leaf of a table that lies so far from the left. */
export function leaf(dir: string, table: string, part: number): Leaf {
  const all = leaves(dir, table);
  return all[Math.floor((all.length - 1) * part)] as Leaf;
}

/** Overwrites bytes of a file, counted from its start. */
export function overwrite(path: string, from: number, bytes: Uint8Array): void {
  const whole = readFileSync(path);
  whole.set(bytes, from);
  writeFileSync(path, whole);
}

/** Bytes without a meaning, the same each time. */
export const noise = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => (i * 151 + 211) % 256);

/** Overwrites a page as a whole. */
export const ruinPage = (dir: string, { page, size }: Leaf, bytes = noise(size)): void =>
  overwrite(databaseIn(dir), (page - 1) * size, bytes);

/** Overwrites half of a page in its middle. */
export const ruinMiddle = (dir: string, { page, size }: Leaf): void =>
  overwrite(databaseIn(dir), (page - 0.75) * size, noise(size / 2));

/** What lies in the files of a database, by how their names end. The -shm says nothing of its own. */
export function contents(path: string): Record<string, Buffer> {
  const ends = ['', '-wal'].filter(end => existsSync(`${path}${end}`) && statSync(`${path}${end}`).size > 0);
  return Object.fromEntries(ends.map(end => [end, readFileSync(`${path}${end}`)]));
}

/** How many rows a table has. */
export function count(db: Db, table: string): number {
  return db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0;
}
