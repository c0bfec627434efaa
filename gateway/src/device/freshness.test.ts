import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seeded } from '../store/codec/series.fixture.ts';
import { type Cadence, cadenceMs, freshnessOf, learn, newCadence } from './freshness.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

function learnAll(cadence: Cadence, ...intervals: number[]): Cadence {
  for (const interval of intervals) learn(cadence, interval);
  return cadence;
}
const cadenceAfter = (...intervals: number[]) => learnAll(newCadence(null), ...intervals);
const times = (count: number, ms: number) => Array<number>(count).fill(ms);
const every = (ms: number) => cadenceAfter(...times(20, ms));
const freshnessAt = (cadence: Cadence, ...ages: number[]) => ages.map(age => freshnessOf(cadence, age));
const rank = { live: 0, late: 1, stale: 2 };

/** Spread evenly over the orders of magnitude, as the paces of devices are. */
const periods = (min: number, max: number) =>
  fc
    .double({ min: Math.log(min), max: Math.log(max), noNaN: true })
    .map(log => Math.min(max, Math.max(min, Math.round(Math.exp(log)))));

describe('freshness', () => {
  test('[LIV-4] is judged by the series’ own cadence: late after 2.5 of it, stale after 6', () => {
    expect(freshnessAt(every(minute), 2.5 * minute, 2.5 * minute + 1, 6 * minute, 6 * minute + 1)).toEqual([
      'live',
      'late',
      'late',
      'stale',
    ]);
    expect(freshnessAt(every(day), 10 * minute, 3 * day, 7 * day)).toEqual(['live', 'late', 'stale']);
  });

  test('[LIV-4] of a quick series is not lost over a few seconds', () => {
    expect(freshnessAt(every(100), 3_000, 3_001, 10_000, 10_001)).toEqual(['live', 'late', 'late', 'stale']);
  });

  test('[LIV-4] of a series that was seen once or twice is judged as if it came each minute', () => {
    for (const cadence of [cadenceAfter(), cadenceAfter(10), cadenceAfter(10, hour), cadenceAfter(hour, 10)]) {
      expect(cadenceMs(cadence)).toBeNull();
      expect(freshnessAt(cadence, 150_000, 150_001, 360_001)).toEqual(['live', 'late', 'stale']);
    }
  });

  test('[LIV-4] is judged by what is configured, whatever was learned', () => {
    const cadence = learnAll(newCadence(hour), ...times(20, second));
    expect(cadenceMs(cadence)).toBe(hour);
    expect(freshnessAt(cadence, 2 * hour, 3 * hour, 7 * hour)).toEqual(['live', 'late', 'stale']);
  });

  test('[LIV-4] never gets better with age', () => {
    const age = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(fc.array(periods(1, 1e8), { maxLength: 30 }), age, age, (seen, a, b) => {
        const cadence = cadenceAfter(...seen);
        const [younger, older] = [Math.min(a, b), Math.max(a, b)];
        expect(rank[freshnessOf(cadence, older)]).toBeGreaterThanOrEqual(rank[freshnessOf(cadence, younger)]);
      }),
    );
  });
});

