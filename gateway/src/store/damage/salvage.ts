// Copies what is sound in a damaged database into a new one, table by table. What cannot be read is left out and said;
// damage is never a reason to fail, because the next table may be whole.
import Database from 'better-sqlite3';
import { type Db, schemaVersion } from '../schema.ts';
import type { Key } from './position.ts';
import { indexedRows } from './second-copy.ts';
import { quoted, shapeOf, type TableShape, tablesOf } from './shape.ts';
import { TableWalk, type Value } from './walk.ts';

/** A table that was not copied whole: `places` are the stretches of keys in which rows could not be read. */
export type TableLoss = { table: string; copied: number; refused: number; places: string[]; unreadable: string | null };
export type SalvageReport = { rows: number; losses: TableLoss[]; say: string };

const rowsInTransaction = 64;
/** A sentence with more places than these is read by nobody. */
const placesSaid = 3;

/** Copies all that can be read from the file `from` into `into`, which has the current schema and no rows. */
export function salvage(from: string, into: Db): SalvageReport {
  const source = new Database(from, { readonly: true, fileMustExist: true, timeout: 5_000 });
  // Without these SQLite reads nothing of a file that was cut off, or of one with a single odd line in its schema.
  source.unsafeMode();
  source.pragma('writable_schema = ON');
  // Rows may have lost those that they refer to.
  into.pragma('foreign_keys = OFF');
  try {
    const earlier = (versionOf(source) ?? schemaVersion) < schemaVersion;
    let rows = 0;
    const losses: TableLoss[] = [];
    for (const table of tablesOf(into)) {
      const found = copyTable(source, into, table, earlier);
      rows += found.copied;
      if (found.unreadable !== null || found.places.length > 0 || found.refused > 0) losses.push(found);
    }
    return { rows, losses, say: sentence(rows, losses) };
  } finally {
    into.pragma('foreign_keys = ON');
    source.close();
  }
}

/** The version of a file's schema; null where it cannot be read. */
export function versionOf(db: Db): number | null {
  try {
    return Number(db.pragma('user_version', { simple: true }));
  } catch {
    return null;
  }
}

function copyTable(source: Db, into: Db, table: string, earlier: boolean): TableLoss {
  const loss: TableLoss = { table, copied: 0, refused: 0, places: [], unreadable: null };
  let shape: TableShape | null;
  let walk: TableWalk;
  try {
    shape = shapeOf(source, table);
    if (shape === null) {
      // An earlier version had fewer tables; the same version had this one.
      return earlier ? loss : { ...loss, unreadable: 'the table is gone' };
    }
    const here = new Set(shapeOf(into, table)?.columns);
    shape.columns = shape.columns.filter(column => here.has(column));
    walk = new TableWalk(source, shape);
  } catch (error) {
    return { ...loss, unreadable: (error as Error).message };
  }
  const write = writerOf(into, shape, loss);
  copyRows(walk, loss, write);
  if (loss.places.length > 0) {
    let batch: Value[][] = [];
    const refused = loss.refused;
    for (const row of indexedRows(source, shape)) {
      if (batch.push(row) < rowsInTransaction) continue;
      write(batch);
      batch = [];
    }
    write(batch);
    // Most of these rows were there already: refusing them is no loss.
    loss.refused = refused;
  }
  return loss;
}

function copyRows(walk: TableWalk, loss: TableLoss, write: (rows: Value[][]) => void): void {
  let after: Key | null = null;
  for (;;) {
    const { rows, error } = walk.page(after, rowsInTransaction);
    write(rows.map(row => row.values));
    after = rows.at(-1)?.key ?? after;
    if (error === null) {
      if (rows.length < rowsInTransaction) return;
      continue;
    }
    const next = walk.next(after);
    loss.places.push(`${between(after, next)} (${error})`);
    if (next === null) return;
    const above = walk.above(after, next);
    if (above !== null) write([above.values]);
    after = next;
  }
}

/** Writes rows, and counts those that the new database refuses: damage can make one row look like another. */
function writerOf(into: Db, { name, columns }: TableShape, loss: TableLoss): (rows: Value[][]) => void {
  const insert = into.prepare<Value[]>(
    `INSERT OR IGNORE INTO ${quoted(name)} (${columns.map(quoted)}) VALUES (${columns.map(() => '?')})`,
  );
  return into.transaction((rows: Value[][]) => {
    for (const row of rows) {
      if (insert.run(...row).changes === 1) loss.copied++;
      else loss.refused++;
    }
  });
}

const keyText = (key: Key) =>
  key.map(value => (typeof value === 'bigint' ? value : value.toString().replace(/[^ -~]/g, ''))).join(' ');

function between(after: Key | null, next: Key | null): string {
  if (after === null) return next === null ? 'everything' : `up to ${keyText(next)}`;
  return next === null ? `after ${keyText(after)}` : `after ${keyText(after)} up to ${keyText(next)}`;
}

function sentence(rows: number, losses: TableLoss[]): string {
  const saved = `${rows} rows were saved`;
  if (losses.length === 0) return `${saved}, and none were seen to be lost`;
  const lost = losses.map(({ table, places, refused, unreadable }) => {
    if (unreadable !== null) return `${table} could not be read (${unreadable})`;
    const said = places.slice(0, placesSaid);
    if (places.length > placesSaid) said.push(`and ${places.length - placesSaid} places more`);
    if (refused > 0) said.push(`${refused} rows that contradict others`);
    return `${table} lost ${said.join(', ')}`;
  });
  return `${saved}; ${lost.join('; ')}`;
}
