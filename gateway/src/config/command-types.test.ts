// Command types as they are written: defaults, and what is wrong with one.
import { describe, expect, test } from 'vitest';
import { readCommandType } from './command-types.ts';

const problemsOf = (type: Record<string, unknown>) => {
  const read = readCommandType({ id: 'speed', name: 'setSpeed', ...type });
  return read.ok ? [] : read.errors.map(({ where, expected, got }) => `${where}: ${expected}, not ${got}`);
};
const params = {
  type: 'object',
  properties: {
    rpm: { type: 'integer' },
    low: { type: 'number', default: 1 },
    mode: { enum: ['a'] },
    spare: { type: 'number' },
  },
  required: ['rpm'],
};

test('[CMD-8] a type needs an id and a name; the rest has defaults', () => {
  expect(readCommandType({ id: 'speed', name: 'setSpeed' })).toEqual({
    ok: true,
    type: {
      id: 'speed',
      name: 'setSpeed',
      title: null,
      description: null,
      devices: [],
      tags: [],
      models: [],
      params: null,
      danger: 'none',
      secondPerson: false,
      ttlMs: 30_000,
      retries: 0,
      retryAfterMs: 5_000,
      supersede: false,
      reply: true,
      expect: [],
      source: 'rest',
    },
  });
});

describe('what is wrong with a type', () => {
  const expecting = (...expect: unknown[]) => problemsOf({ params, expect });

  test('is told at once, with its place', () => {
    expect(problemsOf({ id: 'a b', ttlMs: 5, danger: 'some', tags: ['a/b'], colour: 'red' })).toEqual([
      'id: 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first, not "a b"',
      'tags.0: a tag, not "a/b"',
      'danger: none, caution or danger, not "some"',
      'ttlMs: at least 100, not 5',
      'colour: no such key, not "red"',
    ]);
    expect(problemsOf({ params: { type: 'object', properties: { a: { minimum: 'x' } } } })).toEqual([
      'params.properties.a.minimum: number, not "x"',
    ]);
  });

  test('an expectation names either a value or bounds', () => {
    expect(expecting({ metric: 'm' })[0]).toContain('either equals');
    expect(expecting({ metric: 'm', equals: 1, max: 2 })[0]).toContain('either equals');
    expect(expecting({ metric: 'm', min: 3, max: 2 })[0]).toContain('min to be at most max');
    expect(expecting({ metric: 'a/b', equals: 1 })[0]).toContain('a metric');
    expect(expecting({ metric: 'm', min: 1, max: 2 }, { metric: 'n', equals: 'on' })).toEqual([]);
  });

  test('a parameter that is expected to be seen is there in each command, and a plain value', () => {
    const from = (param: string, key = 'equals') => expecting({ metric: 'm', [key]: { param } });
    expect(from('rpm')).toEqual([]);
    expect(from('low', 'min')).toEqual([]);
    expect(from('absent')[0]).toContain('expect.0.equals: the name of a property of params');
    expect(from('toString')[0]).toContain('the name of a property');
    expect(from('mode')[0]).toContain('a parameter with the type');
    expect(from('spare')[0]).toContain('a parameter that is required or has a default');
    expect(problemsOf({ expect: [{ metric: 'm', equals: { param: 'rpm' } }] })[0]).toContain('a property of params');
  });

  test('a device that does not answer is expected to show something', () => {
    expect(problemsOf({ reply: false })[0]).toContain('something with reply: false');
    expect(problemsOf({ reply: false, expect: [{ metric: 'm', equals: 1 }] })).toEqual([]);
  });
});
