import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { earliestPlausible, limits } from '../contract/index.ts';
import { isPlausible, parseTime } from './timestamp.ts';

const at = Date.UTC(2025, 10, 22, 10, 0, 0);
const day = 24 * 60 * 60 * 1000;

describe('times as devices write them', () => {
  test('[ING-3] seconds, milliseconds and ISO 8601 are told apart', () => {
    expect(parseTime(at)).toBe(at);
    expect(parseTime(at / 1000)).toBe(at);
    expect(parseTime(at / 1000 + 0.5)).toBe(at + 500);
    expect(parseTime('2025-11-22T10:00:00Z')).toBe(at);
  });

  test.each([
    ['2025-11-22T10:00:00.250Z', at + 250],
    ['2025-11-22T10:00Z', at],
    ['2025-11-22T11:00:00+01:00', at],
    ['2025-11-22T11:00:00+0100', at],
    ['2025-11-22T04:30:00-05:30', at],
    ['2025-11-22T10:00:00.123456789Z', at + 123],
    ['2025-11-22', Date.UTC(2025, 10, 22)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ])('[ING-3] ISO 8601 with Z or an offset is taken: %s', (text, ms) => {
    expect(parseTime(text)).toBe(ms);
  });

  test.each([
    '2025-11-22T10:00:00',
    '2025-11-22 10:00:00Z',
    '2025-13-22T10:00:00Z',
    '2025-02-30T10:00:00Z',
    '2025-11-22T25:00:00Z',
    '22.11.2025',
    '1763805600',
    'Sat, 22 Nov 2025 10:00:00 GMT',
    'now',
    '',
    null,
    true,
    [],
    {},
    undefined,
  ])('[ING-3] %j is no time', value => {
    expect(parseTime(value)).toBeNull();
  });

  test('[ING-3] every time from 1973 on means the same as seconds, as milliseconds and as text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1e8, max: 4e9 }), seconds => {
        const ms = seconds * 1000;
        expect(parseTime(seconds)).toBe(ms);
        expect(parseTime(ms)).toBe(ms);
        expect(parseTime(new Date(ms).toISOString())).toBe(ms);
      }),
    );
  });
});

describe('a clock that can be believed', () => {
  test('[ING-3] is after 1999 and at most a day ahead', () => {
    expect(earliestPlausible).toBe(Date.UTC(2000, 0, 1));
    expect(isPlausible(earliestPlausible - 1, at)).toBe(false);
    expect(isPlausible(earliestPlausible, at)).toBe(true);
    expect(isPlausible(at + day, at)).toBe(true);
    expect(isPlausible(at + day + 1, at)).toBe(false);
    expect(limits.clockAheadMsMax).toBe(day);
  });

  test.each([0, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e300])(
    '[ING-3] is not %d',
    time => {
      expect(isPlausible(time, at)).toBe(false);
    },
  );
});
