// Rows that a damaged table has lost, out of an index that holds all of their columns: a second copy of them.
import type { Db } from '../schema.ts';
import { quoted, type TableShape } from './shape.ts';
import type { Value } from './walk.ts';

type IndexColumn = { name: string | null; key: bigint | number };

/** Rows read through indexes, from both ends up to where these are damaged. Many of them were read already. */
export function* indexedRows(db: Db, shape: TableShape): Generator<Value[]> {
  for (const { index, order } of coveringIndexes(db, shape)) {
    for (const way of ['ASC', 'DESC']) {
      const sql = `SELECT ${shape.columns.map(quoted)} FROM ${quoted(shape.name)} INDEXED BY ${quoted(index)}
        ORDER BY ${order.map(name => `${quoted(name)} ${way}`)}`;
      try {
        yield* db.prepare<[], Value[]>(sql).raw().safeIntegers().iterate();
      } catch {
        // The index is damaged there as well; from its other end there may be more.
      }
    }
  }
}

function coveringIndexes(db: Db, { name, columns }: TableShape): { index: string; order: string[] }[] {
  try {
    const indexes = db.pragma(`index_list(${quoted(name)})`) as { name: string; partial: bigint | number }[];
    const rowid = rowidColumn(db, name);
    return indexes.flatMap(index => {
      const held = db.pragma(`index_xinfo(${quoted(index.name)})`) as IndexColumn[];
      const names = held.map(column => column.name ?? rowid);
      if (Number(index.partial) !== 0 || !columns.every(column => names.includes(column))) return [];
      const order = held.filter(column => Number(column.key) === 1).map(column => column.name ?? '');
      return [{ index: index.name, order }];
    });
  } catch {
    return [];
  }
}

/** The column that is the row's number, which every index holds. */
function rowidColumn(db: Db, table: string): string | null {
  const columns = db.pragma(`table_info(${quoted(table)})`) as { name: string; type: string; pk: bigint | number }[];
  const key = columns.filter(column => Number(column.pk) > 0);
  return key.length === 1 && key[0]?.type === 'INTEGER' ? key[0].name : null;
}
