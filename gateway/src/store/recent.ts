// The readings that are in the log and not yet sealed, in memory by series: a view of the log's end, followed when
// somebody asks. What was sealed goes again, so that it holds about as many readings as a batch ([STO-2]).
import { Columns } from './columns.ts';
import { soundRun } from './run.ts';
import { type Db, entryKinds } from './schema.ts';

/** What is dropped at once after sealing; small beside a batch. */
const partReadingsMax = 65_536;
const pageEntries = 1_000;

type Part = { lastOffset: number; readings: number; firstTs: number; lastTs: number; series: Map<number, Columns> };

export class Recent {
  private parts: Part[] = [];
  private offset = 0;
  private readonly readEntries;

  constructor(db: Db) {
    this.readEntries = db.prepare<[number, number], { offset: number; kind: number; body: Buffer }>(
      'SELECT offset, kind, body FROM log WHERE offset > ? ORDER BY offset LIMIT ?',
    );
  }

  /** Follows the log to its end, and lets go of what lies in entries up to `sealedThrough`. */
  follow(sealedThrough: number): void {
    while (this.parts.length > 0 && (this.parts[0] as Part).lastOffset <= sealedThrough) this.parts.shift();
    if (this.parts.length === 0) this.offset = Math.max(this.offset, sealedThrough);
    for (;;) {
      const entries = this.readEntries.all(this.offset, pageEntries);
      for (const { offset, kind, body } of entries) {
        if (kind === entryKinds.readings) this.take(offset, body);
        this.offset = offset;
      }
      if (entries.length < pageEntries) return;
    }
  }

  /** Adds the readings of a series in [from, to), in order of their commits. */
  collect(series: number, from: number, to: number, into: Columns): void {
    for (const part of this.parts) {
      const columns = part.series.get(series);
      if (columns !== undefined) into.addRange(columns, from, to);
    }
  }

  /** No reading in here is earlier. */
  earliest(): number {
    return this.parts.reduce((earliest, { firstTs }) => Math.min(earliest, firstTs), Number.POSITIVE_INFINITY);
  }

  /** No reading in here is later. */
  latest(): number {
    return this.parts.reduce((latest, { lastTs }) => Math.max(latest, lastTs), Number.NEGATIVE_INFINITY);
  }

  private take(offset: number, body: Buffer): void {
    const run = soundRun(offset, body);
    if (run === null) return;
    let part = this.parts.at(-1);
    if (part === undefined || part.readings >= partReadingsMax) {
      part = { lastOffset: 0, readings: 0, firstTs: Infinity, lastTs: -Infinity, series: new Map() };
      this.parts.push(part);
    }
    part.lastOffset = offset;
    part.readings += run.count;
    for (let i = 0; i < run.count; i++) {
      const series = run.series(i);
      let columns = part.series.get(series);
      if (columns === undefined) {
        columns = new Columns(2);
        part.series.set(series, columns);
      }
      columns.addFrom(run, i);
      const ts = run.ts(i);
      if (ts < part.firstTs) part.firstTs = ts;
      if (ts > part.lastTs) part.lastTs = ts;
    }
  }
}
