// Buckets of an answer, filled in any order: from readings where those are needed, from the cells of rollups elsewhere.
import type { Bucket, Value } from '../contract/index.ts';
import type { Cells } from './cells.ts';
import type { Columns } from './columns.ts';
import { textType } from './run.ts';

/** Above this, adding up might leave what a double holds: sums are then kept divided. */
const largeSum = 1e300;
const largeDivisor = 2 ** 60;

type Sums = { min: Float64Array; max: Float64Array; sum: Float64Array };

export class Buckets {
  private readonly edges: readonly number[];
  private readonly counts: Float64Array;
  private readonly numbers: Float64Array;
  private readonly sums: Sums;
  private readonly firstTs: Float64Array;
  private readonly lastTs: Float64Array;
  private readonly firsts: Value[] = [];
  private readonly lasts: Value[] = [];
  /** Buckets whose sum is kept divided. */
  private readonly large = new Set<number>();
  private at = 0;

  /** `edges` are the starts of all buckets and the end of the last. */
  constructor(edges: readonly number[]) {
    this.edges = edges;
    const column = () => new Float64Array(edges.length);
    this.counts = column();
    this.numbers = column();
    this.sums = { min: column().fill(Infinity), max: column().fill(-Infinity), sum: column() };
    this.firstTs = column().fill(Infinity);
    this.lastTs = column().fill(-Infinity);
  }

  /** Adds readings [begin, end) of sorted columns. */
  addReadings(columns: Columns, begin = 0, end = columns.count): void {
    const { ts, doubles, types } = columns;
    for (let i = begin; i < end; ) {
      const b = this.find(ts[i] as number);
      const until = this.edges[b + 1] as number;
      const start = i;
      let { min, max, sum, numbers } = { min: Infinity, max: -Infinity, sum: 0, numbers: 0 };
      for (; i < end && (ts[i] as number) < until; i++) {
        if (types[i] === textType) continue;
        const double = doubles[i] as number;
        if (double < min) min = double;
        if (double > max) max = double;
        sum += double;
        numbers++;
      }
      if (Number.isFinite(sum)) this.add(b, i - start, numbers, min, max, sum);
      else this.addOneByOne(b, columns, start, i);
      this.ends(b, columns, start, ts[start] as number, columns, i - 1, ts[i - 1] as number);
    }
  }

  /** Adds those cells that begin in [from, to). */
  addCells(cells: Cells, from: number, to: number): void {
    for (let i = 0; i < cells.count; i++) {
      const start = cells.start[i] as number;
      if (start < from) continue;
      if (start >= to) return;
      const b = this.find(start);
      const numbers = cells.numbers[i] as number;
      const [min, max] = numbers === 0 ? [Infinity, -Infinity] : [cells.min[i] as number, cells.max[i] as number];
      this.add(b, cells.readings[i] as number, numbers, min, max, cells.sum[i] as number);
      this.ends(b, cells.firsts, i, start, cells.lasts, i, start);
    }
  }

  /** Buckets that have readings. */
  rows(): Bucket[] {
    const rows: Bucket[] = [];
    const { min, max, sum } = this.sums;
    for (let b = 0; b + 1 < this.edges.length; b++) {
      const count = this.counts[b] as number;
      if (count === 0) continue;
      const start = this.edges[b] as number;
      const ends = [this.firsts[b] as Value, this.lasts[b] as Value] as const;
      const numbers = this.numbers[b] as number;
      if (numbers === 0) rows.push([start, count, null, null, null, ...ends]);
      else {
        const mean = ((sum[b] as number) / numbers) * (this.large.has(b) ? largeDivisor : 1);
        // Adding up rounds: a mean does not leave the values that it is of.
        const within = Math.min(Math.max(mean, min[b] as number), max[b] as number);
        rows.push([start, count, min[b] as number, max[b] as number, within, ...ends]);
      }
    }
    return rows;
  }

  private add(b: number, count: number, numbers: number, min: number, max: number, sum: number): void {
    const { sums } = this;
    this.counts[b] = (this.counts[b] as number) + count;
    this.numbers[b] = (this.numbers[b] as number) + numbers;
    if (min < (sums.min[b] as number)) sums.min[b] = min;
    if (max > (sums.max[b] as number)) sums.max[b] = max;
    if (!this.large.has(b)) {
      const total = (sums.sum[b] as number) + sum;
      if (Math.abs(total) < largeSum) {
        sums.sum[b] = total;
        return;
      }
      this.large.add(b);
      sums.sum[b] = (sums.sum[b] as number) / largeDivisor;
    }
    sums.sum[b] = (sums.sum[b] as number) + sum / largeDivisor;
  }

  private addOneByOne(b: number, columns: Columns, begin: number, end: number): void {
    for (let i = begin; i < end; i++) {
      const number = columns.number(i);
      if (number === null) this.add(b, 1, 0, Infinity, -Infinity, 0);
      else this.add(b, 1, 1, number, number, number);
    }
  }

  private ends(b: number, firsts: Columns, first: number, ts: number, lasts: Columns, last: number, lastTs: number) {
    if (ts < (this.firstTs[b] as number)) {
      this.firstTs[b] = ts;
      this.firsts[b] = firsts.value(first);
    }
    if (lastTs > (this.lastTs[b] as number)) {
      this.lastTs[b] = lastTs;
      this.lasts[b] = lasts.value(last);
    }
  }

  /** The bucket that holds `ts`, mostly the one of the last time or the next. */
  private find(ts: number): number {
    const { edges } = this;
    if (ts >= (edges[this.at] as number)) {
      if (ts < (edges[this.at + 1] as number)) return this.at;
      if (ts < (edges[this.at + 2] ?? -Infinity)) return ++this.at;
    }
    let low = 0;
    let high = edges.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((edges[middle] as number) <= ts) low = middle;
      else high = middle - 1;
    }
    this.at = low;
    return low;
  }
}
