import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Cadence, cadenceMs, freshnessOf, learn } from './freshness.ts';

function cadenceAfter(...intervals: number[]): Cadence {
  const cadence = { meanMs: 0, seen: 0 };
  for (const interval of intervals) learn(cadence, interval);
  return cadence;
}
const every = (ms: number, times = 20) => cadenceAfter(...Array<number>(times).fill(ms));
const rank = { live: 0, late: 1, stale: 2 };

describe('freshness', () => {
  test('[LIV-4] is judged by the series’ own cadence', () => {
    const minutely = every(60_000);
    expect(freshnessOf(minutely, 60_000)).toBe('live');
    expect(freshnessOf(minutely, 200_000)).toBe('late');
    expect(freshnessOf(minutely, 600_000)).toBe('stale');
    const daily = every(86_400_000);
    expect(freshnessOf(daily, 600_000)).toBe('live');
    expect(freshnessOf(daily, 7 * 86_400_000)).toBe('stale');
  });

  test('[LIV-4] of a quick series is not lost over a few seconds', () => {
    const quick = every(100);
    expect([3_000, 3_001, 10_000, 10_001].map(age => freshnessOf(quick, age))).toEqual([
      'live',
      'late',
      'late',
      'stale',
    ]);
  });

  test('[LIV-4] of a series that was seen once or twice is judged as if it came each minute', () => {
    for (const cadence of [cadenceAfter(), cadenceAfter(10)]) {
      expect(cadenceMs(cadence)).toBeNull();
      expect([150_000, 150_001, 360_001].map(age => freshnessOf(cadence, age))).toEqual(['live', 'late', 'stale']);
    }
  });

  test('[LIV-4] never gets better with age', () => {
    const intervals = fc.array(fc.integer({ min: 1, max: 1e8 }), { maxLength: 10 });
    const age = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(intervals, age, age, (seen, a, b) => {
        const cadence = cadenceAfter(...seen);
        const [younger, older] = [Math.min(a, b), Math.max(a, b)];
        expect(rank[freshnessOf(cadence, older)]).toBeGreaterThanOrEqual(rank[freshnessOf(cadence, younger)]);
      }),
    );
  });
});

describe('a cadence', () => {
  test('is the usual time between readings, soon after it changed', () => {
    expect(cadenceMs(every(5_000))).toBe(5_000);
    const slower = every(1_000);
    for (let i = 0; i < 30; i++) learn(slower, 4_000);
    expect(cadenceMs(slower)).toBeGreaterThan(3_900);
    expect(cadenceMs(slower)).toBeLessThanOrEqual(4_000);
  });

  test('is not taught silence by one long pause', () => {
    const cadence = every(1_000);
    learn(cadence, 30 * 86_400_000);
    expect(cadenceMs(cadence)).toBeLessThan(3_000);
  });

  test('is taught nothing by equal times or by times that run backwards', () => {
    const cadence = every(1_000);
    learn(cadence, 0);
    learn(cadence, -5);
    expect(cadence).toEqual({ meanMs: 1_000, seen: 20 });
  });

  test('stays within what was seen', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1e9 }), { minLength: 2, maxLength: 50 }), seen => {
        const mean = cadenceMs(cadenceAfter(...seen)) as number;
        expect(mean).toBeGreaterThanOrEqual(Math.min(...seen));
        expect(mean).toBeLessThanOrEqual(Math.max(...seen));
      }),
    );
  });
});
