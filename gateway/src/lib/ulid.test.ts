import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ulid } from './ulid.ts';

const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test('an id has 26 characters of Crockford’s base 32', () => {
  fc.assert(
    fc.property(time, now => {
      expect(ulid(now)).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    }),
  );
});

test('ids sort by their time', () => {
  fc.assert(
    fc.property(time, time, (a, b) => {
      fc.pre(a !== b);
      expect(ulid(a) < ulid(b)).toBe(a < b);
    }),
  );
});

test('the time of the specification’s own example is written as it shows', () => {
  expect(ulid(1_469_918_176_385).slice(0, 10)).toBe('01ARYZ6S41');
});

test('ids of one millisecond differ', () => {
  expect(new Set(Array.from({ length: 10_000 }, () => ulid(1))).size).toBe(10_000);
});
