// The writer thread: owns the only writing connection. Its one job is to commit what it is handed, whole or not at
// all; the answer to a commit is the promise that it is on disk.
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { serveThread, Transfer } from '../lib/thread-side.ts';
import { ulid } from '../lib/ulid.ts';
import { encodeRunBody } from './codec/run-body.ts';
import { type Displaced, FilesInPlace } from './damage/in-place.ts';
import { RunningMark, writeMark } from './damage/mark.ts';
import { prepareDatabase } from './damage/prepare.ts';
import { rescue } from './damage/rescue.ts';
import type { KeepWriteCall } from './keeping.ts';
import { type RunPlace, runAt } from './run.ts';
import { type Db, type EntryKindName, entryKinds, fileName, openForWriting } from './schema.ts';
import { type Effect, effects, type KeepEffect, keepEffects } from './statements.ts';

export type WriterData = { dir: string; synchronous: 'FULL' | 'NORMAL'; onDamage: 'salvage' | 'refuse' };

/** One thing in a commit, in the order in which it came. A run or an event becomes an entry; bare effects do not. */
export type CommitItem =
  | { type: 'run'; place: RunPlace }
  | { type: 'event'; kind: Exclude<EntryKindName, 'readings'>; body: string; effects: Effect[] }
  | { type: 'effects'; effects: Effect[] };

export type CommitCall = {
  at: number;
  memory: ArrayBuffer;
  items: CommitItem[];
  newSeries: { id: number; device: string; metric: string }[];
};
/**
 * `failed` is SQLite's code where nothing was written; `displaced`: it was written, but into files that are not in their
 * place any more. The memory comes back either way.
 */
export type CommitAnswer = {
  memory: ArrayBuffer;
  lastOffset: number;
  bytes: number;
  failed: string | null;
  displaced: Displaced | null;
};
/** `say`: what was found wrong with the files, for people; the epoch is a new one then. */
export type OpenAnswer = { epoch: string; lastOffset: number; lastAt: number | null; say: string | null };

const { dir, synchronous, onDamage } = workerData as WriterData;

let db: Db;
let lock: Db;
let files: FilesInPlace | undefined;
let running: RunningMark;
let epoch = '';
let lastOffset = 0;
let lastCommitAt = 0;
let insertEntry: Database.Statement;
let insertSeries: Database.Statement;
let markAlive: Database.Statement;
let writeAll: Database.Transaction<typeof writeItems>;
const statements = new Map<string, Database.Statement>();
let writeKept: Database.Transaction<(list: readonly KeepEffect[]) => void>;

