// Looks at a database before it is opened for good: is it whole, and has it all that the mark says was committed?
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { type Db, schemaVersion } from '../schema.ts';
import { type Mark, readMark } from './mark.ts';
import { quoted, shapeOf, tablesOf } from './shape.ts';
import { isDamage } from './sqlite-damage.ts';

export type DamageKind = 'missing' | 'empty' | 'notDatabase' | 'torn' | 'schema' | 'contents' | 'history';

/** What is wrong with a database. `sound`: what there is can be used as it is; only something that was there is gone. */
export type Damage = { kind: DamageKind; sound: boolean; say: string };

/** A start has to be quick, and a whole check reads the whole file. */
const wholeCheckBelow = 256 * 1024 * 1024;

/** What is wrong with the database at `path`; null where nothing is. Throws where it cannot be looked at. */
export function examine(path: string, wholeBelow = wholeCheckBelow): Damage | null {
  const mark = readMark(dirname(path));
  const size = sizeOf(path);
  if (!size) return absent(path, size === null, mark);
  finishRollback(path);
  let db: Db | null = null;
  try {
    // Read-only, because whoever opens for writing also writes when closing.
    db = new Database(path, { readonly: true, fileMustExist: true, timeout: 5_000 });
    return unsound(db, path, size < wholeBelow) ?? lost(db, path, mark);
  } catch (error) {
    if (!isDamage(error)) throw error;
    return told(path, error as Error & { code: string });
  } finally {
    db?.close();
  }
}

/** Length of a file in bytes; null where there is none. */
export const sizeOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.size ?? null;

function absent(path: string, missing: boolean, mark: Mark | null): Damage | null {
  const wal = sizeOf(`${path}-wal`) ?? 0;
  if (mark === null && wal === 0) return null;
  const had = mark === null ? `there is ${path}-wal, which belongs to it` : `${extent(mark)} had been committed`;
  if (missing) return { kind: 'missing', sound: true, say: `the database ${path} is missing, although ${had}` };
  return { kind: 'empty', sound: false, say: `the database ${path} is empty, although ${had}` };
}

const extent = (mark: Mark) =>
  `offset ${mark.offset} of epoch ${mark.epoch} (as of ${new Date(mark.at).toISOString()})`;

/** A process that ended while it made the file left a journal. Undoing half a change is SQLite's everyday work. */
function finishRollback(path: string): void {
  if (!sizeOf(`${path}-journal`) || sizeOf(`${path}-wal`)) return;
  try {
    const db = new Database(path, { fileMustExist: true, timeout: 5_000 });
    try {
      db.prepare('SELECT count(*) FROM sqlite_schema').get();
    } finally {
      db.close();
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
  }
}

function unsound(db: Db, path: string, whole: boolean): Damage | null {
  const tables = tablesOf(db);
  const version = db.pragma('user_version', { simple: true }) as number;
  // What a later version calls its tables is not ours to judge, and a file without tables has not got any yet.
  const known = version >= 1 ? version <= schemaVersion : tables.length > 0;
  if (known && !(version >= 1 && tables.includes('log') && tables.includes('meta'))) {
    return {
      kind: 'schema',
      sound: false,
      say: `the database ${path} lacks its tables, or the number of their version`,
    };
  }
  if ((headerOf(path)[18] ?? 0) > 2) {
    return { kind: 'notDatabase', sound: false, say: `the database ${path} has an overwritten header` };
  }
  if (!whole) readEnds(db, tables);
  else {
    const answer = db.pragma('quick_check(1)', { simple: true }) as string;
    if (answer !== 'ok') {
      return {
        kind: 'contents',
        sound: false,
        say: `the database ${path} is damaged: ${answer.replaceAll('\n', ' ')}`,
      };
    }
  }
  return null;
}

/** Reads the first and the last row of every table; throws where one cannot be read. */
function readEnds(db: Db, tables: string[]): void {
  for (const table of tables) {
    const names = (shapeOf(db, table)?.key ?? []).map(({ name }) => (name === 'rowid' ? name : quoted(name)));
    for (const way of ['ASC', 'DESC']) {
      db.prepare(`SELECT * FROM ${quoted(table)} ORDER BY ${names.map(name => `${name} ${way}`)} LIMIT 1`).all();
    }
  }
}

/** Compares what the database has with what the mark says it had. */
function lost(db: Db, path: string, mark: Mark | null): Damage | null {
  if (mark === null) return null;
  const tables = tablesOf(db);
  const one = (table: string, sql: string) => (tables.includes(table) ? db.prepare(sql).pluck().get() : null);
  const epoch = one('meta', `SELECT value FROM meta WHERE key = 'epoch'`) ?? 'none';
  // Entries that were sealed have left the log, and are not lost.
  const sealed = Number(one('meta', `SELECT value FROM meta WHERE key = 'sealed_through'`) ?? 0);
  const offset = Math.max(Number(one('log', 'SELECT max(offset) FROM log') ?? 0), sealed);
  const history = (say: string): Damage => ({ kind: 'history', sound: true, say });
  if (epoch !== mark.epoch) {
    return history(`the database ${path} is of epoch ${epoch}, although ${extent(mark)} had been committed`);
  }
  if (offset >= mark.offset) return null;
  return history(
    `the database ${path} ends at offset ${offset}, although ${extent(mark)} had been committed: ` +
      'entries are missing, as when telltale.db-wal was deleted or an older copy put in its place',
  );
}

/** What an error of SQLite means for whoever runs the gateway. */
function told(path: string, error: Error & { code: string }): Damage {
  const reason = `${error.message} (${error.code})`;
  if (error.code === 'SQLITE_NOTADB') {
    return { kind: 'notDatabase', sound: false, say: `${path} is no database, or its header was overwritten` };
  }
  const header = headerOf(path);
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const whole = header.readUInt32BE(28) * pageSize;
  const size = sizeOf(path) ?? 0;
  if (size < whole) {
    const say = `the database ${path} was cut off: it has ${size} bytes of ${whole}`;
    return { kind: 'torn', sound: false, say };
  }
  if (/schema/.test(error.message)) {
    return { kind: 'schema', sound: false, say: `the tables of the database ${path} cannot be read: ${reason}` };
  }
  return { kind: 'contents', sound: false, say: `the database ${path} is damaged: ${reason}` };
}

function headerOf(path: string): Buffer {
  const header = Buffer.alloc(100);
  const file = openSync(path, 'r');
  try {
    readSync(file, header);
  } finally {
    closeSync(file);
  }
  return header;
}
