// Retention: readings and rollups go when they are older than they are wanted, and when the disk budget is used up, the
// oldest readings first, then the oldest rollups ([STO-3]). A few rows at a time, so that no commit waits for it.
import { matchesPattern } from '../../lib/pattern.ts';
import type { Archive, SeriesUse } from '../archive.ts';
import {
  dayMs,
  keyOf,
  type Level,
  levelOf,
  levels,
  seriesOf,
  windowKey,
  windowMs,
  windowOf,
  windowOfKey,
} from '../keys.ts';
import type { Db } from '../schema.ts';
import type { Roller } from './roll.ts';
import { Slice, type Task } from './task.ts';
import { newUse, useParams } from './use.ts';

export type RetentionRule = { device: string; metric: string; raw?: number | undefined; rollups?: number | undefined };
export type RetainSettings = { diskBudget: number | null; retention: readonly RetentionRule[] };

/** Rows of one slice. */
const rowsAtOnce = 200;
/** What is deleted goes on until so much of the budget is used, so that it does not begin again with each batch. */
const budgetShare = 0.97;

type Table = 'chunk' | 'rollup';
type Row = { key: number; count: number; bytes: number };

export class Retainer {
  private readonly archive: Archive;
  private readonly roller: Roller;
  private readonly rows: Record<Table, ReturnType<typeof prepareRows>>;
  private readonly firstTs;
  private readonly seriesPage;
  private readonly pages;

  constructor(db: Db, archive: Archive, roller: Roller) {
    this.archive = archive;
    this.roller = roller;
    this.rows = { chunk: prepareRows(db, 'chunk'), rollup: prepareRows(db, 'rollup') };
    this.firstTs = db
      .prepare<[number, number], number>('SELECT min(first_ts) FROM chunk WHERE key >= ? AND key < ?')
      .pluck();
    this.seriesPage = db.prepare<[number], { series: number; device: string; metric: string }>(
      `SELECT series, device, metric FROM series_use JOIN series ON series.id = series
       WHERE series > ? ORDER BY series LIMIT 500`,
    );
    this.pages = {
      size: db.prepare<[], number>('PRAGMA page_size').pluck(),
      count: db.prepare<[], number>('PRAGMA page_count').pluck(),
      free: db.prepare<[], number>('PRAGMA freelist_count').pluck(),
    };
  }

  /** Bytes of the file that are in use. */
  used(): number {
    const { size, count, free } = this.pages;
    return ((count.get() ?? 0) - (free.get() ?? 0)) * (size.get() ?? 0);
  }

  isOver(budget: number): boolean {
    return this.used() > budget;
  }

  /** Lets the oldest go until the budget is kept, or nothing is left that may go. */
  *keepBudget(budget: number, now: number): Task {
    while (this.used() > budget * budgetShare) {
      const slice = this.oldest('chunk', now) ?? (this.hasReadings() ? null : this.oldest('rollup', now));
      if (slice === null) return;
      yield slice.take();
    }
  }

  /** Rollups do not go while there are readings that could, once their day is over. */
  private hasReadings(): boolean {
    return this.archive.firstOfWindows() !== null || this.archive.batches().length > 0;
  }

  /** Rows of the window that ended longest ago; today's stay. */
  private oldest(table: Table, now: number): Slice | null {
    let found: { level: Level; window: number; end: number } | null = null;
    for (const level of levels) {
      const [row] = this.rows[table].all(windowKey(level, 0), windowKey((level + 1) as Level, 0), 1);
      if (row === undefined) continue;
      const window = windowOfKey(row.key);
      // Rollups go from the finest: the long view outlives the close one.
      const end = (window + 1) * windowMs(level);
      if (end > now) continue;
      if (found === null || (table === 'chunk' && end < found.end)) found = { level, window, end };
    }
    if (found === null) return null;
    const { level, window, end } = found;
    const rows = this.rows[table].all(windowKey(level, window), windowKey(level, window + 1), rowsAtOnce);
    return this.remove(table, rows, () => end);
  }

