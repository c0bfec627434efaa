// Numbers, values and ages as people read them.
import { describe, expect, it } from 'vitest';
import { formatAge, formatDuration, formatNumber, formatValue } from './format.ts';

describe('numbers', () => {
  it('have as many digits as say something', () => {
    const cases: [number, string][] = [
      [0, '0'],
      [21.5, '21.5'],
      [0.123456, '0.1235'],
      [-2.34567891, '-2.34568'],
      [1_234_567, '1,234,567'],
      [123_456.789, '123,457'],
      [1_013.25, '1,013.25'],
      [1e-9, '1E-9'],
      [2.5e15, '2.5E15'],
    ];
    for (const [value, words] of cases) expect(formatNumber(value)).toBe(words);
  });

  it('are told from states and words', () => {
    expect([formatValue(true), formatValue(false), formatValue('open')]).toEqual(['on', 'off', 'open']);
  });
});

describe('ages', () => {
  it('are rounded down, in the largest unit that says enough', () => {
    const cases: [number, string][] = [
      [12_900, '12 s'],
      [119_999, '119 s'],
      [120_000, '2 min'],
      [7_199_999, '119 min'],
      [7_200_000, '2 h'],
      [172_800_000, '2 d'],
    ];
    for (const [ms, words] of cases) expect(formatDuration(ms)).toBe(words);
  });

  it('say so when a time lies ahead of the clock, instead of posing as fresh', () => {
    expect(formatAge(1_000, 13_000)).toBe('12 s ago');
    expect(formatAge(1_000, 1_500)).toBe('now');
    expect(formatAge(4_000, 1_000)).toBe('now');
    expect(formatAge(61_000, 1_000)).toBe('60 s ahead of the clock');
  });
});
