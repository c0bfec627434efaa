// The recent readings of every series in memory: the tail of the log, sorted by series. It is a view of the log and
// is rebuilt from it at start. Full, it lets the older half go; queries then read that part from the log.
import { Columns } from './columns.ts';
import { decodeRun, rowBytes } from './run.ts';
import { type Db, entryKinds } from './schema.ts';

/** Readings in one half. Both halves take about 50 MB. */
const halfReadingsMax = 1_000_000;
/** Entries in one half: where each holds few readings, reading them back costs by the entry. */
const halfEntriesMax = 100_000;

type Half = { readings: number; entries: number; firstOffset: number; series: Map<number, Columns> };

const emptyHalf = (firstOffset: number): Half => ({ readings: 0, entries: 0, firstOffset, series: new Map() });

export class Recent {
  private older = emptyHalf(1);
  private newer = emptyHalf(1);
  private offset = 0;
  private readonly readEntries;
  private readonly readSizes;

  constructor(db: Db) {
    this.readEntries = db.prepare<[number, number], { offset: number; kind: number; body: Buffer }>(
      'SELECT offset, kind, body FROM log WHERE offset > ? ORDER BY offset LIMIT ?',
    );
    this.readSizes = db.prepare<[number], { offset: number; bytes: number }>(
      'SELECT offset, length(body) AS bytes FROM log WHERE offset > ? ORDER BY offset DESC',
    );
  }

  /** The offset of the first entry that is in memory; all older ones have to be read from the log. */
  firstOffset(): number {
    return this.older.firstOffset;
  }

  /** Follows the log to its end. Where it fell far behind, it begins anew near the end. */
  catchUp(): void {
    const start = this.tailStart();
    if (start > this.offset) {
      this.older = emptyHalf(start + 1);
      this.newer = emptyHalf(start + 1);
      this.offset = start;
    }
    for (;;) {
      const entries = this.readEntries.all(this.offset, 1_000);
      for (const { offset, kind, body } of entries) {
        if (kind === entryKinds.readings) this.take(offset, body);
        this.offset = offset;
      }
      if (entries.length < 1_000) return;
    }
  }

  /** Adds the readings of a series in [from, to) that are in memory. */
  collect(series: number, from: number, to: number, into: Columns): void {
    for (const half of [this.older, this.newer]) {
      const columns = half.series.get(series);
      if (columns !== undefined) into.addRange(columns, from, to);
    }
  }

  /** The offset after which half a memory of readings lies, or where it stands already. */
  private tailStart(): number {
    let bytes = 0;
    let entries = 0;
    for (const entry of this.readSizes.iterate(this.offset)) {
      bytes += entry.bytes;
      if (bytes > halfReadingsMax * rowBytes || ++entries > halfEntriesMax) return entry.offset;
    }
    return this.offset;
  }

  private take(offset: number, body: Buffer): void {
    if (this.newer.readings >= halfReadingsMax || this.newer.entries >= halfEntriesMax) {
      this.older = this.newer;
      this.newer = emptyHalf(offset);
    }
    const run = decodeRun(offset, body);
    this.newer.entries++;
    this.newer.readings += run.count;
    for (let i = 0; i < run.count; i++) {
      const series = run.series(i);
      let columns = this.newer.series.get(series);
      if (columns === undefined) {
        columns = new Columns();
        this.newer.series.set(series, columns);
      }
      columns.addFrom(run, i);
    }
  }
}
