// Reads stored rows again, a slice at a time, to find damage while there is still a backup to bring back ([STO-5]).
import type { Db } from '../schema.ts';
import type { Key } from './position.ts';
import { TableWalk } from './walk.ts';

/** A table with an integer key and a column `body`, and what throws where a body is not as it was written. */
export type ScrubCheck = { table: string; check: (body: Uint8Array, key: number) => void };

/** A damaged row; where rows cannot be read at all, the first key that may be among them. */
export type ScrubFinding = { table: string; key: number; error: string };
/** `done`: the last table was read to its end, and the next slice begins anew. */
export type ScrubSlice = { done: boolean; checked: number; damaged: ScrubFinding[] };

const rowsInPage = 64;

/** Walks through tables in the order of their keys, and remembers where it stands. */
export class Scrub {
  private readonly db: Db;
  private readonly tables: (ScrubCheck & { walk: TableWalk })[];
  private current = 0;
  private after: Key | null = null;

  constructor(db: Db, checks: readonly ScrubCheck[]) {
    this.db = db;
    this.tables = checks.map(({ table, check }) => {
      const key = [{ name: 'rowid', kind: 'integer' as const }];
      return { table, check, walk: new TableWalk(db, { name: table, columns: ['body'], key }) };
    });
  }

  /** Checks so many rows more, or fewer where the last table ends. */
  slice(rows: number): ScrubSlice {
    const result: ScrubSlice = { done: false, checked: 0, damaged: [] };
    // One view of the database for the whole slice: rows that are trimmed meanwhile must not look like damage.
    this.db.exec('BEGIN');
    try {
      while (result.checked < rows && !result.done) this.step(rows - result.checked, result);
    } finally {
      // There is nothing to commit, and after a read error SQLite refuses to.
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
    }
    return result;
  }

  private step(max: number, result: ScrubSlice): void {
    const table = this.tables[this.current];
    if (table === undefined) {
      this.current = 0;
      result.done = true;
      return;
    }
    const asked = Math.min(max, rowsInPage);
    const { rows, error } = table.walk.page(this.after, asked);
    for (const { key, values } of rows) this.check(table, Number(key[0]), values[0], result);
    result.checked += rows.length;
    this.after = rows.at(-1)?.key ?? this.after;
    if (error !== null) {
      result.damaged.push({ table: table.table, key: Number(this.after?.[0] ?? -1n) + 1, error });
      this.after = table.walk.next(this.after);
      // What cannot be read counts as looked at, so that a slice of a ruined file ends as well.
      result.checked++;
      if (this.after === null) this.current++;
    } else if (rows.length < asked) {
      this.after = null;
      this.current++;
    }
  }

  private check({ table, check }: ScrubCheck, key: number, body: unknown, result: ScrubSlice): void {
    try {
      check(body as Uint8Array, key);
    } catch (error) {
      result.damaged.push({ table, key, error: (error as Error).message });
    }
  }
}
