import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { Deadlines, type Due, noDeadline } from './deadlines.ts';

const start = () => {
  const clock = new ManualClock();
  const reached: [key: string, at: number][] = [];
  const begun = clock.elapsed();
  const deadlines = new Deadlines<Due & { key: string }>(clock, ({ key }) => {
    reached.push([key, clock.elapsed() - begun]);
  });
  const items = new Map<string, Due & { key: string }>();
  const itemOf = (key: string) => {
    const item = items.get(key) ?? { key, ...noDeadline };
    items.set(key, item);
    return item;
  };
  return {
    clock,
    reached,
    set: (key: string, at: number) => deadlines.set(itemOf(key), begun + at),
    clear: (key: string) => deadlines.clear(itemOf(key)),
  };
};

describe('deadlines', () => {
  test('come in the order of their times, with one timer for all', () => {
    const { clock, reached, set } = start();
    for (const [key, at] of [
      ['c', 30],
      ['a', 10],
      ['b', 20],
    ] as const)
      set(key, at);
    expect(clock.timers()).toBe(1);
    clock.advance(10);
    clock.advance(20);
    expect(reached).toEqual([
      ['a', 10],
      ['b', 20],
      ['c', 30],
    ]);
    expect(clock.timers()).toBe(0);
  });

  test('one that is moved comes at its new time alone, one that is cleared never', () => {
    const { clock, reached, set, clear } = start();
    set('a', 10);
    set('b', 10);
    set('a', 50);
    clear('b');
    clock.advance(49);
    expect(reached).toEqual([]);
    clock.advance(1);
    expect(reached).toEqual([['a', 50]]);
  });

  test('whatever is set, moved and cleared: each comes once, not before its time', () => {
    const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', 'e'), at: fc.nat(100), isCleared: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), steps => {
        const { clock, reached, set, clear } = start();
        const wanted = new Map<string, number>();
        for (const { key, at, isCleared } of steps) {
          if (isCleared) {
            clear(key);
            wanted.delete(key);
          } else {
            set(key, at);
            wanted.set(key, at);
          }
        }
        for (let i = 0; i <= 100; i++) clock.advance(1);
        expect(new Map(reached.map(([key, at]) => [key, Math.max(1, at)]))).toEqual(
          new Map([...wanted].map(([key, at]) => [key, Math.max(1, at)])),
        );
        expect(reached.length).toBe(wanted.size);
      }),
    );
  });
});
