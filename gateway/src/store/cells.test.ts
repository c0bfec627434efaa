// Rollup cells against cells made the simple way, and the bytes in which they are kept.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cells, cellMs, cellsOf, coarsen, decodeCells, encodeCells, verifyCells } from './cells.ts';
import { DamagedError } from './codec/damaged.ts';
import { Columns } from './columns.ts';
import { dayMs, windowMs } from './keys.ts';
import { columnsOf, type Reading } from './model.fixture.ts';

type Cell = { start: number; readings: number; numbers: number; min: number; max: number; sum: number; ends: unknown };

/** A window of 32 days, far enough from 1970 that its times are as long as they will be. */
const window = 640;
const begin = window * windowMs(2);

const decimal = fc.integer({ min: -10_000_000, max: 10_000_000 }).map(n => n / 1_000);
const double = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e200, max: 1e200 });
const bool = fc.boolean();
const text = fc.oneof(fc.constantFrom('open', 'shut', ''), fc.string({ maxLength: 5 }));
const kinds = fc.constantFrom(decimal, double, bool, text, fc.oneof(decimal, double, bool, text));

/** Readings of some days of the window, in order of time; often many in one cell, as sensors are. */
const readings: fc.Arbitrary<Reading[]> = kinds.chain(value =>
  fc
    .array(
      fc.record({
        at: fc.integer({ min: 0, max: 32 * dayMs - 1 }),
        everyMs: fc.constantFrom(1, 999, 7_000, 60_000, 3_600_000),
        values: fc.array(value, { minLength: 1, maxLength: 40 }),
      }),
      { maxLength: 6 },
    )
    .map(bursts => {
      const all = bursts.flatMap(({ at, everyMs, values }) =>
        values.map((one, i): Reading => [begin + ((at + i * everyMs) % (32 * dayMs)), one]),
      );
      return [...new Map(all)].sort(([a], [b]) => a - b);
    }),
);

/** Zero and minus zero are one least value. */
const plain = (x: number) => x + 0;

function modelCells(all: readonly Reading[], length: number): Cell[] {
  const groups = Map.groupBy(all, ([ts]) => Math.floor(ts / length) * length);
  return [...groups].map(([start, inside]) => {
    const numbers = inside.flatMap(([, value]) => (typeof value === 'string' ? [] : [Number(value)]));
    const none = numbers.length === 0;
    return {
      start,
      readings: inside.length,
      numbers: numbers.length,
      min: none ? 0 : plain(Math.min(...numbers)),
      max: none ? 0 : plain(Math.max(...numbers)),
      sum: numbers.reduce((sum, x) => sum + x, 0),
      ends: [inside[0]?.[1], inside.at(-1)?.[1]],
    };
  });
}

const listOf = (cells: Cells): Cell[] =>
  Array.from({ length: cells.count }, (_, i) => ({
    start: cells.start[i] as number,
    readings: cells.readings[i] as number,
    numbers: cells.numbers[i] as number,
    min: plain(cells.min[i] as number),
    max: plain(cells.max[i] as number),
    sum: cells.sum[i] as number,
    ends: [cells.firsts.value(i), cells.lasts.value(i)],
  }));

/** Exact but for the sums, which were added in another order: they differ by a billionth of what was added at most. */
function expectSame(cells: Cells | null, all: readonly Reading[], length: number): void {
  const expected = modelCells(all, length);
  const found = listOf(cells as Cells);
  expect(found.map(cell => ({ ...cell, sum: 0 }))).toEqual(expected.map(cell => ({ ...cell, sum: 0 })));
  const added = Map.groupBy(all, ([ts]) => Math.floor(ts / length) * length);
  for (const [i, { start, sum }] of expected.entries()) {
    const size = (added.get(start) ?? []).reduce(
      (total, [, x]) => total + (typeof x === 'string' ? 0 : Math.abs(+x)),
      0,
    );
    expect(Math.abs((found[i] as Cell).sum - sum)).toBeLessThanOrEqual(1e-9 * size);
  }
}

/** Minute cells of each day that has readings. */
const days = (all: readonly Reading[]): Cells[] =>
  [...Map.groupBy(all, ([ts]) => Math.floor(ts / dayMs)).values()].map(
    inside => cellsOf(columnsOf(inside), cellMs[1]) as Cells,
  );

