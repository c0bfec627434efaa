// Which series a viewer knows by their number: each is defined before its first row, and again after its unit changed.
import { limits, type SeriesDef } from '../contract/index.ts';

export class Definitions {
  private readonly told = new Set<number>();
  private readonly define: (series: number) => SeriesDef | null;

  constructor(define: (series: number) => SeriesDef | null) {
    this.define = define;
  }

  /** What has to be told before rows of these series, in lists of at most a frame's length; it counts as told. */
  missing(series: readonly number[]): SeriesDef[][] {
    const lists: SeriesDef[][] = [];
    for (const index of series) {
      if (this.told.has(index)) continue;
      const definition = this.define(index);
      if (definition === null) continue;
      this.told.add(index);
      const last = lists.at(-1);
      if (last === undefined || last.length >= limits.rowsPerFrameMax) lists.push([definition]);
      else last.push(definition);
    }
    return lists;
  }

  /** They are told again before their next row. */
  forget(series: Iterable<number>): void {
    for (const index of series) this.told.delete(index);
  }
}
