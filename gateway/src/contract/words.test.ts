import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDeviceId, isMetricName, roleCovers, roles, valueTypeOf } from './words.ts';

const validChar = fc.constantFrom(...'abcXYZ019-_.:% äß漢');

describe('device ids', () => {
  test('have 1 to 128 characters', () => {
    expect(isDeviceId('')).toBe(false);
    expect(isDeviceId('a')).toBe(true);
    expect(isDeviceId('a'.repeat(128))).toBe(true);
    expect(isDeviceId('a'.repeat(129))).toBe(false);
  });

  test.each(['a/b', 'a+b', 'a#', '+', '#', '/', 'a\u0000', 'a\nb', 'a\u007f', 'a\u0085'])('never look like %j', id => {
    expect(isDeviceId(id)).toBe(false);
    expect(isMetricName(id)).toBe(false);
  });

  test('do not begin with $, where the broker keeps its own; a metric may', () => {
    expect(isDeviceId('$SYS')).toBe(false);
    expect(isDeviceId('a$')).toBe(true);
    expect(isMetricName('$flow')).toBe(true);
  });

  test('may be made of any other characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: validChar, minLength: 1, maxLength: 128 }), id => {
        expect(isDeviceId(id)).toBe(true);
        expect(isMetricName(id)).toBe(true);
      }),
    );
  });
});

describe('roles', () => {
  test('[ACC-4] an administrator may do what an operator may, and that one what a viewer may', () => {
    const table = roles.map(role => roles.map(needed => roleCovers(role, needed)));
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
  });
});

test('the wire names the types of values as JavaScript does', () => {
  expect([valueTypeOf(1), valueTypeOf(false), valueTypeOf('')]).toEqual(['number', 'boolean', 'string']);
});
