// What is known of absences, over several answers.
import type { HistoryGap, Void } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { absenceAt, createAbsences, isAbsent, joinGaps } from './absences.ts';

const offline = (from: number, to: number): HistoryGap => ({ from, to, reason: 'device-offline' });
const voided = (id: string, from: number, to: number, restored: Void['restored'] = null): Void => ({
  id,
  device: 'd',
  metric: 'm',
  from,
  to,
  by: 'anna',
  reason: 'in the oven',
  at: 0,
  restored,
});

describe('gaps', () => {
  it('that touch are one where the reason is the same, and two where it is not', () => {
    const down: HistoryGap = { from: 20, to: 30, reason: 'gateway-down' };
    expect(joinGaps([offline(10, 20), down, offline(0, 10), offline(5, 5)])).toEqual([offline(0, 20), down]);
  });

  it('are replaced by what a later answer says about the same time, and kept before that', () => {
    const absences = createAbsences();
    absences.learn({ gaps: [offline(10, 20), offline(40, 60)], voids: [] }, 0, 60);
    absences.learn({ gaps: [offline(50, 55)], voids: [] }, 50, 100);
    expect(absences.list(100, 90)).toMatchObject([
      { from: 10, to: 20 },
      { from: 40, to: 55 },
    ]);
  });

  it('last while nothing comes, and never reach beyond the present', () => {
    const absences = createAbsences();
    absences.learn({ gaps: [offline(40, 160)], voids: [] }, 0, 100);
    expect(absences.list(130, 39)).toMatchObject([{ from: 40, to: 130 }]);
    expect(absences.list(130, 120)).toMatchObject([{ from: 40, to: 100 }]);
  });

  it('are none when a reading comes for them after all', () => {
    const absences = createAbsences();
    absences.learn({ gaps: [offline(10, 20), offline(40, 60)], voids: [] }, 0, 100);
    absences.heard(20);
    absences.heard(45);
    expect(absences.list(100, 90)).toMatchObject([{ from: 10, to: 20 }]);
  });

  it('go when they have left the range', () => {
    const absences = createAbsences();
    absences.learn({ gaps: [offline(10, 20)], voids: [voided('v', 0, 30)] }, 0, 100);
    absences.trim(25);
    expect(absences.list(100, null)).toMatchObject([{ kind: 'void' }]);
  });
});

describe('voids', () => {
  it('hide their first instant and not the one after their last', () => {
    const absences = createAbsences();
    absences.learn({ gaps: [], voids: [voided('v', 10, 20)] }, 0, 100);
    expect([9, 10, 19, 20].map(absences.isVoided)).toEqual([false, true, true, false]);
  });

  it('are gone when a later answer knows them no more', () => {
    const absences = createAbsences();
    absences.learn({ gaps: [], voids: [voided('v', 10, 20)] }, 0, 100);
    absences.learn({ gaps: [], voids: [] }, 0, 110);
    expect(absences.list(110, null)).toEqual([]);
  });

  it('are named before a gap at the same time', () => {
    const absences = createAbsences();
    absences.learn({ gaps: [offline(0, 50)], voids: [voided('v', 10, 20)] }, 0, 100);
    const list = absences.list(100, null);
    expect(absenceAt(list, 15)?.kind).toBe('void');
    expect(absenceAt(list, 30)?.kind).toBe('gap');
    expect(absenceAt(list, 60)).toBeNull();
  });
});

describe('a line between two readings', () => {
  it('is broken by an absence of half the time between them', () => {
    const gap = (from: number, to: number) => [{ kind: 'gap' as const, ...offline(from, to) }];
    expect(isAbsent(gap(25, 75), 0, 100)).toBe(true);
    expect(isAbsent(gap(30, 75), 0, 100)).toBe(false);
    expect(isAbsent(gap(100, 200), 0, 100)).toBe(false);
  });
});
