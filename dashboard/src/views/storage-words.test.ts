// What the storage page says about its numbers.
import type { Storage } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import {
  allowanceShare,
  allowanceWords,
  budgetShare,
  bytesTotal,
  cardWords,
  commitWords,
  forecastWords,
  isFullSoon,
  spaceParts,
} from './storage-words.ts';

const now = Date.UTC(2026, 4, 3, 12);
const storage = (part: Partial<Storage> = {}): Storage => ({
  now,
  bytes: { file: 900, wal: 100, log: 200, readings: 400, rollups: 100, free: 150 },
  readings: 1,
  oldest: null,
  diskBudget: null,
  diskFree: 0,
  fullAt: null,
  ...part,
  written: {
    today: 2e9,
    perDayMax: 10e9,
    perDay: 3e9,
    commitIntervalMs: 250,
    cardEndurance: 30e12,
    cardYears: null,
    ...part.written,
  },
});
const card = (cardYears: number | null) => cardWords(storage({ written: { cardYears } as Storage['written'] }));

describe('the parts of the space', () => {
  it('are all there is, and what no part claims is called that', () => {
    const parts = spaceParts(storage());
    expect(bytesTotal(storage())).toBe(1_000);
    expect(parts.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['readings', 400],
      ['rollups', 100],
      ['log', 200],
      ['other', 50],
      ['free', 150],
      ['wal', 100],
    ]);
    expect(parts.reduce((sum, each) => sum + each.share, 0)).toBeCloseTo(1);
  });

  it('never exceed the bar, not even when they were counted while the gateway wrote', () => {
    const parts = spaceParts(storage({ bytes: { file: 100, wal: 0, log: 0, readings: 150, rollups: 50, free: 0 } }));
    expect(parts.map(each => each.share)).toEqual([0.75, 0.25]);
  });

  it('are none in an empty store', () => {
    expect(spaceParts(storage({ bytes: { file: 0, wal: 0, log: 0, readings: 0, rollups: 0, free: 0 } }))).toEqual([]);
  });
});

describe('the forecast', () => {
  it('names the day, or says that there is none', () => {
    const fullAt = Date.UTC(2031, 4, 3, 12);
    expect(forecastWords(storage({ fullAt }))).toBe('On 3 May 2031');
    expect(forecastWords(storage())).toBe('Not in sight');
    expect(forecastWords(storage({ fullAt: now - 1 }))).toBe('Now');
  });

  it('is urgent within a month', () => {
    expect(isFullSoon(storage())).toBe(false);
    expect(isFullSoon(storage({ fullAt: now + 20 * 86_400_000 }))).toBe(true);
    expect(isFullSoon(storage({ fullAt: now + 40 * 86_400_000 }))).toBe(false);
  });
});

describe('limits', () => {
  it('are shown with what is used of them, where there are any', () => {
    expect(budgetShare(storage())).toBeNull();
    expect(budgetShare(storage({ diskBudget: 4_000 }))).toBe(0.25);
    expect(allowanceWords(storage())).toBe('10 GB a day, 20% of it used');
    const free = storage({ written: { perDayMax: null } as Storage['written'] });
    expect([allowanceWords(free), allowanceShare(free)]).toEqual(['None: writes are not limited', null]);
  });
});

describe('a card', () => {
  it('lasts as long as can be said', () => {
    expect([null, 0.05, 0.1, 1.5, 4.26, 31.4, 5_000].map(card)).toEqual([
      'Not known yet',
      'Less than a month',
      'About a month',
      'About 18 months',
      '4.3 years',
      '31 years',
      'More than 100 years',
    ]);
  });

  it('is written to every so often', () => {
    const every = (commitIntervalMs: number) =>
      commitWords(storage({ written: { commitIntervalMs } as Storage['written'] }));
    expect([every(250), every(2_340)]).toEqual(['250 ms', '2.3 s']);
  });
});
