// Reads a table of a damaged file in the order of its key. Where a row cannot be read, it jumps ahead by growing steps
// until one can, then back to the nearest such place, so that a damaged page costs only what lay on it. A page inside the
// tree costs all that it leads to.
import type { Db } from '../schema.ts';
import { firstPosition, isExact, type Key, keyAt, lastPosition, positionOf } from './position.ts';
import { quoted, type TableShape } from './shape.ts';

/** What SQLite keeps in a column, integers as they are. */
export type Value = bigint | number | string | Buffer | null;
export type WalkedRow = { key: Key; values: Value[] };
/** The rows that could be read, and why there are no more of them; a short page without an error is the last one. */
export type Page = { rows: WalkedRow[]; error: string | null };

/** A step is this part of the way jumped so far: sound rows between two damaged places are missed only if they are fewer. */
const stepsInWay = 64n;
/** Steps smaller than this power of two of the whole way would fall between the keys of one page. */
const finestStep = 20n;

type Leap = { unreadable: bigint; readable: bigint };

export class TableWalk {
  private readonly parts;
  private readonly fromStart;
  private readonly behind;
  private readonly find;
  private readonly upTo;

  constructor(db: Db, shape: TableShape) {
    this.parts = shape.key;
    const names = shape.key.map(({ name }) => (name === 'rowid' ? 'rowid' : quoted(name)));
    const keys = shape.key.map(({ kind }, i) => (kind === 'text' ? `CAST(${names[i]} AS BLOB)` : names[i]));
    const place = `(${shape.key.map(({ kind }) => (kind === 'text' ? 'CAST(? AS TEXT)' : '?')).join(', ')})`;
    const table = quoted(shape.name);
    const select = `SELECT ${[...keys, ...shape.columns.map(quoted)].join(', ')} FROM ${table}`;
    const order = `ORDER BY ${names.join(', ')} LIMIT ?`;
    const prepare = (sql: string) => db.prepare<unknown[], Value[]>(sql).raw().safeIntegers();
    this.fromStart = prepare(`${select} ${order}`);
    this.behind = prepare(`${select} WHERE (${names.join(', ')}) > ${place} ${order}`);
    this.find = prepare(`SELECT 1 FROM ${table} WHERE (${names.join(', ')}) = ${place}`);
    const backwards = `ORDER BY ${names.map(name => `${name} DESC`).join(', ')} LIMIT ?`;
    this.upTo = prepare(`${select} WHERE (${names.join(', ')}) <= ${place} ${backwards}`);
  }

  /** The rows behind a key, at most so many; from the beginning where the key is null. */
  page(after: Key | null, max: number): Page {
    const rows: WalkedRow[] = [];
    let last = after;
    try {
      const found = after === null ? this.fromStart.iterate(max) : this.behind.iterate(...after, max);
      for (const row of found) {
        const key = row.slice(0, this.parts.length) as Key;
        if (!this.isInPlace(last, key)) return { rows, error: 'rows are out of order' };
        rows.push({ key, values: row.slice(this.parts.length) });
        last = key;
      }
      return { rows, error: null };
    } catch (error) {
      return { rows, error: (error as Error).message };
    }
  }

  /** The key behind which rows can be read again, where those right behind `after` cannot; null where there is none. */
  next(after: Key | null): Key | null {
    const from = after === null ? firstPosition(this.parts) : positionOf(this.parts, after);
    // Doubling steps find the far side quickly. Small steps then look for something readable on the way there.
    const far = this.leap(from, 1n, way => way);
    const found = this.leap(from, far === null ? 1n : (far.readable - from) >> finestStep, way => way / stepsInWay);
    if (found === null) return null;
    let { unreadable, readable } = found;
    while (readable - unreadable > 1n) {
      const middle = (readable + unreadable) / 2n;
      if (this.isReadable(middle)) readable = middle;
      else unreadable = middle;
    }
    return keyAt(this.parts, readable);
  }

  private leap(from: bigint, first: bigint, step: (way: bigint) => bigint): Leap | null {
    const last = lastPosition(this.parts);
    let unreadable = from;
    for (let way = first + 1n; from + way <= last; way += step(way) + 1n) {
      if (this.isReadable(from + way)) return { unreadable, readable: from + way };
      unreadable = from + way;
    }
    return null;
  }

  /**
   * The last row between `after` and the key that `next` returned for it; null where there is none that can be read. It
   * lies above the damaged page, where only a look back from behind gets to it.
   */
  above(after: Key | null, next: Key): WalkedRow | null {
    try {
      const found = this.upTo.get(...next, 1);
      if (found === undefined) return null;
      const key = found.slice(0, this.parts.length) as Key;
      const isNew = after === null || positionOf(this.parts, key) > positionOf(this.parts, after);
      return isNew ? { key, values: found.slice(this.parts.length) } : null;
    } catch {
      return null;
    }
  }

  private isReadable(position: bigint): boolean {
    return this.page(keyAt(this.parts, position), 1).error === null;
  }

  /** Overwritten bytes can pass for a row with some key. A row whose key does not lead to it is not believed. */
  private isInPlace(last: Key | null, key: Key): boolean {
    if (key.some((value, i) => (typeof value === 'bigint') !== (this.parts[i]?.kind === 'integer'))) return false;
    if (last !== null) {
      const step = positionOf(this.parts, key) - positionOf(this.parts, last);
      if (step < 0n || (step === 0n && isExact(key))) return false;
      // One more than the last: as in the log, where a look-up for each entry would be wasted.
      if (step === 1n) return true;
    }
    return this.find.get(...key) !== undefined;
  }
}