  /** Lets go of what each series' rule says is too old. */
  *keepAges(rules: readonly RetentionRule[], now: number): Task {
    if (rules.length === 0) return;
    for (let after = 0; ; ) {
      const page = this.seriesPage.all(after);
      if (page.length === 0) return;
      yield [];
      for (const { series, device, metric } of page) {
        after = series;
        const rule = rules.find(
          candidate => matchesPattern(candidate.device, device) && matchesPattern(candidate.metric, metric),
        );
        if (rule?.raw !== undefined) yield* this.removeBefore('chunk', series, now - rule.raw);
        if (rule?.rollups !== undefined) yield* this.removeBefore('rollup', series, now - rule.rollups);
      }
    }
  }

  private *removeBefore(table: Table, series: number, cut: number): Task {
    this.archive.refresh();
    const use = this.archive.use(series) ?? newUse();
    const from = Math.max(use.firstTs, table === 'chunk' ? use.rawFrom : use.rollupFrom);
    const to = Math.min(cut, use.lastTs + windowMs(3));
    for (const level of levels) {
      for (let window = windowOf(level, from); (window + 1) * windowMs(level) <= to; window++) {
        for (;;) {
          const rows = this.rows[table].all(keyOf(level, window, series), keyOf(level, window, series + 1), rowsAtOnce);
          if (rows.length === 0) break;
          yield this.remove(table, rows, () => (window + 1) * windowMs(level)).take();
        }
      }
    }
  }

  /** Deletes rows, and notes for each series from where on it still has what was deleted. */
  private remove(table: Table, rows: readonly Row[], keptFrom: (key: number) => number): Slice {
    const slice = new Slice();
    const uses = new Map<number, SeriesUse>();
    this.archive.refresh();
    for (const { key, count, bytes } of rows) {
      slice.add(`${table}.delete`, key);
      const series = seriesOf(key);
      const use = uses.get(series) ?? this.archive.use(series) ?? newUse();
      uses.set(series, use);
      if (table === 'chunk') {
        this.rollUp(key, series, slice, use);
        use.count -= count;
        use.bytes -= bytes;
        use.rawFrom = Math.max(use.rawFrom, this.firstKept(series, key, keptFrom(key)));
      } else {
        use.rollupBytes -= bytes;
        use.rollupFrom = Math.max(use.rollupFrom, keptFrom(key));
      }
    }
    for (const [series, use] of uses) slice.add('use.put', ...useParams(series, use));
    return slice;
  }

  /** Readings do not go without a rollup that answers for them: the finest that is worth its bytes. */
  private rollUp(key: number, series: number, slice: Slice, use: SeriesUse): void {
    const level = levelOf(key);
    const begin = windowOfKey(key) * windowMs(level);
    if (level === 1 && this.roller.has(1, windowOf(1, begin), series)) return;
    // What is there speaks for all readings of its window, for it is made again with every change of them.
    if (this.roller.has(3, windowOf(3, begin), series)) return;
    if (level < 3 && this.roller.has(2, windowOf(2, begin), series)) return;
    if (level < 3 && this.roller.make(2, windowOf(2, begin), series, slice, use)) return;
    this.roller.make(3, windowOf(3, begin), series, slice, use, true);
  }

  /** Slow series have older readings in a longer window: what is kept begins with those. */
  private firstKept(series: number, key: number, end: number): number {
    let first = end;
    for (const level of levels) {
      if (windowKey(level, 0) <= key && key < windowKey((level + 1) as Level, 0)) continue;
      const window = windowOf(level, end - 1);
      const ts = this.firstTs.get(keyOf(level, window, series), keyOf(level, window, series + 1)) ?? null;
      if (ts !== null) first = Math.min(first, ts);
    }
    return first;
  }
}

function prepareRows(db: Db, table: Table) {
  return db.prepare<[number, number, number], Row>(
    `SELECT key, count, length(body) AS bytes FROM ${table} WHERE key >= ? AND key < ? ORDER BY key LIMIT ?`,
  );
}

/** Time between two looks at the ages. */
export const agesEveryMs = dayMs;
