// Sealing: what waited in the log long enough, or is enough, becomes one batch of compressed chunks, a row for each
// series. The batch counts once its own row is there, which is written last: a kill before that leaves rows behind that
// the next try removes, and the log still has everything.
import { encodeChunks } from '../codec/chunk.ts';
import { Columns } from '../columns.ts';
import { sealedKey } from '../keys.ts';
import { type Run, soundRun } from '../run.ts';
import { type Db, entryKinds } from '../schema.ts';
import { Slice, type Task } from './task.ts';

export type SealSettings = { sealReadings: number; sealAfterMs: number };

const pageEntries = 500;

export class Sealer {
  /** Batches of this process, so that the log's length can be bounded by readings. */
  readonly done: { through: number; count: number }[] = [];
  /** Entries that could not be read, for whoever tells of them. */
  damaged: string[] = [];
  private readonly readLog;
  private readonly waiting;
  private readonly oldest;
  private readonly lastBatch;
  private readonly through;

  constructor(db: Db) {
    this.readLog = db.prepare<[number, number], { offset: number; kind: number; count: number; body: Buffer }>(
      'SELECT offset, kind, count, body FROM log WHERE offset > ? ORDER BY offset LIMIT ?',
    );
    this.waiting = db.prepare<[number], number>('SELECT total(count) FROM log WHERE offset > ?').pluck();
    this.oldest = db
      .prepare<[number], number>('SELECT at FROM log WHERE offset > ? AND count > 0 ORDER BY offset LIMIT 1')
      .pluck();
    this.lastBatch = db.prepare<[], number>(`SELECT value FROM meta WHERE key = 'last_batch'`).pluck();
    this.through = db.prepare<[], number>(`SELECT value FROM meta WHERE key = 'sealed_through'`).pluck();
  }

  sealedThrough(): number {
    return this.through.get() ?? 0;
  }

  /** Readings in the log that are not sealed. Counted over the log: for a start, not for every commit. */
  countWaiting(): number {
    return this.waiting.get(this.sealedThrough()) ?? 0;
  }

  /** Number of the batch that is being sealed, or will be next. A number is never given out again. */
  nextBatch(): number {
    return (this.lastBatch.get() ?? 0) + 1;
  }

  hasWaiting(): boolean {
    return this.oldest.get(this.sealedThrough()) !== undefined;
  }

  /** Whether the oldest that waits has waited long enough; a clock that was set back or ahead counts as that. */
  isDue(now: number, sealAfterMs: number): boolean {
    const at = this.oldest.get(this.sealedThrough());
    return at !== undefined && Math.abs(now - at) >= sealAfterMs;
  }

  /** Seals what waits, at most about `readingsMax` readings. */
  *seal(readingsMax: number, now: number): Task {
    const id = this.nextBatch();
    yield [['sealed.deleteBetween', sealedKey(id, 0), sealedKey(id + 1, 0)]];
    const { series, through, count } = this.read(readingsMax);
    if (through === 0) return;
    const slice = new Slice();
    let firstTs = Number.POSITIVE_INFINITY;
    let lastTs = Number.NEGATIVE_INFINITY;
    for (const key of [...series.keys()].sort((a, b) => a - b)) {
      const columns = (series.get(key) as Columns).finish();
      series.delete(key);
      const first = columns.ts[0] as number;
      const last = columns.ts[columns.count - 1] as number;
      firstTs = Math.min(firstTs, first);
      lastTs = Math.max(lastTs, last);
      slice.add('sealed.put', sealedKey(id, key), first, last, columns.count, encodeChunks(columns));
      if (slice.isFull()) yield slice.take();
    }
    if (count > 0) {
      // Where nothing of it could be read, its span is a moment long ago, in which nobody looks for it.
      const span = Number.isFinite(firstTs) ? [firstTs, lastTs] : [0, 0];
      slice.add('batch.put', id, now, through, count, ...span);
      slice.add('meta.put', 'last_batch', id);
    }
    slice.add('meta.put', 'sealed_through', through);
    yield slice.take();
    this.done.push({ through, count });
  }

  private read(readingsMax: number): { series: Map<number, Columns>; through: number; count: number } {
    const runs: Run[] = [];
    let offset = this.sealedThrough();
    let through = 0;
    let count = 0;
    while (count < readingsMax) {
      const entries = this.readLog.all(offset, pageEntries);
      for (const entry of entries) {
        if (count >= readingsMax) break;
        offset = through = entry.offset;
        if (entry.kind !== entryKinds.readings) continue;
        // Counted as the log counts them, so that what is damaged does not wait for ever.
        count += entry.count;
        const run = soundRun(entry.offset, entry.body);
        if (run !== null) runs.push(run);
        else this.damaged.push(`log ${entry.offset}`);
      }
      if (entries.length < pageEntries) break;
    }
    return { series: bySeries(runs), through, count };
  }
}

/** The readings of each series, in order of their commits. Counted first, for growing columns costs more than that. */
function bySeries(runs: readonly Run[]): Map<number, Columns> {
  const counts = new Map<number, number>();
  for (const run of runs) {
    for (let i = 0; i < run.count; i++) counts.set(run.series(i), (counts.get(run.series(i)) ?? 0) + 1);
  }
  const series = new Map<number, Columns>();
  for (const [id, count] of counts) series.set(id, new Columns(count));
  for (const run of runs) {
    for (let i = 0; i < run.count; i++) series.get(run.series(i))?.addFrom(run, i);
  }
  return series;
}
