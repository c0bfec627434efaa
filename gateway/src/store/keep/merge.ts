// Joins readings with those that a window has already, and says which rows change.
import type { Archive, ChunkRow, SeriesUse } from '../archive.ts';
import { encodeChunks } from '../codec/chunk.ts';
import { Columns } from '../columns.ts';
import { keyOf, type Level, partOf, partsMax, windowMs } from '../keys.ts';
import type { Slice } from './task.ts';

/** Readings of one row: a day of one a second is one row, and takes two megabytes of memory to work on. */
const readingsPerRowMax = 131_072;

export class Merger {
  private readonly archive: Archive;

  constructor(archive: Archive) {
    this.archive = archive;
  }

  /** Joins readings [begin, end), sorted, with the window's; where both have a time the given ones win. */
  join(
    level: Level,
    window: number,
    series: number,
    columns: Columns,
    begin: number,
    end: number,
    slice: Slice,
    use: SeriesUse,
  ): void {
    const start = window * windowMs(level);
    const rows = [...this.archive.parts(level, series, start, start + windowMs(level))];
    const first = columns.ts[begin] as number;
    const last = columns.ts[end - 1] as number;
    const touched = rows.filter(row => row.lastTs >= first && row.firstTs <= last);
    // Where they lie in no row, the one before them is filled up first.
    const before = rows.findLast(row => row.lastTs < first);
    if (touched.length === 0 && before !== undefined && before.count + end - begin <= readingsPerRowMax) {
      touched.push(before);
    }
    const joined = new Columns();
    // A damaged row stays as it is, beside the new ones.
    const sound = touched.filter(row => this.archive.addPart(row, joined));
    joined.append(columns, begin, end);
    const nextPart = Math.max(-1, ...rows.map(({ key }) => partOf(key))) + 1;
    this.write(keyOf(level, window, series), joined.finish(), sound, nextPart, slice, use);
  }

  private write(
    key: number,
    joined: Columns,
    replaced: readonly ChunkRow[],
    nextPart: number,
    slice: Slice,
    use: SeriesUse,
  ): void {
    const free = replaced.map(row => partOf(row.key));
    for (const row of replaced) {
      use.count -= row.count;
      use.bytes -= row.body.byteLength;
    }
    const pieces = Math.ceil(joined.count / readingsPerRowMax);
    for (let k = 0; k < pieces; k++) {
      const begin = Math.floor((joined.count * k) / pieces);
      const end = Math.floor((joined.count * (k + 1)) / pieces);
      const part = free.shift() ?? nextPart++;
      // A window of a day would hold half a thousand million readings of one series by then.
      if (part >= partsMax) throw new Error(`a window has more than ${partsMax} parts`);
      const body = encodeChunks(joined, begin, end);
      slice.add('chunk.put', key + part, joined.ts[begin] as number, joined.ts[end - 1] as number, end - begin, body);
      use.count += end - begin;
      use.bytes += body.byteLength;
    }
    for (const part of free) slice.add('chunk.delete', key + part);
  }
}
