import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Value } from '../contract/index.ts';
import { Channel, channelKey, encodeSnapRow } from './channel.ts';
import { runOf } from './log.fixture.ts';

const names = ['', 'a/t', 'a/u', 'b/t', 'plant-1/t'].map(name => {
  const [device = '', metric = ''] = name.split('/');
  return { device, metric };
});
const nameOf = (series: number) => (series === 0 ? undefined : names[series]);
const rowsOf = (text: string | readonly string[] | undefined) => JSON.parse(`[${text}]`) as unknown[];

describe('a channel', () => {
  test.each([
    [{}, [1, 2, 3, 4]],
    [{ device: ['a'] }, [1, 2]],
    [{ metric: ['t'] }, [1, 3, 4]],
    [{ device: ['a', 'plant-*'], metric: ['t'] }, [1, 4]],
    [{ device: [] }, []],
  ])('of %j covers the series %j', (patterns, covered) => {
    const channel = new Channel(patterns, nameOf);
    expect([1, 2, 3, 4, 5].filter(series => channel.covers(series))).toEqual(covered);
  });

  test('covers a series that is made after it was asked for', () => {
    const made: { device: string; metric: string }[] = [];
    const channel = new Channel({}, series => made[series]);
    expect(channel.covers(0)).toBe(false);
    made.push({ device: 'a', metric: 't' });
    expect(channel.covers(0)).toBe(true);
  });

  test('is shared by the same patterns alone', () => {
    expect(channelKey({ device: ['a'] })).toBe(channelKey({ device: ['a'], metric: undefined }));
    const keys = [
      {},
      { device: ['a'] },
      { metric: ['a'] },
      { device: ['a', 'b'] },
      { device: ['a","b'] },
      { device: [] },
    ];
    expect(new Set(keys.map(channelKey)).size).toBe(keys.length);
  });

  test('encodes all that fits, and beside it the newest of each series', () => {
    const channel = new Channel({ metric: ['t'] }, nameOf);
    const encoded = channel.encode([
      runOf(1, [
        [1, 10, 'x'],
        [2, 10, 0],
      ]),
      runOf(2, [
        [3, 11, true],
        [1, 12, 2],
        [1, 11, 3],
      ]),
    ]);
    expect(encoded?.series).toEqual([1, 3]);
    expect(rowsOf(encoded?.all)).toEqual([
      [1, 10, 'x'],
      [3, 11, true],
      [1, 12, 2],
      [1, 11, 3],
    ]);
    expect(rowsOf(encoded?.latest)).toEqual([
      [1, 12, 2],
      [3, 11, true],
    ]);
    expect(channel.encode([runOf(3, [[2, 10, 0]])])).toBeNull();
  });

  test('encodes every value so that JSON gives it back', () => {
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(value, (given: Value) => {
        const channel = new Channel({}, nameOf);
        const plain = JSON.parse(JSON.stringify(given)) as Value;
        expect(rowsOf(channel.encode([runOf(1, [[1, 5, given]])])?.all)).toEqual([[1, 5, plain]]);
        expect(JSON.parse(encodeSnapRow(1, 5, given, 'late'))).toEqual([1, 5, plain, 'late']);
      }),
    );
  });
});
