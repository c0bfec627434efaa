import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GrowingUlids, ulid } from './ulid.ts';

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

test('growing ids sort in the order in which they are made, whatever the clock says', () => {
  fc.assert(
    fc.property(fc.array(time, { minLength: 2 }), times => {
      const ids = new GrowingUlids();
      const made = times.map(now => ids.next(now));
      expect([...made].sort()).toEqual(made);
      expect(new Set(made).size).toBe(made.length);
      for (const id of made) expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/);
    }),
  );
});

test('an id that follows one that ends in the last digits carries', () => {
  const ids = new GrowingUlids();
  ids.startAfter('01ARYZ6S41AAAAAAAAAAAAAAZZ');
  expect(ids.next(0)).toBe('01ARYZ6S41AAAAAAAAAAAAAB00');
  ids.startAfter('00000000000000000000000000');
  expect(ids.next(0)).toBe('01ARYZ6S41AAAAAAAAAAAAAB01');
});
