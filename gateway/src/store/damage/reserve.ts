// Sees that a salvaged database never gives a number out a second time: offsets and series that stand in what was saved
// keep their meaning though the rows that named them last are lost.
import { limits } from '../../contract/index.ts';
import { seriesOf, seriesOfSealed } from '../keys.ts';
import { decodeRun } from '../run.ts';
import { type Db, entryKinds } from '../schema.ts';
import type { Mark } from './mark.ts';
import type { TableLoss } from './salvage.ts';

/** An entry of this kind says nothing; readers pass over kinds that they do not know. */
const placeholderKind = 0;

/** Makes a salvaged database go on behind everything it ever gave out, and begin a new epoch. */
export function reserve(db: Db, losses: TableLoss[], mark: Mark | null): void {
  db.transaction(() => {
    // Whoever opens the file makes a new one, also if the gateway ends before it could be told to.
    db.prepare(`DELETE FROM meta WHERE key = 'epoch'`).run();
    reserveOffsets(db, mark);
    if (losses.some(({ table }) => table === 'series')) reserveSeries(db);
    if (losses.some(({ table }) => table === 'series_use')) recount(db);
  }).immediate();
}

/** Views and batches say up to which offset they have followed the log. New entries must lie behind that. */
function reserveOffsets(db: Db, mark: Mark | null): void {
  const followed = db
    .prepare(
      `SELECT max(coalesce((SELECT max(offset) FROM view), 0), coalesce((SELECT max(through) FROM batch), 0),
        coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'sealed_through'), 0))`,
    )
    .pluck()
    .get() as number;
  const floor = Math.max(followed, mark?.offset ?? 0);
  const last = db.prepare('SELECT offset, at FROM log ORDER BY offset DESC LIMIT 1').get() as
    | { offset: number; at: number }
    | undefined;
  if (floor <= (last?.offset ?? 0)) return;
  const at = Math.max(last?.at ?? 0, mark?.at ?? 0);
  db.prepare('INSERT INTO log (offset, kind, at, first_ts, last_ts, body) VALUES (?, ?, ?, ?, ?, ?)').run(
    floor,
    placeholderKind,
    at,
    at,
    at,
    Buffer.from('{}'),
  );
}

/** A new series under the number of a lost one would inherit its history. */
function reserveSeries(db: Db): void {
  const known = db
    .prepare(
      `SELECT max(coalesce((SELECT max(id) FROM series), 0), coalesce((SELECT max(series) FROM series_use), 0),
        coalesce((SELECT max(series) FROM void), 0))`,
    )
    .pluck()
    .get() as number;
  const ids = [known, ...seriesInKeys(db), ...seriesInLog(db)];
  let floor = 0;
  for (const id of ids) if (id > floor && id <= limits.seriesMax) floor = id;
  db.prepare('INSERT OR IGNORE INTO series (id, device, metric) VALUES (?, ?, ?)').run(floor, '', `salvaged ${floor}`);
}

function* seriesInKeys(db: Db): Generator<number> {
  const tables = { chunk: seriesOf, rollup: seriesOf, sealed: seriesOfSealed };
  for (const [table, series] of Object.entries(tables)) {
    for (const key of db.prepare<[], number>(`SELECT key FROM ${table}`).pluck().iterate()) yield series(key);
  }
}

function* seriesInLog(db: Db): Generator<number> {
  const rows = db.prepare<[number], { offset: number; body: Uint8Array }>(
    'SELECT offset, body FROM log WHERE kind = ?',
  );
  for (const { offset, body } of rows.iterate(entryKinds.readings)) {
    try {
      const run = decodeRun(offset, body);
      for (let i = 0; i < run.count; i++) yield run.series(i);
    } catch {
      // Overwritten bytes: what reads the log deals with it.
    }
  }
}

/** What a series takes can be counted again; from where on it is kept is then where it begins. */
function recount(db: Db): void {
  db.exec(`INSERT OR IGNORE INTO series_use
    (series, count, bytes, rollup_bytes, first_ts, last_ts, raw_from, rollup_from)
    SELECT (key / 4096) % 1048576 AS series, sum(count), sum(length(body)), 0, min(first_ts), max(last_ts), 0, 0
    FROM chunk GROUP BY 1`);
}
