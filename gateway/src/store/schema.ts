// The tables, and how the file is opened. Each schema version has one step that leads to it from the one before.
import Database from 'better-sqlite3';

export type Db = Database.Database;

export const fileName = 'telltale.db';

/** Kinds of log entries. The numbers are stored: they never change their meaning. */
export const entryKinds = Object.freeze({ readings: 1, presence: 2, command: 3, device: 4 });
export type EntryKindName = keyof typeof entryKinds;

const migrations: readonly string[] = [
  `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;

  -- The log: everything else is a view of it. Offsets have no holes.
  CREATE TABLE log (
    offset INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    at INTEGER NOT NULL,
    first_ts INTEGER NOT NULL,
    last_ts INTEGER NOT NULL,
    body BLOB NOT NULL
  );
  -- Events are few among the readings; who resumes asks for them alone.
  CREATE INDEX log_events ON log (offset) WHERE kind <> 1;

  CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    metric TEXT NOT NULL,
    UNIQUE (device, metric)
  );

  -- A view's whole state, and the offset up to which it has followed the log.
  CREATE TABLE view (name TEXT PRIMARY KEY, offset INTEGER NOT NULL, body BLOB NOT NULL);

  CREATE TABLE device (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE presence (
    device TEXT NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (device, at)
  ) WITHOUT ROWID;

  -- When the gateway itself was not running.
  CREATE TABLE downtime (from_at INTEGER PRIMARY KEY, to_at INTEGER NOT NULL);

  CREATE TABLE command (
    id TEXT PRIMARY KEY,
    device TEXT NOT NULL,
    state TEXT NOT NULL,
    key TEXT,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX command_device ON command (device, id);
  CREATE INDEX command_state ON command (state, id);
  CREATE UNIQUE INDEX command_key ON command (key) WHERE key IS NOT NULL;

  CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL
  );

  CREATE TABLE credential (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE user (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE secret (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    expires_at INTEGER,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX secret_name ON secret (kind, name);
  `,
];

/** The version of the schema that this program writes. */
export const schemaVersion = migrations.length;

/** Opens the file for writing, brings its schema up to date, and sets how durable a commit is. */
export function openForWriting(path: string, synchronous: 'FULL' | 'NORMAL'): Db {
  const db = new Database(path, { timeout: 5_000 });
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${synchronous}`);
  db.pragma('wal_autocheckpoint = 2000');
  migrate(db);
  return db;
}

/** Opens the file for queries alone. */
export function openForReading(path: string): Db {
  const db = new Database(path, { readonly: true, timeout: 5_000 });
  db.pragma('query_only = ON');
  return db;
}

function migrate(db: Db): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  if (version > schemaVersion) {
    throw new Error(`the database has schema ${version}; this program knows schemas up to ${schemaVersion}`);
  }
  for (let next = version; next < schemaVersion; next++) {
    db.transaction(() => {
      db.exec(migrations[next] as string);
      db.pragma(`user_version = ${next + 1}`);
    }).immediate();
  }
}