describe('cells', () => {
  test('[RST-2] have count, min, max, sum, first and last of exactly their readings', () => {
    fc.assert(
      fc.property(readings, fc.constantFrom(cellMs[1], cellMs[2], cellMs[3]), (all, length) => {
        expectSame(cellsOf(columnsOf(all), length), all, length);
      }),
    );
  });

  test('[STO-8] joined to longer ones are those of the readings', () => {
    fc.assert(
      fc.property(readings, all => {
        const quarters = coarsen(days(all), cellMs[2]);
        expectSame(quarters, all, cellMs[2]);
        expectSame(coarsen([quarters as Cells], cellMs[3]), all, cellMs[3]);
      }),
    );
  });

  test('[STO-6] come out of their bytes as they went in, to the last bit', () => {
    fc.assert(
      fc.property(readings, all => {
        for (const cells of days(all)) {
          const day = Math.floor((cells.start[0] as number) / dayMs);
          expect(listOf(decodeCells(encodeCells(cells, 1), 1, day))).toEqual(listOf(cells));
        }
        const quarters = coarsen(days(all), cellMs[2]) as Cells;
        const body = encodeCells(quarters, 2);
        expect(listOf(decodeCells(body, 2, window))).toEqual(listOf(quarters));
        expect(verifyCells(body, 2)).toBe(quarters.count);
      }),
    );
  });

  test('of which one has a sum that no double holds are none: the readings have to answer', () => {
    const huge = columnsOf([
      [begin, Number.MAX_VALUE],
      [begin + 60_000, Number.MAX_VALUE],
    ]);
    const minutes = cellsOf(huge, cellMs[1]) as Cells;
    expect(minutes.count).toBe(2);
    expect([cellsOf(huge, cellMs[2]), coarsen([minutes], cellMs[2])]).toEqual([null, null]);
  });

  test('of no readings are none', () => {
    expect(cellsOf(new Columns(), cellMs[1])?.count).toBe(0);
    expect(coarsen([], cellMs[2])?.count).toBe(0);
  });

  test('between two times are those that begin there', () => {
    fc.assert(
      fc.property(readings, fc.nat(32), fc.nat(32), (all, a, b) => {
        const [from, to] = [begin + Math.min(a, b) * dayMs, begin + Math.max(a, b) * dayMs];
        const quarters = coarsen(days(all), cellMs[2]) as Cells;
        expectSame(
          quarters.between(from, to),
          all.filter(([ts]) => ts >= from && ts < to),
          cellMs[2],
        );
      }),
    );
  });
});

describe('the bytes of a rollup', () => {
  const smallReadings: Reading[] = [
    [begin, 20.5],
    [begin + 10_000, 21.25],
    [begin + 60_000, true],
    [begin + 120_000, 'open'],
    [begin + 179_999, -3],
    [begin + dayMs - 1, 'shut'],
  ];
  const body = encodeCells(cellsOf(columnsOf(smallReadings), cellMs[1]) as Cells, 1);

  test('[STO-6] are these, so that every version reads what another wrote', () => {
    const golden = [
      '01d1f7e9310411020000003800000b0804000100010802010100', // version, checksum, count; places, readings, silent
      '00010ab6029a03850300a90210c801d2001fc70f0003000210c801d6001fc71f00030002', // min, max, sum
      '0000010202010185039a030f005b226f70656e222c2273687574225d0102', // firsts
      '000200000100020202b2199a21d11f08005b2273687574225d0000', // lasts
    ].join('');
    expect(Buffer.from(body).toString('hex')).toBe(golden);
    expect(listOf(decodeCells(Buffer.from(golden, 'hex'), 1, begin / dayMs))).toEqual(
      modelCells(smallReadings, 60_000),
    );
  });

  test('[STO-5] of which one bit is flipped are noticed', () => {
    fc.assert(
      fc.property(fc.nat(body.length * 8 - 1), bit => {
        const damaged = body.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(() => decodeCells(damaged, 1, 0)).toThrow(DamagedError);
      }),
      { numRuns: 500 },
    );
  });

  test('[STO-5] that end too early are noticed', () => {
    for (let length = 0; length < body.length; length++) {
      expect(() => verifyCells(body.subarray(0, length), 1)).toThrow(DamagedError);
    }
  });
});
