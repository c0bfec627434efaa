// Compaction: the readings of all batches go into their windows of a day, series by series, joined with what is there,
// and the rollups of those days are made again. The mark of how far it came is written with each slice, so that a kill
// costs one slice and no answer changes at any moment ([STO-8]).
import type { Archive, Batch, Compacting } from '../archive.ts';
import { Columns } from '../columns.ts';
import { dayMs, sealedKey, seriesOfSealed, windowOf } from '../keys.ts';
import type { Db } from '../schema.ts';
import type { KeepEffect } from '../statements.ts';
import { Merger } from './merge.ts';
import type { Changed, Roller } from './roll.ts';
import type { Sealer } from './seal.ts';
import { Slice, type Task } from './task.ts';
import { newUse, useParams, written } from './use.ts';

/** Readings of one series worked on at once; a series that has more is taken in several rounds. */
const readingsAtOnceMax = 2_000_000;
/** Batches that wait before they are compacted, and how long the oldest may wait. */
const batchesDue = 64;
const oldestDueMs = dayMs;

export class Compactor {
  private readonly archive: Archive;
  private readonly sealer: Sealer;
  private readonly merger: Merger;
  private readonly roller: Roller;
  private readonly readKeys;
  private readonly oldestKey;

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
    this.oldestKey = db.prepare<[], number>('SELECT min(key) FROM sealed').pluck();
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
      group.push(yield* this.compactSeries(series, taken, slice));
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
    for (const { series, use } of group) slice.add('use.put', ...useParams(series, use));
    yield slice.take();
    this.archive.refresh();
    yield* this.roller.roll(group, slice);
  }

  /** Removes rows of batches that are gone, a few at a time. */
  *sweep(): Task {
    this.archive.refresh();
    const first = this.archive.batches()[0]?.id ?? Number.POSITIVE_INFINITY;
    for (;;) {
      const oldest = this.oldestKey.get();
      if (oldest === undefined || oldest == null) return;
      // The batch that is being sealed has no row in `batch` yet: its rows stay.
      const end = sealedKey(Math.min(first, this.sealer.nextBatch()), 0);
      const keys = this.readKeys.all(oldest - 1, end, 500);
      const last = keys.at(-1);
      if (last === undefined) return;
      yield [['sealed.deleteBetween', oldest, last + 1]];
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

  /** Joins one series' readings with its days. Several rounds are written one by one, for each joins with the last. */
  private *compactSeries(
    series: number,
    batches: readonly Batch[],
    slice: Slice,
  ): Generator<KeepEffect[], Changed, void> {
    const use = this.archive.use(series) ?? newUse();
    const days = new Set<number>();
    let isFirst = true;
    for (const columns of this.rounds(series, batches)) {
      if (!isFirst) {
        yield written(slice, series, use);
        this.archive.refresh();
      }
      isFirst = false;
      // What is older than what was let go of would come back as an island.
      const begin = columns.lowerBound(use.rawFrom);
      if (begin < columns.count) use.firstTs = Math.min(use.firstTs, columns.ts[begin] as number);
      for (let i = begin; i < columns.count; ) {
        const day = windowOf(1, columns.ts[i] as number);
        const end = columns.lowerBound((day + 1) * dayMs);
        this.merger.join(1, day, series, columns, i, end, slice, use);
        days.add(day);
        i = end;
        if (slice.isFull()) yield written(slice, series, use);
      }
    }
    return { series, days, use };
  }

  /** The series' readings in the batches, in rounds that fit into memory; a later round wins over an earlier one. */
  private *rounds(series: number, batches: readonly Batch[]): Iterable<Columns> {
    let columns = new Columns();
    for (const { id } of batches) {
      this.archive.addBatch(id, series, columns);
      if (columns.count < readingsAtOnceMax) continue;
      yield columns.finish();
      columns = new Columns();
    }
    if (columns.count > 0) yield columns.finish();
  }
}
