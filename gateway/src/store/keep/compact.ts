// Compaction: the readings of all batches go into their windows of a day, series by series, joined with what is there,
// and the rollups of those days are made again. The mark of how far it came is written with each slice, so that a kill
// costs one slice and no answer changes at any moment ([STO-8]).
import type { Archive, Batch, Compacting } from '../archive.ts';
import { Columns } from '../columns.ts';
import { dayMs, type Level, sealedKey, seriesOfSealed, windowMs, windowOf } from '../keys.ts';
import type { Db } from '../schema.ts';
import type { KeepEffect } from '../statements.ts';
import { Merger } from './merge.ts';
import type { Changed, Roller } from './roll.ts';
import type { Sealer } from './seal.ts';
import { Slice, type Task } from './task.ts';
import { newUse, readingsPerWindowMin, useParams } from './use.ts';

/** Readings of one series worked on at once; a series that has more is taken in several rounds. */
const readingsAtOnceMax = 2_000_000;
/** Batches that wait before they are compacted, and how long the oldest may wait. */
const batchesDue = 64;
const oldestDueMs = dayMs;

export class Compactor {
  /** Readings that came after those of their time had been let go of. */
  dropped = 0;
  private readonly archive: Archive;
  private readonly sealer: Sealer;
  private readonly merger: Merger;
  private readonly roller: Roller;
  private readonly readKeys;

  constructor(db: Db, archive: Archive, sealer: Sealer, roller: Roller) {
    this.archive = archive;
    this.sealer = sealer;
    this.merger = new Merger(this.archive);
    this.roller = roller;
    this.readKeys = db
      .prepare<[number, number, number], number>(
        'SELECT key FROM sealed WHERE key > ? AND key < ? ORDER BY key LIMIT ?',
      )
      .pluck();
  }

  isDue(now: number): boolean {
    this.archive.refresh();
    const batches = this.archive.batches();
    const oldest = batches[0];
    if (oldest === undefined) return false;
    return (
      this.archive.compacting() !== null || batches.length >= batchesDue || Math.abs(now - oldest.at) >= oldestDueMs
    );
  }

  hasBatches(): boolean {
    this.archive.refresh();
    return this.archive.batches().length > 0;
  }

  /** Compacts all batches there are, or goes on with what was begun. */
  *compact(): Task {
    this.archive.refresh();
    const batches = this.archive.batches();
    const begun = this.archive.compacting() ?? { batch: batches.at(-1)?.id ?? 0, series: 0 };
    const taken = batches.filter(({ id }) => id <= begun.batch);
    const slice = new Slice();
    let group: Changed[] = [];
    for (const series of this.seriesIn(taken)) {
      if (series <= begun.series) continue;
      group.push(yield* this.compactSeries(series, taken, slice, group));
      if (!slice.isFull()) continue;
      yield* this.finishGroup(group, slice);
      group = [];
      slice.add('meta.put', 'compacting', JSON.stringify({ batch: begun.batch, series } satisfies Compacting));
      yield slice.take();
    }
    yield* this.finishGroup(group, slice);
    slice.add('batch.deleteThrough', begun.batch);
    slice.add('meta.delete', 'compacting');
    yield slice.take();
  }

  /** Writes the rows of some series; then their rollups are made of what is written. */
  private *finishGroup(group: readonly Changed[], slice: Slice): Task {
    yield this.write(group, slice);
    this.archive.refresh();
    yield* this.roller.roll(group, slice);
  }

  /** Removes rows of batches that are gone, a few at a time. */
  *sweep(): Task {
    this.archive.refresh();
    const first = this.archive.batches()[0]?.id ?? Number.POSITIVE_INFINITY;
    // The batch that is being sealed now has rows and no number in `batch` yet; those after it have higher ones.
    const end = sealedKey(Math.min(first, this.sealer.nextBatch()), 0);
    for (;;) {
      const keys = this.readKeys.all(0, end, 500);
      const last = keys.at(-1);
      if (last === undefined) return;
      yield [['sealed.deleteBetween', 0, last + 1]];
    }
  }

  /** The series that any of the batches has, in order. */
  private seriesIn(batches: readonly Batch[]): number[] {
    const found = new Set<number>();
    for (const { id } of batches) {
      for (let after = sealedKey(id, 0); ; ) {
        const keys = this.readKeys.all(after, sealedKey(id + 1, 0), 10_000);
        for (const key of keys) found.add(seriesOfSealed(key));
        const last = keys.at(-1);
        if (last === undefined) break;
        after = last;
      }
    }
    return [...found].sort((a, b) => a - b);
  }

  /** Joins one series' readings with its windows. Several rounds are written one by one, for each joins with the last. */
  private *compactSeries(
    series: number,
    batches: readonly Batch[],
    slice: Slice,
    group: readonly Changed[],
  ): Generator<KeepEffect[], Changed, void> {
    const use = this.archive.use(series) ?? newUse();
    const days = new Set<number>();
    const changed: Changed = { series, days, use };
    let isFirst = true;
    for (const columns of this.rounds(series, batches)) {
      if (!isFirst) yield this.write([...group, changed], slice);
      isFirst = false;
      // What is older than what was let go of would come back as an island.
      const begin = columns.lowerBound(use.rawFrom);
      this.dropped += begin;
      if (begin === columns.count) continue;
      use.firstTs = Math.min(use.firstTs, columns.ts[begin] as number);
      use.lastTs = Math.max(use.lastTs, columns.ts[columns.count - 1] as number);
      for (let i = begin; i < columns.count; ) {
        const level = this.levelFor(series, columns, i);
        const window = windowOf(level, columns.ts[i] as number);
        const end = columns.lowerBound((window + 1) * windowMs(level));
        this.merger.join(level, window, series, columns, i, end, slice, use);
        for (; i < end; i = columns.lowerBound((windowOf(1, columns.ts[i] as number) + 1) * dayMs)) {
          days.add(windowOf(1, columns.ts[i] as number));
        }
        if (slice.isFull()) yield this.write([...group, changed], slice);
      }
    }
    return changed;
  }

  /** The slice, with what each series takes once it is written. */
  private write(group: readonly Changed[], slice: Slice): KeepEffect[] {
    for (const { series, use } of group) slice.add('use.put', ...useParams(series, use));
    this.archive.refresh();
    return slice.take();
  }

  /**
   * Where readings from place `i` on belong: in the coarsest window in which the series has rows already, so that a later
   * commit never lies beside what it replaces; in one that is over and has none, where they are few; else in their day.
   */
  private levelFor(series: number, columns: Columns, i: number): Level {
    const ts = columns.ts[i] as number;
    for (const level of [3, 2] as const) if (this.archive.has(level, series, ts)) return level;
    for (const level of [3, 2] as const) {
      const window = windowOf(level, ts);
      if (window > this.roller.closedThrough(level)) continue;
      const begin = window * windowMs(level);
      const count = columns.lowerBound(begin + windowMs(level)) - i;
      const isFree = this.archive.countIn(series, begin, begin + windowMs(level), 'windows') === 0;
      if (isFree && count < readingsPerWindowMin) return level;
    }
    return 1;
  }

  /** The series' readings in the batches, in rounds that fit into memory; a later round wins over an earlier one. */
  private *rounds(series: number, batches: readonly Batch[]): Iterable<Columns> {
    let columns = new Columns();
    for (const batch of batches) {
      this.archive.addBatch(batch, series, columns);
      if (columns.count < readingsAtOnceMax) continue;
      yield columns.finish();
      columns = new Columns();
    }
    if (columns.count > 0) yield columns.finish();
  }
}
