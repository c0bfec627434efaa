import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Columns } from './columns.ts';
import { booleanType, numberType, textType } from './run.ts';

type Value = number | boolean | string;

function add(columns: Columns, ts: number, value: Value): void {
  if (typeof value === 'string') columns.add(ts, 0, textType, value);
  else if (typeof value === 'boolean') columns.add(ts, value ? 1 : 0, booleanType, null);
  else columns.add(ts, value, numberType, null);
}

const fill = (readings: readonly (readonly [number, Value])[]) => {
  const columns = new Columns();
  for (const [ts, value] of readings) add(columns, ts, value);
  return columns;
};
const list = (columns: Columns) =>
  Array.from({ length: columns.count }, (_, i) => [columns.ts[i] as number, columns.value(i)]);
const model = (readings: readonly (readonly [number, Value])[]) => [...new Map(readings)].sort(([a], [b]) => a - b);

const value = fc.oneof(fc.double({ noNaN: true }), fc.boolean(), fc.string({ maxLength: 3 }));
const readings = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), value), { maxLength: 100 });

describe('the columns of a series', () => {
  test('[ING-4] the same time twice is one reading, and the later one wins', () => {
    expect(
      list(
        fill([
          [5, 1],
          [5, 'two'],
          [5, 3],
        ]).finish(),
      ),
    ).toEqual([[5, 3]]);
    expect(
      list(
        fill([
          [5, 1],
          [4, 2],
          [5, 'three'],
        ]).finish(),
      ),
    ).toEqual([
      [4, 2],
      [5, 'three'],
    ]);
  });

  test('[ING-4] in any order of arrival they end as a map by time would', () => {
    fc.assert(
      fc.property(readings, given => {
        expect(list(fill(given).finish())).toEqual(model(given));
      }),
    );
  });

  test('a range of another’s readings is added in order of arrival', () => {
    fc.assert(
      fc.property(readings, readings, fc.nat(60), fc.nat(60), (older, newer, from, to) => {
        const columns = new Columns();
        columns.addRange(fill(older), from, to);
        columns.addRange(fill(newer), from, to);
        const inside = [...older, ...newer].filter(([ts]) => ts >= from && ts < to);
        expect(list(columns.finish())).toEqual(model(inside));
      }),
    );
  });

  test('a boolean counts as 0 or 1, text is no number', () => {
    const columns = fill([
      [1, 2.5],
      [2, true],
      [3, false],
      [4, 'x'],
    ]);
    expect([0, 1, 2, 3].map(i => columns.number(i))).toEqual([2.5, 1, 0, null]);
  });

  test('flags stay with their readings, whatever becomes of those', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.nat(255)), { maxLength: 100 }), given => {
        const columns = new Columns();
        for (const [ts, flags] of given) columns.add(ts, ts, numberType, null, flags);
        const again = new Columns();
        again.addRange(columns, 0, 61);
        const sorted = again.finish();
        const kept = Array.from({ length: sorted.count }, (_, i) => [sorted.ts[i], sorted.flags[i]]);
        expect(kept).toEqual([...new Map(given)].sort(([a], [b]) => a - b));
      }),
    );
  });

  test('readings are appended in bulk, texts with them', () => {
    fc.assert(
      fc.property(readings, readings, fc.nat(100), fc.nat(100), (older, newer, a, b) => {
        const columns = fill(older);
        const [begin, end] = [Math.min(a, b, newer.length), Math.min(Math.max(a, b), newer.length)];
        columns.append(fill(newer), begin, end);
        expect(list(columns)).toEqual(list(fill([...older, ...newer.slice(begin, end)])));
        expect(list(columns.finish())).toEqual(model([...older, ...newer.slice(begin, end)]));
      }),
    );
  });

  test('of readings written behind the end, a part is taken', () => {
    const columns = fill([[1, 'one']]);
    columns.reserve(40);
    for (let i = 0; i < 40; i++) columns.ts[1 + i] = columns.doubles[1 + i] = 10 * i;
    columns.take(3, 6);
    expect(list(columns)).toEqual([
      [1, 'one'],
      [30, 30],
      [40, 40],
      [50, 50],
    ]);
    expect([columns.lowerBound(0), columns.lowerBound(40), columns.lowerBound(41), columns.lowerBound(99)]).toEqual([
      0, 2, 3, 4,
    ]);
    expect(columns.finish()).toBe(columns);
    columns.reserve(1);
    columns.ts[4] = 2;
    columns.take(0, 1);
    expect(list(columns.finish()).map(([ts]) => ts)).toEqual([1, 2, 30, 40, 50]);
    columns.clear();
    expect([columns.count, columns.finish().count]).toEqual([0, 0]);
  });

  test('a million readings in any order are sorted without a wait', () => {
    const columns = new Columns();
    let state = 1;
    for (let i = 0; i < 1_000_000; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      columns.add(state, i, numberType, null);
    }
    const begin = performance.now();
    const sorted = columns.finish();
    // About a third of a second; the bound leaves room for a machine that is busy.
    expect(performance.now() - begin).toBeLessThan(3_000);
    expect(sorted.count).toBe(1_000_000);
    const times = sorted.ts.subarray(0, sorted.count);
    expect(times.every((ts, i) => i === 0 || ts > (times[i - 1] as number))).toBe(true);
  });
});
