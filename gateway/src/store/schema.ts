// The tables, and how the file is opened. Each schema version has one step that leads to it from the one before.
import Database from 'better-sqlite3';

export type Db = Database.Database;

export const fileName = 'telltale.db';

/** Kinds of log entries. The numbers are stored: they never change their meaning. */
export const entryKinds = Object.freeze({ readings: 1, presence: 2, command: 3, device: 4, desired: 5 });
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
  `
  -- How many readings an entry holds.
  ALTER TABLE log ADD COLUMN count INTEGER NOT NULL DEFAULT 0;
  UPDATE log SET count = readings_in(body) WHERE kind = 1;

  -- What was taken out of the log at once: its readings lie in 'sealed', a row for each series, and all entries up to
  -- 'through' are in this or an earlier batch.
  CREATE TABLE batch (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    through INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_ts INTEGER NOT NULL,
    last_ts INTEGER NOT NULL
  );
  CREATE TABLE sealed (
    key INTEGER PRIMARY KEY,
    first_ts INTEGER NOT NULL,
    last_ts INTEGER NOT NULL,
    count INTEGER NOT NULL,
    body BLOB NOT NULL
  );

  -- Compacted readings and their rollups, by level or unit, window and series; keys.ts says how a key is made.
  CREATE TABLE chunk (
    key INTEGER PRIMARY KEY,
    first_ts INTEGER NOT NULL,
    last_ts INTEGER NOT NULL,
    count INTEGER NOT NULL,
    body BLOB NOT NULL
  );
  CREATE TABLE rollup (key INTEGER PRIMARY KEY, count INTEGER NOT NULL, body BLOB NOT NULL);

  -- What each series takes, and before which time its readings were let go of.
  CREATE TABLE series_use (
    series INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    rollup_bytes INTEGER NOT NULL,
    first_ts INTEGER NOT NULL,
    last_ts INTEGER NOT NULL,
    raw_from INTEGER NOT NULL,
    rollup_from INTEGER NOT NULL
  );

  CREATE TABLE void (
    id TEXT PRIMARY KEY,
    series INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    to_at INTEGER NOT NULL,
    body TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX void_series ON void (series, id);

  -- When payloads of a device were refused: from the first of a row of them to the last.
  CREATE TABLE rejected (
    device TEXT NOT NULL, from_at INTEGER NOT NULL, to_at INTEGER NOT NULL,
    PRIMARY KEY (device, from_at)
  ) WITHOUT ROWID;

  -- The size of the database and what was written to the disk, day by day (UTC).
  CREATE TABLE day_use (day INTEGER PRIMARY KEY, used INTEGER NOT NULL, written INTEGER NOT NULL);
  `,
  `
  -- What MQTT clients asked to be kept: sessions with their subscriptions, the messages that wait for them, the ids of
  -- QoS 2 messages whose PUBREL is to come, the last message of each topic, and the wills of those who are connected.
  CREATE TABLE mqtt_session (client TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE mqtt_queued (
    id INTEGER PRIMARY KEY,
    client TEXT NOT NULL,
    at INTEGER NOT NULL,
    topic TEXT NOT NULL,
    qos INTEGER NOT NULL,
    message_id INTEGER,
    released INTEGER NOT NULL DEFAULT 0,
    body BLOB NOT NULL
  );
  CREATE INDEX mqtt_queued_client ON mqtt_queued (client);
  CREATE TABLE mqtt_received (
    client TEXT NOT NULL, message_id INTEGER NOT NULL,
    PRIMARY KEY (client, message_id)
  ) WITHOUT ROWID;
  CREATE TABLE mqtt_retained (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL UNIQUE,
    qos INTEGER NOT NULL,
    body BLOB NOT NULL
  );
  CREATE TABLE mqtt_will (
    client TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    topic TEXT NOT NULL,
    qos INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    body BLOB NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- Commands that something is still to be done for, and those of one group.
  ALTER TABLE command ADD COLUMN open INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE command ADD COLUMN group_id TEXT;
  UPDATE command SET open = 1 WHERE state IN ('queued', 'sent');
  -- Each person's idempotency keys are their own.
  UPDATE command SET key =
    substr(json_extract(body, '$.by'), 1, instr(json_extract(body, '$.by') || '/', '/') - 1) || '/' || key
    WHERE key IS NOT NULL;
  CREATE INDEX command_open ON command (id) WHERE open = 1;
  CREATE INDEX command_group_id ON command (group_id, id) WHERE group_id IS NOT NULL;

  CREATE TABLE command_type (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE command_group (id TEXT PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID;
  -- How many commands of a group are in which state; changed in the commit that changes the command.
  CREATE TABLE command_group_count (
    group_id TEXT NOT NULL,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (group_id, state)
  ) WITHOUT ROWID;

  -- How each device should be, and every change of that and of what it told of itself.
  CREATE TABLE device_state (device TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE state_change (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX state_change_device ON state_change (device, id);

  -- Who did what, from where and why. Nothing changes a row; the oldest go by age.
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    device TEXT,
    by TEXT,
    subject TEXT,
    body TEXT NOT NULL
  );
  CREATE INDEX audit_device ON audit (device, id);
  CREATE INDEX audit_by ON audit (by, id);
  CREATE INDEX audit_subject ON audit (subject, id) WHERE subject IS NOT NULL;
  CREATE INDEX audit_action ON audit (action, id);
  -- By the day (UTC) and not by the time: the order is that of the ids, and a day's first and last tell where to look.
  CREATE INDEX audit_day ON audit (at / 86400000, id);
  `,
];

