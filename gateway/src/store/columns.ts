// Readings of one series in columns that grow: time, double, type, and the texts that doubles point to.
import { booleanType, numberType, type Run, type RunValue, textType } from './run.ts';

/** Readings of one series, in order of arrival; `finish` puts them in order of time. */
export class Columns {
  count = 0;
  ts = new Float64Array(16);
  doubles = new Float64Array(16);
  types = new Uint8Array(16);
  texts: string[] = [];
  /** True while times only grew, so that nothing has to be sorted. */
  private ordered = true;

  add(ts: number, double: number, type: number, text: string | null): void {
    if (this.count === this.ts.length) this.grow();
    if (this.count > 0 && ts <= (this.ts[this.count - 1] as number)) this.ordered = false;
    this.ts[this.count] = ts;
    this.doubles[this.count] = text === null ? double : this.texts.push(text) - 1;
    this.types[this.count] = type;
    this.count++;
  }

  addFrom(run: Run, i: number): void {
    const type = run.type(i);
    this.add(run.ts(i), run.double(i), type, type === textType ? (run.value(i) as string) : null);
  }

  /** Adds those of another's readings that lie in [from, to). */
  addRange(other: Columns, from: number, to: number): void {
    for (let i = 0; i < other.count; i++) {
      const ts = other.ts[i] as number;
      if (ts < from || ts >= to) continue;
      const type = other.types[i] as number;
      this.add(ts, other.doubles[i] as number, type, type === textType ? (other.value(i) as string) : null);
    }
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

  isNumber(i: number): boolean {
    return this.types[i] === numberType;
  }

  /** Sorts by time; of several readings of one time the one that was committed last stays ([ING-4]). */
  finish(): Columns {
    if (this.ordered) return this;
    const order = Array.from({ length: this.count }, (_, i) => i);
    order.sort((a, b) => (this.ts[a] as number) - (this.ts[b] as number) || a - b);
    const sorted = new Columns();
    for (let k = 0; k < order.length; k++) {
      const i = order[k] as number;
      const following = order[k + 1];
      if (following !== undefined && this.ts[following] === this.ts[i]) continue;
      const text = this.types[i] === textType ? (this.value(i) as string) : null;
      sorted.add(this.ts[i] as number, this.doubles[i] as number, this.types[i] as number, text);
    }
    return sorted;
  }

  private grow(): void {
    const size = this.ts.length * 2;
    const ts = new Float64Array(size);
    ts.set(this.ts);
    this.ts = ts;
    const doubles = new Float64Array(size);
    doubles.set(this.doubles);
    this.doubles = doubles;
    const types = new Uint8Array(size);
    types.set(this.types);
    this.types = types;
  }
}
