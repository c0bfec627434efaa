import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketEdges, type Interval, isTimeZone } from './calendar.ts';

const hour = 3_600_000;
const at = (iso: string) => Date.parse(iso);

/** Edges as ISO text without the seconds that they never have. */
function edges(from: string, to: string, interval: Interval, zone: string): string[] {
  const found = bucketEdges(at(from), at(to), interval, zone, 1_000);
  return (found ?? []).map(edge => new Date(edge).toISOString().replace(':00.000Z', 'Z'));
}

const lengths = (found: string[]) => found.slice(1).map((edge, i) => (at(edge) - at(found[i] as string)) / hour);
const days: Interval = { unit: 'day', count: 1 };

describe('days', () => {
  test('[RST-2] in Berlin have 23 hours when clocks go forward, 25 when they go back', () => {
    const spring = edges('2025-03-29T00:00+01:00', '2025-04-01T00:00+02:00', days, 'Europe/Berlin');
    expect(spring[0]).toBe('2025-03-28T23:00Z');
    expect(lengths(spring)).toEqual([24, 23, 24]);
    const autumn = edges('2025-10-25T00:00+02:00', '2025-10-28T00:00+01:00', days, 'Europe/Berlin');
    expect(lengths(autumn)).toEqual([24, 25, 24]);
  });

  test('[RST-2] in New York likewise, on other days', () => {
    const spring = edges('2025-03-08T00:00-05:00', '2025-03-11T00:00-04:00', days, 'America/New_York');
    expect(lengths(spring)).toEqual([24, 23, 24]);
    const autumn = edges('2025-11-01T00:00-04:00', '2025-11-04T00:00-05:00', days, 'America/New_York');
    expect(lengths(autumn)).toEqual([24, 25, 24]);
  });

  test('[RST-2] in Kolkata begin at half past', () => {
    expect(edges('2025-06-01T00:00Z', '2025-06-01T20:00Z', days, 'Asia/Kolkata')).toEqual([
      '2025-05-31T18:30Z',
      '2025-06-01T18:30Z',
      '2025-06-02T18:30Z',
    ]);
  });

  test('[RST-2] on Lord Howe differ by half an hour', () => {
    const autumn = edges('2025-04-05T00:00+11:00', '2025-04-08T00:00+10:30', days, 'Australia/Lord_Howe');
    expect(lengths(autumn)).toEqual([24, 24.5, 24]);
    const spring = edges('2025-10-04T00:00+10:30', '2025-10-07T00:00+11:00', days, 'Australia/Lord_Howe');
    expect(lengths(spring)).toEqual([24, 23.5, 24]);
  });

  test('[RST-2] whose midnight was skipped begin with the first instant there is', () => {
    const found = edges('2018-11-03T12:00-03:00', '2018-11-05T12:00-02:00', days, 'America/Sao_Paulo');
    expect(found.slice(0, 3)).toEqual(['2018-11-03T03:00Z', '2018-11-04T03:00Z', '2018-11-05T02:00Z']);
  });

  test('[RST-2] that were skipped whole are left out', () => {
    const found = edges('2011-12-29T12:00-10:00', '2011-12-31T12:00+14:00', days, 'Pacific/Apia');
    expect(found).toEqual(['2011-12-29T10:00Z', '2011-12-30T10:00Z', '2011-12-31T10:00Z']);
  });
});

describe('weeks, months and hours', () => {
  test('[RST-2] weeks begin on Monday', () => {
    const weeks = edges('2025-12-31T12:00Z', '2026-01-06T00:00Z', { unit: 'week', count: 1 }, 'UTC');
    expect(weeks).toEqual(['2025-12-29T00:00Z', '2026-01-05T00:00Z', '2026-01-12T00:00Z']);
    expect(weeks.every(edge => new Date(edge).getUTCDay() === 1)).toBe(true);
  });

  test('[RST-2] months have their own length, in the zone’s own time', () => {
    expect(edges('2024-01-31T23:30Z', '2024-03-31T23:00Z', { unit: 'month', count: 1 }, 'Europe/Berlin')).toEqual([
      '2024-01-31T23:00Z',
      '2024-02-29T23:00Z',
      '2024-03-31T22:00Z',
      '2024-04-30T22:00Z',
    ]);
  });

  test('[RST-2] hours of a zone of half an hour begin at half past', () => {
    const found = edges('2025-06-01T00:00Z', '2025-06-01T01:00Z', { unit: 'hour', count: 1 }, 'Asia/Kolkata');
    expect(found).toEqual(['2025-05-31T23:30Z', '2025-06-01T00:30Z', '2025-06-01T01:30Z']);
  });

  test('[RST-2] every hour of the change to summer time is there once', () => {
    const found = edges('2025-03-30T00:00Z', '2025-03-30T03:00Z', { unit: 'hour', count: 1 }, 'Europe/Berlin');
    expect(lengths(found)).toEqual([1, 1, 1]);
  });
});

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/Sao_Paulo'];
const units = ['hour', 'day', 'week', 'month'] as const;
const from = fc.integer({ min: at('2000-01-01'), max: at('2035-01-01') });

describe('the edges of any range', () => {
  test('[RST-2] strictly increase and cover it, with no bucket outside of it', () => {
    const count = fc.integer({ min: 1, max: 3 });
    const span = fc.integer({ min: 1, max: 60 * 24 * hour });
    fc.assert(
      fc.property(
        from,
        span,
        fc.constantFrom(...zones),
        fc.constantFrom(...units),
        count,
        (begin, ms, zone, unit, n) => {
          const found = bucketEdges(begin, begin + ms, { unit, count: n }, zone, 20_000) as number[];
          expect(found.every((edge, i) => i === 0 || edge > (found[i - 1] as number))).toBe(true);
          expect(found[0]).toBeLessThanOrEqual(begin);
          expect(found[1]).toBeGreaterThan(begin);
          expect(found.at(-1)).toBeGreaterThanOrEqual(begin + ms);
          expect(found.at(-2)).toBeLessThan(begin + ms);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('[RST-2] of fixed length are multiples of it', () => {
    const ms = fc.integer({ min: 1, max: hour });
    fc.assert(
      fc.property(from, fc.integer({ min: 1, max: hour }), ms, (begin, span, length) => {
        fc.pre(span / length < 1_000);
        const found = bucketEdges(begin, begin + span, { ms: length }, 'UTC', 1_001) as number[];
        expect(found[0]).toBe(Math.floor(begin / length) * length);
        expect(found.every((edge, i) => i === 0 || edge === (found[i - 1] as number) + length)).toBe(true);
        expect(found.at(-1)).toBeGreaterThanOrEqual(begin + span);
        expect(found.at(-2)).toBeLessThan(begin + span);
      }),
    );
  });

  test('are not made where there would be too many', () => {
    expect(bucketEdges(0, 1_001, { ms: 1 }, 'UTC', 1_000)).toBeNull();
    expect(bucketEdges(0, 1_000, { ms: 1 }, 'UTC', 1_000)).toHaveLength(1_001);
    expect(bucketEdges(0, 11 * 24 * hour, days, 'Europe/Berlin', 10)).toBeNull();
  });
});

test('a time zone is one that the system knows', () => {
  expect(['UTC', 'Europe/Berlin', 'Asia/Kolkata'].map(isTimeZone)).toEqual([true, true, true]);
  expect(['Mars/Olympus', '', 'Europe/../Berlin'].map(isTimeZone)).toEqual([false, false, false]);
});
