// Trimming the log: entries that are sealed, older than a viewer may be away, and behind every view's mark, go a few at a
// time. The last entry stays: the next offset is counted from it.
import type { Db } from '../schema.ts';
import type { Sealer } from './seal.ts';
import type { Task } from './task.ts';

const entriesAtOnce = 500;
/** The same in readings: some megabytes, whose pages are let go of in some milliseconds. */
const readingsAtOnce = 1_000_000;
/** Sealed readings that stay for viewers that resume, however young: some 100 MB of log. */
const readingsKeptMax = 20_000_000;

export class Trimmer {
  private readonly sealer: Sealer;
  private readonly candidates;
  private readonly lastOffset;
  private readonly mark;

  constructor(db: Db, sealer: Sealer) {
    this.sealer = sealer;
    this.candidates = db.prepare<[number, number], { offset: number; at: number; count: number }>(
      'SELECT offset, at, count FROM log WHERE offset <= ? ORDER BY offset LIMIT ?',
    );
    this.lastOffset = db.prepare<[], number>('SELECT max(offset) FROM log').pluck();
    // A view's mark says from where on its owner follows the log; its parts have names with a slash.
    this.mark = db.prepare<[], number>(`SELECT min(offset) FROM view WHERE name NOT LIKE '%/%'`).pluck();
  }

  *trim(now: number, resumeMs: number, few: boolean): Task {
    const bound = Math.min(
      this.sealer.sealedThrough(),
      (this.lastOffset.get() ?? 0) - 1,
      this.mark.get() ?? Number.MAX_SAFE_INTEGER,
    );
    const crowded = this.crowdedThrough();
    for (;;) {
      const rows = this.candidates.all(bound, entriesAtOnce);
      let readings = 0;
      let last: { offset: number } | undefined;
      let isFull = rows.length === entriesAtOnce;
      for (const row of rows) {
        // A time that the clock has not reached was given before it was set back: nobody can wait for it to come.
        if (row.offset > crowded && Math.abs(now - row.at) < resumeMs) {
          isFull = false;
          break;
        }
        last = row;
        readings += row.count;
        if (readings < readingsAtOnce) continue;
        isFull = true;
        break;
      }
      if (last === undefined || !(isFull || few)) return;
      yield [['log.trim', last.offset]];
    }
  }

  /** Entries up to here go even if they are young. */
  private crowdedThrough(): number {
    const { done } = this.sealer;
    let kept = 0;
    for (let i = done.length - 1; i >= 0; i--) {
      const { through, count } = done[i] as (typeof done)[number];
      if (kept >= readingsKeptMax) {
        done.splice(0, i);
        return through;
      }
      kept += count;
    }
    return 0;
  }
}
