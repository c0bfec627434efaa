// Spans against sets of instants: whatever is joined, taken away or cut, every instant is where it belongs.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clip, type Span, subtract, union, widen } from './spans.ts';

/** Few instants, so that spans touch, overlap and hold each other often. */
const instant = fc.integer({ min: -20, max: 40 });
const span = fc.tuple(instant, instant).map(([a, b]): Span => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const spans = fc.array(span, { maxLength: 8 });

const instantsOf = (list: readonly Span[]): Set<number> =>
  new Set(list.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)));
const sorted = (instants: Iterable<number>) => [...instants].sort((a, b) => a - b);

/** In order, none empty, none touching the next. */
function expectApart(list: readonly Span[]): void {
  for (const [i, { from, to }] of list.entries()) {
    expect(to).toBeGreaterThan(from);
    if (i > 0) expect(from).toBeGreaterThan((list[i - 1] as Span).to);
  }
}

describe('spans of time', () => {
  test('joined hold every instant that one of them held, and lie in order and apart', () => {
    fc.assert(
      fc.property(spans, list => {
        const joined = union(list);
        expect(sorted(instantsOf(joined))).toEqual(sorted(instantsOf(list)));
        expectApart(joined);
      }),
    );
  });

  test('are not changed by being joined: the caller still needs its own', () => {
    fc.assert(
      fc.property(spans, list => {
        const before = structuredClone(list);
        union(list);
        expect(list).toEqual(before);
      }),
    );
  });

  test('less others hold the instants that the others do not', () => {
    fc.assert(
      fc.property(spans.map(union), spans.map(union), (list, taken) => {
        const left = subtract(list, taken);
        const holes = instantsOf(taken);
        expect(sorted(instantsOf(left))).toEqual(sorted([...instantsOf(list)].filter(at => !holes.has(at))));
        expectApart(left);
      }),
    );
  });

  test('cut to a range hold the instants in it, each span for itself', () => {
    fc.assert(
      fc.property(spans, span, (list, { from, to }) => {
        const cut = clip(list, from, to);
        const inRange = (at: number) => at >= from && at < to;
        const expected = list.map(one => sorted(instantsOf([one])).filter(inRange)).filter(one => one.length > 0);
        expect(cut.map(one => sorted(instantsOf([one])))).toEqual(expected);
      }),
    );
  });

  test('widened reach to the next multiples of the step, and no farther', () => {
    fc.assert(
      fc.property(span, fc.integer({ min: 1, max: 15 }), (narrow, step) => {
        const { from, to } = widen(narrow, step);
        expect([Math.abs(from % step), Math.abs(to % step)]).toEqual([0, 0]);
        expect(from).toBeLessThanOrEqual(narrow.from);
        expect(to).toBeGreaterThanOrEqual(narrow.to);
        expect(from).toBeGreaterThan(narrow.from - step);
        expect(to).toBeLessThan(narrow.to + step);
      }),
    );
  });
});
