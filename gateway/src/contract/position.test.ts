import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatPosition, parsePosition } from './position.ts';

const number = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const position = fc
  .record({
    epoch: fc.stringMatching(/^[0-9A-Z]{26}$/),
    offset: number,
    ahead: fc.integer({ min: 0, max: 1_000 }),
    seen: fc.option(fc.stringMatching(/^[a-z0-9]{6}\.\d{1,9}$/)),
  })
  .map(({ ahead, offset, ...rest }) => ({
    ...rest,
    offset,
    events: Math.min(offset + ahead, Number.MAX_SAFE_INTEGER),
  }));

describe('a position as one word', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(position, given => {
        expect(parsePosition(formatPosition(given))).toEqual(given);
      }),
    );
  });

  test('is short where there is no more to say', () => {
    expect(formatPosition({ epoch: 'E', offset: 5, events: 5, seen: null })).toBe('E:5');
    expect(formatPosition({ epoch: 'E', offset: 5, events: 7, seen: null })).toBe('E:5:7');
    expect(formatPosition({ epoch: 'E', offset: 5, events: 5, seen: 'b.3' })).toBe('E:5::b.3');
  });

  test.each(['', 'E', 'E:', ':5', 'E:x', 'E:-1', 'E:1:2:3:4', 'E:99999999999999999', 'E:1:2:ä', 'E 1:2'])(
    '%j is none',
    text => expect(parsePosition(text)).toBeNull(),
  );
});