function open({ now }: { now: number }): OpenAnswer {
  // A second gateway on the same folder would give out the same offsets. The lock is the system's, so that it
  // goes with the process however that ends.
  lock = new Database(join(dir, 'lock'), { timeout: 0 });
  lock.pragma('locking_mode = EXCLUSIVE');
  lock.exec('BEGIN EXCLUSIVE');

  const found = prepareDatabase(dir, onDamage, now);
  db = openForWriting(join(dir, fileName), synchronous);
  insertEntry = db.prepare(
    'INSERT INTO log (offset, kind, at, first_ts, last_ts, count, body) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  insertSeries = db.prepare('INSERT INTO series (id, device, metric) VALUES (?, ?, ?)');
  markAlive = db.prepare(`INSERT OR REPLACE INTO meta (key, value) VALUES ('alive_at', ?)`);
  writeAll = db.transaction(writeItems);
  writeKept = db.transaction(runEffects);
  for (const [name, sql] of Object.entries({ ...effects, ...keepEffects })) statements.set(name, db.prepare(sql));

  const last = db.prepare('SELECT offset, at FROM log ORDER BY offset DESC LIMIT 1').get() as
    | { offset: number; at: number }
    | undefined;
  lastOffset = last?.offset ?? 0;
  const lastAt = last?.at ?? null;
  lastCommitAt = lastAt ?? 0;
  epoch = openEpoch(now, lastAt, found.newEpoch);
  files = new FilesInPlace(join(dir, fileName));
  mark();
  running = new RunningMark(dir, markNow());
  return { epoch, lastOffset, lastAt, say: found.say };
}

/** The epoch of this database, made with it; and the time that the gateway was away, for history's gaps. */
function openEpoch(now: number, lastAt: number | null, isNew: boolean): string {
  return db
    .transaction(() => {
      db.prepare(`INSERT OR ${isNew ? 'REPLACE' : 'IGNORE'} INTO meta (key, value) VALUES ('epoch', ?)`).run(ulid(now));
      const aliveAt = db.prepare(`SELECT value FROM meta WHERE key = 'alive_at'`).pluck().get() as number | undefined;
      const from = Math.max(lastAt ?? 0, aliveAt ?? 0);
      if (from > 0 && from < now) {
        db.prepare('INSERT OR REPLACE INTO downtime (from_at, to_at) VALUES (?, ?)').run(from, now);
      }
      return db.prepare(`SELECT value FROM meta WHERE key = 'epoch'`).pluck().get() as string;
    })
    .immediate();
}

function runEffects(list: readonly (Effect | KeepEffect)[]): void {
  for (const [name, ...params] of list) statements.get(name)?.run(...params);
}

function writeItems(call: CommitCall): { offset: number; bytes: number } {
  let offset = lastOffset;
  let bytes = 0;
  for (const { id, device, metric } of call.newSeries) insertSeries.run(id, device, metric);
  for (const item of call.items) {
    if (item.type === 'run') {
      const run = runAt(call.memory, item.place);
      const { first, last } = run.span();
      const body = encodeRunBody(run);
      bytes += body.byteLength;
      insertEntry.run(++offset, entryKinds.readings, call.at, first, last, run.count, body);
      continue;
    }
    if (item.type === 'event') {
      insertEntry.run(++offset, entryKinds[item.kind], call.at, call.at, call.at, 0, Buffer.from(item.body));
      bytes += item.body.length;
    }
    runEffects(item.effects);
  }
  // A commit without an entry leaves no trace of when it was; the mark says that the gateway was running.
  if (offset === lastOffset) markAlive.run(call.at);
  return { offset, bytes };
}

function commit(call: CommitCall): Transfer {
  let bytes = 0;
  let failed: string | null = null;
  let displaced: Displaced | null = null;
  try {
    // As the clock says, also where it was set back: a moment in 2038 must not date all that comes after it.
    lastCommitAt = call.at;
    const written = writeAll.immediate(call);
    lastOffset = written.offset;
    bytes = written.bytes;
    displaced = files?.displaced() ?? null;
  } catch (error) {
    failed = (error as { code?: string }).code ?? (error as Error).message;
  }
  // Only once it is on disk, or the mark could be ahead of it.
  if (failed === null) running.write(markNow());
  const answer: CommitAnswer = { memory: call.memory, lastOffset, bytes, failed, displaced };
  return new Transfer(answer, [call.memory]);
}

/**
 * Commits a slice of keeping. It need not be on disk when this returns: what it replaces is still in the log or in the
 * file until it is, and the next commit of readings brings it there.
 */
function keep({ effects: list, vacuumPages }: KeepWriteCall): void {
  if (synchronous === 'FULL') db.pragma('synchronous = NORMAL');
  try {
    if (list.length > 0) writeKept.immediate(list);
    if (vacuumPages > 0) db.pragma(`incremental_vacuum(${vacuumPages})`);
  } finally {
    if (synchronous === 'FULL') db.pragma('synchronous = FULL');
  }
}

const markNow = () => ({ epoch, offset: lastOffset, at: Math.round(lastCommitAt) });

/** Notes beside the file how far it goes, so that it is noticed if it is ever less ([STO-5]). */
function mark(): void {
  writeMark(dir, markNow());
}

/** Saves what the open files alone still hold; returns what was done. */
const save = ({ displaced, now }: { displaced: Displaced; now: number }): string => rescue(db, dir, displaced, now);

serveThread({ open, commit, keep, mark, save }, () => {
  try {
    // Closing would let go of what only the open files hold.
    const displaced = files?.displaced() ?? null;
    if (displaced !== null) rescue(db, dir, displaced, Date.now());
    if (db?.open) mark();
  } finally {
    running?.close();
    db?.close();
    lock?.close();
  }
});