/** The version of the schema that this program writes. */
export const schemaVersion = migrations.length;

/**
 * Small pages: a commit of a few readings writes one of them, and a compressed chunk fills them. Measured at 20 readings
 * a commit, pages of 4 KB cost a third more.
 */
const pageBytes = 2048;
/** Pages of the write-ahead log that are copied into the file at once: 8 MB, some tens of milliseconds on a card. */
const checkpointPages = 4000;
/** A database of the first schema is rebuilt at once up to this size; beyond it keeps the pages that it has. */
const rebuildBytesMax = 1e9;

/** Sets what only an empty file takes: the size of a page, and that free pages can be given back. */
function shape(db: Db): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  const pages = db.pragma('page_count', { simple: true }) as number;
  if (
    version > 1 ||
    (version === 1 && pages * (db.pragma('page_size', { simple: true }) as number) > rebuildBytesMax)
  ) {
    return;
  }
  if (version === 1) db.pragma('journal_mode = DELETE');
  db.pragma(`page_size = ${pageBytes}`);
  db.pragma('auto_vacuum = INCREMENTAL');
  if (version !== 1) return;
  try {
    db.exec('VACUUM');
  } catch (error) {
    // Without the room for it the file keeps its pages; it works all the same.
    if ((error as { code?: string }).code !== 'SQLITE_FULL') throw error;
  }
}

/** Opens the file for writing, brings its schema up to date, and sets how durable a commit is. */
export function openForWriting(path: string, synchronous: 'FULL' | 'NORMAL'): Db {
  const db = new Database(path, { timeout: 5_000 });
  shape(db);
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${synchronous}`);
  db.pragma(`wal_autocheckpoint = ${checkpointPages}`);
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
  // Bodies of the first schema say at byte 8 how many readings they have; what is shorter is damaged and has none.
  db.function('readings_in', body => {
    const bytes = body as Buffer;
    return bytes.length < 12 ? 0 : bytes.readUInt32LE(8);
  });
  for (let next = version; next < schemaVersion; next++) {
    db.transaction(() => {
      db.exec(migrations[next] as string);
      db.pragma(`user_version = ${next + 1}`);
    }).immediate();
  }
}
