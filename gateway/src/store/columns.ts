// Readings of one series in columns that grow: time, double, type, flags, and the texts that doubles point to.
import { mergeOrder } from './codec/merge-order.ts';
import { booleanType, type Run, type RunValue, textType } from './run.ts';

/** Readings of one series, in order of arrival; `finish` puts them in order of time. */
export class Columns {
  count = 0;
  /** Unix milliseconds. The four arrays are longer than `count`. */
  ts: Float64Array;
  /** The number itself, 0 or 1, or the place of the text in `texts`. */
  doubles: Float64Array;
  types: Uint8Array;
  /** Bits as in a run: `timeAssigned`, `clockImpossible`. */
  flags: Uint8Array;
  /** Several readings may share a text, and there may be some that no reading uses. */
  texts: string[] = [];
  /** True while times only grew, so that nothing has to be sorted. */
  private ordered = true;

  constructor(capacity = 16) {
    this.ts = new Float64Array(capacity);
    this.doubles = new Float64Array(capacity);
    this.types = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
  }

  add(ts: number, double: number, type: number, text: string | null, flags = 0): void {
    const i = this.count;
    if (i === this.ts.length) this.reserve(1);
    if (i > 0 && ts <= (this.ts[i - 1] as number)) this.ordered = false;
    this.ts[i] = ts;
    this.doubles[i] = text === null ? double : this.texts.push(text) - 1;
    this.types[i] = type;
    this.flags[i] = flags;
    this.count = i + 1;
  }

  addFrom(run: Run, i: number): void {
    const type = run.type(i);
    this.add(run.ts(i), run.double(i), type, type === textType ? (run.value(i) as string) : null, run.flags(i));
  }

  /** Adds those of another's readings that lie in [from, to). */
  addRange(other: Columns, from: number, to: number): void {
    if (other.ordered) {
      this.append(other, other.lowerBound(from), other.lowerBound(to));
      return;
    }
    for (let i = 0; i < other.count; i++) {
      const ts = other.ts[i] as number;
      if (ts >= from && ts < to) this.append(other, i, i + 1);
    }
  }

  /** Adds another's readings at places [begin, end), in bulk. */
  append(other: Columns, begin = 0, end = other.count): void {
    const n = end - begin;
    if (n <= 0) return;
    this.reserve(n);
    const at = this.count;
    this.ts.set(other.ts.subarray(begin, end), at);
    this.doubles.set(other.doubles.subarray(begin, end), at);
    this.types.set(other.types.subarray(begin, end), at);
    this.flags.set(other.flags.subarray(begin, end), at);
    if (other.texts.length > 0) {
      for (let i = begin; i < end; i++) {
        if (other.types[i] === textType) this.doubles[at + i - begin] = this.texts.push(other.value(i) as string) - 1;
      }
    }
    this.take(0, n);
  }

  /**
   * Makes room for `n` more readings, so that they can be written behind the end of all four arrays, which may hold
   * anything there; `take` adds them.
   */
  reserve(n: number): void {
    const needed = this.count + n;
    if (needed <= this.ts.length) return;
    const size = Math.max(this.ts.length * 2, needed);
    this.ts = copied(new Float64Array(size), this.ts);
    this.doubles = copied(new Float64Array(size), this.doubles);
    this.types = copied(new Uint8Array(size), this.types);
    this.flags = copied(new Uint8Array(size), this.flags);
  }

  /** Adds, of those that were written behind the end, the ones at [begin, end), counted from there. */
  take(begin: number, end: number): void {
    const at = this.count;
    if (begin > 0) {
      for (const column of [this.ts, this.doubles, this.types, this.flags]) {
        column.copyWithin(at, at + begin, at + end);
      }
    }
    this.count += Math.max(0, end - begin);
    if (!this.ordered) return;
    const ts = this.ts;
    for (let i = Math.max(1, at); i < this.count; i++) {
      if ((ts[i] as number) <= (ts[i - 1] as number)) {
        this.ordered = false;
        return;
      }
    }
  }

  /** Lets all readings go and keeps the memory. */
  clear(): void {
    this.count = 0;
    this.texts = [];
    this.ordered = true;
  }

  /** The first place at which the time is `ts` or later, or `count`. Only where the times are in order. */
  lowerBound(ts: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ts[middle] as number) < ts) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  value(i: number): RunValue {
    const double = this.doubles[i] as number;
    switch (this.types[i]) {
      case booleanType:
        return double !== 0;
      case textType:
        return this.texts[double] ?? '';
      default:
        return double;
    }
  }

  /** The number at `i`, a boolean as 0 or 1, null for text. */
  number(i: number): number | null {
    return this.types[i] === textType ? null : (this.doubles[i] as number);
  }

  /** Sorts by time; of several readings of one time the one that was committed last stays ([ING-4]). */
  finish(): Columns {
    if (this.ordered) return this;
    const order = mergeOrder(this.ts, this.count);
    const sorted = new Columns(this.count);
    let count = 0;
    for (let k = 0; k < order.length; k++) {
      const i = order[k] as number;
      const ts = this.ts[i] as number;
      // Those of one time come in the order in which they were added; each takes the place of the one before.
      if (count > 0 && sorted.ts[count - 1] === ts) count--;
      sorted.ts[count] = ts;
      sorted.doubles[count] = this.doubles[i] as number;
      sorted.types[count] = this.types[i] as number;
      sorted.flags[count] = this.flags[i] as number;
      count++;
    }
    sorted.count = count;
    sorted.texts = this.texts;
    return sorted;
  }
}

function copied<T extends Float64Array | Uint8Array>(into: T, from: T): T {
  into.set(from);
  return into;
}
