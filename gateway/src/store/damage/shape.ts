// What a table looks like to whoever walks through it row by row: its columns, and the key by which rows are in order.
import type { Db } from '../schema.ts';

/** A column of a key, by how its values are ordered. */
export type KeyPart = { name: string; kind: 'integer' | 'text' };

/** A table, and the columns to be read of it. */
export type TableShape = { name: string; columns: string[]; key: KeyPart[] };

type Column = { name: string; type: string; pk: number; hidden: number };

/** A name as it is written in SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The tables of a database, without SQLite's own. */
export function tablesOf(db: Db): string[] {
  const sql = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY rowid`;
  return db.prepare<[], string>(sql).pluck().all();
}

/** How a table is made; null where there is none of that name. */
export function shapeOf(db: Db, name: string): TableShape | null {
  const columns = (db.pragma(`table_xinfo(${quoted(name)})`) as Column[]).filter(column => Number(column.hidden) === 0);
  if (columns.length === 0) return null;
  const [table] = db.pragma(`table_list(${quoted(name)})`) as { wr: number | bigint }[];
  const key: KeyPart[] =
    Number(table?.wr ?? 0) === 0
      ? [{ name: 'rowid', kind: 'integer' }]
      : columns
          .filter(column => Number(column.pk) > 0)
          .sort((a, b) => Number(a.pk) - Number(b.pk))
          .map(column => ({ name: column.name, kind: /INT/i.test(column.type) ? 'integer' : 'text' }));
  return { name, columns: columns.map(column => column.name), key };
}