describe('a cadence is learned', () => {
  test('[LIV-4] from a period that jitters: live at 1.5 of it, not any more at 4', () => {
    const jittered = fc.tuple(
      periods(second, day),
      fc.array(fc.double({ min: 0.8, max: 1.2, noNaN: true }), { minLength: 2, maxLength: 60 }),
    );
    fc.assert(
      fc.property(jittered, ([period, factors]) => {
        const cadence = newCadence(null);
        for (const [i, factor] of factors.entries()) {
          learn(cadence, Math.round(period * factor));
          if (i === 0) continue;
          expect(freshnessOf(cadence, 1.5 * period)).toBe('live');
          expect(freshnessOf(cadence, 4 * period)).not.toBe('live');
        }
      }),
    );
  });

  test('[LIV-4] from bursts: after five of them each is live until the next', () => {
    const bursts = fc
      .record({
        readings: fc.integer({ min: 2, max: 200 }),
        apartMs: fc.integer({ min: 1, max: 50 }),
        periodMs: periods(second, hour),
        /** What was seen first may be the end of a burst, or the pause before one. */
        seenOfFirst: fc.integer({ min: 1, max: 200 }),
      })
      .filter(({ readings, apartMs, periodMs }) => (readings - 1) * apartMs < periodMs);
    fc.assert(
      fc.property(bursts, ({ readings, apartMs, periodMs, seenOfFirst }) => {
        const pauseMs = periodMs - (readings - 1) * apartMs;
        const cadence = cadenceAfter(...times(Math.min(seenOfFirst, readings) - 1, apartMs), pauseMs);
        for (let burst = 2; burst <= 20; burst++) {
          learnAll(cadence, ...times(readings - 1, apartMs));
          if (burst >= 5) expect(freshnessOf(cadence, pauseMs)).toBe('live');
          learn(cadence, pauseMs);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('[LIV-4] from ten readings within 100 ms once a minute: it is a minute', () => {
    const cadence = newCadence(null);
    for (let i = 0; i < 5; i++) learnAll(cadence, ...times(9, 11), minute - 99);
    expect(cadenceMs(cadence)).toBe(minute - 99);
  });

  test.each([second, minute, hour])(
    '[LIV-4] from events that come by chance, %d ms apart in the mean: seldom called late, hardly ever stale',
    meanMs => {
      const random = seeded(7);
      const cadence = cadenceAfter(meanMs, meanMs);
      const called = { live: 0, late: 0, stale: 0 };
      const all = 20_000;
      for (let i = 0; i < all; i++) {
        const intervalMs = Math.ceil(-Math.log(random()) * meanMs);
        called[freshnessOf(cadence, intervalMs)]++;
        learn(cadence, intervalMs);
        expect(cadenceMs(cadence)).toBeLessThan(8 * meanMs);
      }
      expect(called.late / all).toBeLessThan(0.12);
      expect(called.stale / all).toBeLessThan(0.01);
    },
  );

  test('within what was seen', () => {
    fc.assert(
      fc.property(fc.array(periods(1, 1e9), { minLength: 3, maxLength: 50 }), seen => {
        const mean = cadenceMs(cadenceAfter(...seen)) ?? Math.min(...seen);
        expect(mean).toBeGreaterThanOrEqual(Math.min(...seen));
        expect(mean).toBeLessThanOrEqual(Math.max(...seen));
      }),
    );
  });

  test('not from equal times or times that run backwards', () => {
    const cadence = every(second);
    const before = { ...cadence };
    learnAll(cadence, 0, -5);
    expect(cadence).toEqual(before);
  });
});

describe('a cadence that changes is learned', () => {
  test.each([
    [second, 5 * second],
    [second, minute],
    [minute, hour],
    [second, day],
  ])('[LIV-4] from %d to %d ms: by the second interval of the new length', (from, to) => {
    const cadence = learnAll(every(from), to, to);
    expect(freshnessOf(cadence, to)).toBe('live');
    learnAll(cadence, ...times(20, to));
    expect(cadenceMs(cadence)).toBeGreaterThan(0.95 * to);
    expect(cadenceMs(cadence)).toBeLessThanOrEqual(to);
  });

  test.each([
    [minute, second],
    [hour, second],
    [day, second],
    [day, 10 * second],
  ])('[LIV-4] from %d to %d ms: within ten minutes', (from, to) => {
    const cadence = learnAll(every(from), ...times((10 * minute) / to, to));
    expect(cadenceMs(cadence)).toBeLessThan(2 * to);
  });

  test('[LIV-4] from an hour to a minute: within half an hour', () => {
    expect(cadenceMs(learnAll(every(hour), ...times(30, minute)))).toBeLessThan(2 * minute);
  });
});

describe('a silence is no cadence', () => {
  test('[LIV-4] where it comes once', () => {
    expect(cadenceMs(learnAll(every(second), 30 * day))).toBe(second);
    expect(cadenceMs(learnAll(every(second), 30 * day, ...times(20, second)))).toBe(second);
  });

  test('[LIV-4] where nothing was known before it', () => {
    expect(cadenceMs(cadenceAfter(day, second, second))).toBe(second);
  });

  test.each([second, 10 * second, minute, 15 * minute])(
    '[LIV-4] where a machine that sends every %d ms is off each night',
    period => {
      const cadence = newCadence(null);
      for (let night = 0; night < 5; night++) learnAll(cadence, ...times((10 * hour) / period, period), 14 * hour);
      expect(cadenceMs(cadence)).toBe(period);
    },
  );

  test('[LIV-4] where it comes twice, after as much talk as no burst has', () => {
    const outage = 10 * minute;
    expect(cadenceMs(learnAll(every(second), outage, ...times(121, second), outage))).toBe(second);
    // Up to two minutes are a burst: then the pauses are what is usual, until the series talks for longer.
    const paused = learnAll(every(second), outage, ...times(120, second), outage);
    expect(cadenceMs(paused)).toBe(outage);
    expect(cadenceMs(learnAll(paused, ...times(160, second)))).toBeLessThan(2 * second);
  });
});
