// What a form says about its numbers, and about what shows that a command was done.
import { describe, expect, it, test } from 'vitest';
import { fieldsOf } from '../model/command-fields.ts';
import { hintOf, plainWords, typeEffectWords } from './command-words.ts';

const hint = (schema: object) => {
  const [field] = fieldsOf({ type: 'object', properties: { a: schema } }) ?? [];
  return field === undefined ? null : hintOf(field);
};

describe('the hint of a number', () => {
  it('says what it takes', () => {
    const range = { minimum: 0, maximum: 3000, unit: 'rpm' };
    expect(hint({ type: 'integer', ...range, multipleOf: 10 })).toBe('0 to 3,000 rpm, in steps of 10');
    expect(hint({ type: 'integer', ...range })).toBe('0 to 3,000 rpm, whole numbers');
    expect(hint({ type: 'number', minimum: -5 })).toBe('at least -5');
    expect(hint({ type: 'number', exclusiveMinimum: 0, maximum: 1 })).toBe('more than 0, at most 1');
    expect(hint({ type: 'number', description: 'Any' })).toBe('Any');
  });
});

describe('the effect of a command', () => {
  const label = (name: string) => name.toUpperCase();
  const withinMs = 10_000;

  it('is told with the values of its parameters, or with their names', () => {
    const equals = { metric: 'target', withinMs, equals: { param: 'value' } };
    expect(typeEffectWords({ expect: [equals] }, { value: 21 }, label)).toBe(
      'Done when the device reports target = 21 within 10 s.',
    );
    expect(typeEffectWords({ expect: [equals] }, {}, label)).toContain('target = VALUE within');
  });

  it('names all that has to be seen, and the longest time', () => {
    const expect_ = [
      { metric: 'a', withinMs, min: 1, max: { param: 'value' } },
      { metric: 'b', withinMs: 60_000, equals: false },
      { metric: 'c', withinMs, min: 2 },
      { metric: 'd', withinMs, max: 3 },
    ];
    expect(typeEffectWords({ expect: expect_ }, { value: 5 }, label)).toBe(
      'Done when the device reports a from 1 to 5 and b = off and c at least 2 and d at most 3 within 60 s.',
    );
  });

  it('is unknown where nothing is expected', () => {
    expect(typeEffectWords({ expect: [] }, {}, label)).toContain('Nothing will prove');
  });
});

test('parameters are told as people read them, and as JSON where that could be taken for something else', () => {
  expect(plainWords({ rpm: 1200, mode: 'hand', on: true })).toBe('rpm = 1200, mode = "hand", on = true');
  expect(plainWords({ note: 'x, rpm = 3' })).toBe('note = "x, rpm = 3"');
  for (const odd of [{ 'a = 1, b': 2 }, { a: { b: 1 } }, { a: null }, [1], 7, 'x']) {
    expect(plainWords(odd)).toBe(JSON.stringify(odd));
  }
  for (const nothing of [{}, null, undefined]) expect(plainWords(nothing)).toBe('');
});
