// Numbers, values and ages as people read them.
import { describe, expect, it } from 'vitest';
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatNumber,
  formatShare,
  formatSpan,
  formatValue,
} from './format.ts';

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

describe('sizes', () => {
  it('are in the largest unit that leaves a number before it', () => {
    const cases: [number, string][] = [
      [0, '0 B'],
      [999, '999 B'],
      [1_000, '1 kB'],
      [1_234_567, '1.23 MB'],
      [999_999, '1 MB'],
      [8e9, '8 GB'],
      [30e12, '30 TB'],
      [2e19, '20,000 PB'],
    ];
    for (const [bytes, words] of cases) expect(formatBytes(bytes)).toBe(words);
  });

  it('as parts keep a digit while they are little', () => {
    expect([0, 0.000_1, 0.004, 0.126, 1, 1.2].map(formatShare)).toEqual(['0%', '0%', '0.4%', '13%', '100%', '120%']);
  });
});

describe('from one time to another', () => {
  const at = (day: number, hour: number, minute: number, second = 0) =>
    new Date(2026, 4, day, hour, minute, second).getTime();

  it('names the days where they are not today', () => {
    const now = at(3, 12, 0);
    expect(formatSpan(at(3, 10, 2), at(3, 10, 31), now)).toBe('10:02–10:31');
    expect(formatSpan(at(2, 10, 2), at(2, 10, 31), now)).toBe('2 May, 10:02–10:31');
    expect(formatSpan(at(2, 23, 50), at(3, 0, 10), now)).toBe('2 May, 23:50–3 May, 00:10');
  });

  it('has seconds where minutes would say nothing', () => {
    expect(formatSpan(at(3, 10, 2, 5), at(3, 10, 2, 20), at(3, 12, 0))).toBe('10:02:05–10:02:20');
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
