// Buckets are filled from readings and from cells, in any order: what comes out is the same as from readings alone.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bucket } from '../contract/index.ts';
import { Buckets } from './buckets.ts';
import { bucketEdges, type Interval } from './calendar.ts';
import { type Cells, cellMs, cellsOf } from './cells.ts';
import { columnsOf, modelBuckets, type Reading } from './model.fixture.ts';

const minute = 60_000;
const hour = 60 * minute;
const start = Date.UTC(2026, 2, 28);
const spanMs = 3 * 24 * hour;

const value = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -10_000, max: 10_000 }).map(n => n / 100) },
  { weight: 2, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }) },
  { weight: 1, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constantFrom('open', '') },
);
const readingsOf = (one: fc.Arbitrary<Reading[1]>): fc.Arbitrary<Reading[]> =>
  fc
    .array(fc.tuple(fc.integer({ min: 0, max: spanMs - 1 }), one), { maxLength: 120 })
    .map(list => [...new Map(list.map(([at, x]): Reading => [start + at, x]))].sort(([a], [b]) => a - b));

const asked = fc.constantFrom<[Interval, string]>(
  [{ ms: minute }, 'UTC'],
  [{ ms: hour }, 'UTC'],
  [{ unit: 'hour', count: 5 }, 'Asia/Kathmandu'],
  [{ unit: 'day', count: 1 }, 'Europe/Berlin'],
  [{ unit: 'month', count: 1 }, 'America/New_York'],
);

/** How the minutes are shared out: to parts, each of which is added whole, as readings or as cells, in this order. */
type Plan = { parts: { as: 'readings' | 'cells'; rank: number }[]; seed: number };
const plan: fc.Arbitrary<Plan> = fc.record({
  parts: fc.array(fc.record({ as: fc.constantFrom('readings' as const, 'cells' as const), rank: fc.nat(100) }), {
    minLength: 1,
    maxLength: 6,
  }),
  seed: fc.integer({ min: 1, max: 1_000 }),
});

function fill(buckets: Buckets, all: readonly Reading[], { parts, seed }: Plan): void {
  const partOf = (ts: number) => (Math.floor(ts / minute) * seed) % parts.length;
  const order = [...parts.entries()].sort(([, a], [, b]) => a.rank - b.rank);
  for (const [i, { as }] of order) {
    const columns = columnsOf(all.filter(([ts]) => partOf(ts) === i));
    // A sum that no double holds has no cells, and the store takes the readings as well.
    const cells = as === 'cells' ? cellsOf(columns, cellMs[1]) : null;
    if (cells === null) buckets.addReadings(columns);
    else buckets.addCells(cells, start - 40 * 24 * hour, start + spanMs);
  }
}

/** Without the mean; zero and minus zero are one least value. */
const exact = (bucket: Bucket) =>
  bucket.with(4, null).map((part, i) => ((i === 2 || i === 3) && typeof part === 'number' ? part + 0 : part));

describe('buckets', () => {
  test('[RST-2] are those of all readings, whatever order readings and cells are added in', () => {
    fc.assert(
      fc.property(readingsOf(value), asked, plan, (all, [interval, zone], how) => {
        const edges = bucketEdges(start, start + spanMs, interval, zone, 20_000) as number[];
        const buckets = new Buckets(edges);
        fill(buckets, all, how);
        const expected = modelBuckets(all, start, start + spanMs, interval, zone);
        const rows = buckets.rows();
        expect(rows.map(exact)).toEqual(expected.map(exact));
        for (const [i, [, , min, max, mean]] of rows.entries()) {
          const right = (expected[i] as Bucket)[4];
          const size = Math.max(Math.abs(Number(min)), Math.abs(Number(max)));
          if (right === null) expect(mean).toBeNull();
          else expect(Math.abs((mean as number) - right)).toBeLessThanOrEqual(1e-9 * size);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('[RST-2] take part of a column, and of the cells those that begin in a range', () => {
    fc.assert(
      fc.property(readingsOf(value), fc.nat(72), fc.nat(72), (all, a, b) => {
        const [from, to] = [start + Math.min(a, b) * hour, start + Math.max(a, b) * hour];
        const edges = bucketEdges(start, start + spanMs, { ms: hour }, 'UTC', 100) as number[];
        const columns = columnsOf(all);
        const [byReadings, byCells] = [new Buckets(edges), new Buckets(edges)];
        byReadings.addReadings(columns, columns.lowerBound(from), columns.lowerBound(to));
        byCells.addCells(cellsOf(columns, cellMs[1]) as Cells, from, to);
        const expected = modelBuckets(all, from, to, { ms: hour }, 'UTC').map(exact);
        expect([byReadings.rows().map(exact), byCells.rows().map(exact)]).toEqual([expected, expected]);
      }),
    );
  });

  test('[RST-2] have a mean of the largest numbers there are, though no double holds their sum', () => {
    // As multiples of one power of two the sum can be told exactly: the largest is just below 2 ** 1024.
    const unit = 2 ** 1000;
    const multiple = fc.oneof(fc.constantFrom(2 ** 24 - 1, 1 - 2 ** 24), fc.integer({ min: -(2 ** 23), max: 2 ** 23 }));
    fc.assert(
      fc.property(readingsOf(multiple.map(n => n * unit)), plan, (all, how) => {
        const buckets = new Buckets(bucketEdges(start, start + spanMs, { ms: 24 * hour }, 'UTC', 100) as number[]);
        fill(buckets, all, how);
        const days = Map.groupBy(all, ([ts]) => Math.floor(ts / (24 * hour)) * 24 * hour);
        const rows = buckets.rows();
        expect(rows.map(([first]) => first)).toEqual([...days.keys()]);
        for (const [first, count, min, max, mean] of rows) {
          const numbers = (days.get(first) as Reading[]).map(([, x]) => Number(x) / unit);
          const right = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
          expect([count, min, max]).toEqual([numbers.length, Math.min(...numbers) * unit, Math.max(...numbers) * unit]);
          expect(Math.abs((mean as number) / unit - right)).toBeLessThanOrEqual(1e-9 * 2 ** 24);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('[RST-2] that hold a huge number and then small ones still count them all', () => {
    const columns = columnsOf([
      [start, 1e308],
      [start + 1, 1e308],
      [start + 2, 'open'],
      [start + 3, true],
    ]);
    const buckets = new Buckets([start, start + hour]);
    buckets.addReadings(columns);
    const [row] = buckets.rows();
    expect(row?.with(4, null)).toEqual([start, 4, 1, 1e308, null, 1e308, true]);
    expect((row?.[4] as number) / 1e308).toBeCloseTo(2 / 3, 12);
  });
});
