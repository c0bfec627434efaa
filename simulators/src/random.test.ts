import { describe, expect, test } from 'vitest';
import { Random } from './random.ts';

const draw = (random: Random, count: number) => Array.from({ length: count }, () => random.next());

describe('Random', () => {
  test('the same seed and names give the same numbers, for ever', () => {
    expect(draw(new Random(1, 'pump-1', 'model'), 5)).toEqual(draw(new Random(1, 'pump-1', 'model'), 5));
    expect(draw(new Random(1, 'golden'), 3).map(n => Math.round(n * 1e9))).toMatchInlineSnapshot(`
      [
        624387944,
        867694114,
        587534588,
      ]
    `);
  });

  test('another seed, device or purpose gives other numbers', () => {
    const streams = [
      new Random(1, 'a', 'b'),
      new Random(2, 'a', 'b'),
      new Random(1, 'a', 'c'),
      new Random(1, 'b', 'b'),
    ].map(random => draw(random, 4).join());
    expect(new Set(streams).size).toBe(streams.length);
  });

  test('numbers are even, and a Gaussian has its mean and deviation', () => {
    const random = new Random(7, 'even');
    const numbers = draw(random, 20_000);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(numbers.reduce((sum, n) => sum + n, 0) / numbers.length).toBeCloseTo(0.5, 1);
    const bells = Array.from({ length: 20_000 }, () => random.gaussian(10, 2));
    const mean = bells.reduce((sum, n) => sum + n, 0) / bells.length;
    const variance = bells.reduce((sum, n) => sum + (n - mean) ** 2, 0) / bells.length;
    expect(mean).toBeCloseTo(10, 0);
    expect(Math.sqrt(variance)).toBeGreaterThan(1.9);
    expect(Math.sqrt(variance)).toBeLessThan(2.1);
  });

  test('whole numbers include both ends', () => {
    const random = new Random(3, 'whole');
    const seen = new Set(Array.from({ length: 500 }, () => random.whole(2, 5)));
    expect([...seen].sort()).toEqual([2, 3, 4, 5]);
  });

  test('events come about as often as asked, whatever the length of the steps', () => {
    const random = new Random(5, 'events');
    const count = (dtS: number) => {
      let events = 0;
      for (let t = 0; t < 200_000; t += dtS) if (random.happens(dtS, 100)) events++;
      return events;
    };
    for (const events of [count(1), count(10)]) {
      expect(events).toBeGreaterThan(1_800);
      expect(events).toBeLessThan(2_150);
    }
  });
});
