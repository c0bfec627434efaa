import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Scope } from '../contract/index.ts';
import { scopeCovers, scopeWithin, tidyScope } from './scope.ts';
import { Sights } from './sights.ts';

const scope = (devices: string[], tags: string[] = []): Scope => ({ devices, tags });

describe('a scope', () => {
  test.each([
    [scope(['a']), 'a', [], true],
    [scope(['a']), 'ab', [], false],
    [scope(['plant-a-*']), 'plant-a-1', [], true],
    [scope(['x', 'a*']), 'abc', [], true],
    [scope([], ['cold']), 'a', ['cold', 'roof'], true],
    [scope([], ['cold']), 'cold', [], false],
    [scope(['b'], ['cold']), 'a', ['warm'], false],
    [scope([]), 'a', ['cold'], false],
  ])('[ACC-6] %j has the device %s with the tags %j: %s', (given, id, tags, has) => {
    expect(scopeCovers(given, id, tags)).toBe(has);
  });

  test('[ACC-6] that lies within another has no device that the other has not', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 4 });
    const id = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5 });
    const tags = fc.subarray(['x', 'y', 'z']);
    const any = fc.record({ devices: fc.array(text, { maxLength: 3 }), tags });
    let within = 0;
    fc.assert(
      fc.property(any, any, id, tags, (inner, outer, device, its) => {
        if (!scopeWithin(inner, outer)) return;
        within++;
        if (scopeCovers(inner, device, its)) expect(scopeCovers(outer, device, its)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(within).toBeGreaterThan(50);
  });

  test('lies within all devices, and all devices within no scope', () => {
    expect(scopeWithin(scope(['a']), null)).toBe(true);
    expect(scopeWithin(null, null)).toBe(true);
    expect(scopeWithin(null, scope(['*']))).toBe(false);
    expect(scopeWithin(scope(['a*']), scope(['ab*', '*a']))).toBe(false);
  });

  test('is kept in one form', () => {
    expect(tidyScope(scope(['b', 'a', 'b'], ['y', 'x']))).toEqual(scope(['a', 'b'], ['x', 'y']));
    expect(tidyScope(null)).toBeNull();
  });
});

test('[ACC-6] the mark of a scope changes with the devices that it has by tags, and comes back with them', () => {
  const tags = new Map([['a', ['cold']]]);
  const sights = new Sights({
    tagsOf: device => tags.get(device) ?? [],
    withTags: wanted => [...tags].filter(([, its]) => its.some(tag => wanted.includes(tag))).map(([id]) => id),
  });
  const cold = scope([], ['cold']);
  const before = sights.markOf(cold);
  expect([sights.covers(cold, 'a'), sights.covers(cold, 'b')]).toEqual([true, false]);
  tags.set('b', ['cold']);
  const concerns = sights.tagsChanged('b', [], ['cold']);
  expect([cold, scope(['b'], ['cold']), scope(['a']), scope([], ['warm'])].map(concerns)).toEqual([
    true,
    false,
    false,
    false,
  ]);
  expect(sights.markOf(cold)).not.toBe(before);
  tags.delete('b');
  sights.tagsChanged('b', ['cold'], []);
  expect(sights.markOf(cold)).toBe(before);
  expect(sights.markOf(scope(['a']))).not.toBe(sights.markOf(scope(['b'])));
});
