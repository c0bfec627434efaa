import type { JsonSchema } from '@telltale/gateway/contract';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { emptyRow, type ParamRow, type ParamRows, paramKinds, placeOf, rowsOf, schemaOf } from './param-rows.ts';

/** Without blanks at the ends: those are taken off. */
const word = fc.string({ unit: 'grapheme', maxLength: 8 }).map(text => text.trim().replaceAll('\n', ''));
/** Names that are whole numbers come first in every object, whatever order they were written in. */
const name = word.filter(text => text !== '' && !/^\d+$/.test(text));
const number = fc.oneof(fc.constant(''), fc.double({ noNaN: true, noDefaultInfinity: true }).map(String));

const row = fc
  .record({
    name,
    title: word,
    description: word,
    kind: fc.constantFrom(...paramKinds),
    unit: word,
    minimum: number,
    maximum: number,
    multipleOf: number,
    choices: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
    initial: fc.tuple(number, word, fc.constantFrom('', 'true', 'false')),
    required: fc.boolean(),
  })
  .map(({ choices, initial: [asNumber, asText, asFlag], ...all }): ParamRow => {
    const numeric = all.kind === 'number' || all.kind === 'integer';
    const plain = numeric ? all : { ...all, unit: '', minimum: '', maximum: '', multipleOf: '' };
    return {
      ...plain,
      choices: all.kind === 'choice' ? choices.join('\n') : '',
      initial: numeric ? asNumber : all.kind === 'flag' ? asFlag : asText,
    };
  });
const table: fc.Arbitrary<ParamRows> = fc.record({
  rows: fc.uniqueArray(row, { selector: each => each.name, maxLength: 5 }),
  others: fc.boolean(),
});

const read = (rows: ParamRows): JsonSchema => {
  const answer = schemaOf(rows);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems));
  return answer.schema;
};

describe('rows and the schema that they come to', () => {
  it('are the same there and back, through JSON too', () => {
    fc.assert(
      fc.property(table, rows => {
        expect(rowsOf(JSON.parse(JSON.stringify(read(rows))))).toEqual(rows);
      }),
    );
  });

  it('say the same as the schema that they were made from, or there are none', () => {
    const keyword = fc.constantFrom<JsonSchema>(
      { pattern: '^a' },
      { maxLength: 3 },
      { exclusiveMinimum: 1 },
      { const: 1 },
      { enum: [1, 2] },
      { title: '' },
      { title: ' blank' },
      { minItems: 1 },
      { type: 'null' },
      { properties: {} },
      { default: '7' },
      { default: [] },
      { unit: 'rpm' },
      { minimum: 4 },
      { additionalProperties: false },
    );
    fc.assert(
      fc.property(table, fc.nat(), keyword, (rows, at, more) => {
        const schema = read(rows);
        const names = Object.keys(schema.properties ?? {});
        const chosen = names[at % (names.length + 1)];
        const inner = schema.properties?.[chosen ?? ''];
        const changed: JsonSchema =
          chosen === undefined || inner === undefined
            ? { ...schema, ...more }
            : { ...schema, properties: { ...schema.properties, [chosen]: { ...inner, ...more } } };
        const found = rowsOf(changed);
        if (found !== null) expect(read(found)).toEqual(changed);
      }),
    );
  });

  it('keep a name that every object has of itself, for the gateway to refuse', () => {
    const rows = { rows: [{ ...emptyRow, name: '__proto__' }], others: true };
    expect(rowsOf(read(rows))).toEqual(rows);
  });
});

test('what a kind has no use for is not in the schema', () => {
  const typed = { ...emptyRow, name: 'on', unit: 'rpm', minimum: 'x', choices: 'a', initial: 'true', required: false };
  expect(read({ rows: [{ ...typed, kind: 'flag' }], others: false })).toEqual({
    type: 'object',
    properties: { on: { type: 'boolean', default: true } },
    additionalProperties: false,
  });
});

test('a row without a name, with the name of another, without choices or with no number is told', () => {
  const rows: ParamRow[] = [
    { ...emptyRow, name: ' ' },
    { ...emptyRow, name: 'a', minimum: '1x', initial: 'one' },
    { ...emptyRow, name: 'a ', kind: 'choice', choices: '\n' },
  ];
  expect(schemaOf({ rows, others: false })).toEqual({
    ok: false,
    problems: [
      { row: 0, field: 'name', kind: 'name' },
      { row: 1, field: 'minimum', kind: 'number' },
      { row: 1, field: 'initial', kind: 'number' },
      { row: 2, field: 'name', kind: 'twice' },
      { row: 2, field: 'choices', kind: 'choices' },
    ],
  });
});

test('what the gateway says goes to its field, also where names have dots', () => {
  const rows = ['a', 'a.default', 'b'].map(each => ({ ...emptyRow, name: each }));
  const place = (where: string) => placeOf(rows, { where, expected: '', got: '' });
  expect(place('params.properties.a.maximum')).toEqual({ row: 0, field: 'maximum' });
  expect(place('params.properties.a.default.default')).toEqual({ row: 1, field: 'initial' });
  expect(place('params.properties.b')).toEqual({ row: 2, field: 'name' });
  expect(place('params.properties.b.enum.3')).toEqual({ row: 2, field: 'choices' });
  expect(place('params.properties.c')).toBe(null);
  expect(place('params.required')).toBe(null);
});
