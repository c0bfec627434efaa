import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesAny, matchesPattern } from './pattern.ts';

/** The same in one line, and open to patterns that take for ever. */
function modelMatches(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`).test(text);
}

const few = (characters: string, maxLength: number) => fc.string({ unit: fc.constantFrom(...characters), maxLength });

describe('a pattern', () => {
  test.each([
    ['plant-a-*', 'plant-a-7', true],
    ['plant-a-*', 'plant-b-7', false],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*b*c', 'a--b--c', true],
    ['a*b*c', 'a--c--b', false],
    ['a.c', 'abc', false],
    ['**', 'anything', true],
    ['abc', 'ab', false],
  ])('%j on %j: %s', (pattern, text, fits) => {
    expect(matchesPattern(pattern, text)).toBe(fits);
  });

  test('fits what a regular expression of the same meaning fits', () => {
    fc.assert(
      fc.property(few('ab*.', 8), few('ab*.\n', 12), (pattern, text) => {
        expect(matchesPattern(pattern, text)).toBe(modelMatches(pattern, text));
      }),
      { numRuns: 2_000 },
    );
  });

  test('with every * filled in fits', () => {
    fc.assert(
      fc.property(fc.array(few('abc', 4), { minLength: 1 }), few('abc', 4), (parts, filling) => {
        expect(matchesPattern(parts.join('*'), parts.join(filling))).toBe(true);
      }),
    );
  });

  test('made to explode takes steps in proportion to the product of the lengths', () => {
    const begun = performance.now();
    expect(matchesPattern(`${'*a'.repeat(60)}b`, 'a'.repeat(2_000))).toBe(false);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe('a list of patterns', () => {
  test('fits where one does; an absent list fits all, an empty one nothing', () => {
    expect(matchesAny(undefined, 'x')).toBe(true);
    expect(matchesAny([], 'x')).toBe(false);
    expect(matchesAny(['a*', 'x'], 'x')).toBe(true);
    expect(matchesAny(['a*', 'y'], 'x')).toBe(false);
  });
});
