// Absences in words.
import { describe, expect, it } from 'vitest';
import type { Absence } from '../history/absences.ts';
import { absenceLabel, absenceSentences, absenceWords } from './absence-words.ts';

const at = (minute: number) => new Date(2026, 4, 3, 10, minute).getTime();
const gap = (from: number, to: number): Absence => ({
  kind: 'gap',
  from: at(from),
  to: at(to),
  reason: 'device-offline',
});
const range = { from: at(40), to: at(45) };
const of = { id: 'v', device: 'd', metric: 'm', by: 'anna', reason: 'sensor was in the oven', at: 0, restored: null };
const voided: Absence = { kind: 'void', ...range, void: { ...of, ...range } };
const bounds = { from: at(0), to: at(59) };

describe('an absence', () => {
  it('says why and when, and of a void by whom', () => {
    expect(absenceWords(gap(2, 31), at(59))).toBe('no data: device offline, 10:02–10:31');
    expect(absenceWords(voided, at(59))).toBe('voided by anna: sensor was in the oven, 10:40–10:45');
    expect([absenceLabel(gap(2, 31)), absenceLabel(voided)]).toEqual(['device offline', 'voided']);
  });
});

describe('a summary', () => {
  it('names what lies in the range, the newest first', () => {
    expect(absenceSentences([gap(2, 31), voided], bounds, at(59))).toBe(
      ' Voided by anna: sensor was in the oven, 10:40–10:45. No data: device offline, 10:02–10:31.',
    );
    expect(absenceSentences([gap(2, 31)], { from: at(31), to: at(59) }, at(59))).toBe('');
  });

  it('counts what would be too much to hear', () => {
    const many = [0, 10, 20, 30, 40].map(minute => gap(minute, minute + 5));
    expect(absenceSentences(many, bounds, at(59))).toMatch(/10:20–10:25\. There are 2 more before that\.$/);
  });
});
