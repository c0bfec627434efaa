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
});
