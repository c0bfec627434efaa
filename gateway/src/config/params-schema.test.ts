// Which schemas are sound, and that parameters are checked by every keyword of a sound one.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonSchema } from '../contract/index.ts';
import { compileParams, paramsSchemaProblems } from './params-schema.ts';

const wrong = (schema: unknown) =>
  paramsSchemaProblems(schema).map(({ path, message }) => `${path.join('.')}: ${message}`);
const checked = (schema: JsonSchema, params: unknown) => {
  expect(wrong(schema)).toEqual([]);
  return compileParams(schema)(params).map(({ where, expected, got }) => `${where}: ${expected}, not ${got}`);
};

describe('a schema', () => {
  test.each<[schema: unknown, problem: string]>([
    [
      { type: 'object', properties: { rpm: { type: 'integer', minimum: 'x' } } },
      'properties.rpm.minimum: expected number',
    ],
    [{ type: 'object', propertes: {} }, 'propertes: expected a keyword that the gateway knows'],
    [{ type: 'object', additionalProperties: {} }, 'additionalProperties: expected boolean'],
    [{ type: ['string', 'null'] }, 'type: expected one of object, array, string, number, integer, boolean, null'],
    [{ minimum: 3 }, 'minimum: expected only with type number or integer'],
    [{ type: 'string', maximum: 3 }, 'maximum: expected only with type number or integer'],
    [{ properties: {} }, 'properties: expected only with type object'],
    [{ type: 'integer', enum: [1, 2], minimum: 2 }, 'minimum: expected not beside enum or const'],
    [{ type: 'integer', enum: [1, 2.5] }, 'enum: expected values of type integer'],
    [{ type: 'string', const: 1 }, 'const: expected values of type string'],
    [{ enum: [1], const: 1 }, 'const: expected not beside enum'],
    [{ enum: [[1]] }, 'enum.0: expected text, a number, true, false or null'],
    [{ type: 'array', maxItems: 3 }, 'items: expected beside minItems and maxItems; {} is any value'],
    [{ type: 'number', minimum: 3, maximum: 2 }, 'maximum: expected at least minimum'],
    [{ type: 'object', required: ['rpm'] }, 'required: expected names of properties, and "rpm" is none'],
    [
      { type: 'object', properties: { constructor: {} } },
      'properties.constructor: expected a name that no object has of itself',
    ],
    [
      { type: 'object', properties: JSON.parse('{"__proto__":{"type":"number"}}') },
      'properties.__proto__: expected a name that no object has of itself',
    ],
    [
      { type: 'string', pattern: '(' },
      'pattern: expected a regular expression in which nothing that repeats is repeated, as in ^[A-Z]{2}[0-9]+$',
    ],
    [
      { type: 'string', pattern: '^(a+)+$' },
      'pattern: expected a regular expression in which nothing that repeats is repeated, as in ^[A-Z]{2}[0-9]+$',
    ],
    [
      { type: 'integer', maximum: 3, default: 4 },
      'default: expected what the schema itself takes: default has to be at most 3',
    ],
    [5, ': expected object'],
  ])('%j is refused', (schema, problem) => {
    expect(wrong(schema)).toEqual([problem]);
  });

  test('that is too deep or too large is refused', () => {
    let deep: JsonSchema = { type: 'boolean' };
    for (let i = 0; i < 8; i++) deep = { type: 'object', properties: { a: deep } };
    expect(wrong(deep)[0]).toContain('expected at most 8 levels');
    expect(wrong({ type: 'object', properties: deep.properties?.a?.properties })).toEqual([]);
    const large = { enum: Array.from({ length: 90 }, (_, i) => `${i}`.padEnd(200, 'x')) };
    expect(wrong(large)[0]).toContain('expected at most 16384 bytes');
  });

  test('is told all that is wrong with it at once', () => {
    const schema = { type: 'object', properties: { a: { type: 'text' }, b: { type: 'number', minLength: 1 } } };
    expect(wrong(schema)).toHaveLength(2);
  });
});

test('[CMD-8] parameters are told each place that is wrong, what was expected and what came', () => {
  const schema: JsonSchema = {
    type: 'object',
    properties: {
      rpm: { type: 'integer', minimum: 0, maximum: 3000, multipleOf: 10 },
      mode: { type: 'string', enum: ['auto', 'hand'] },
      note: { type: 'string', maxLength: 4, pattern: '^[a-z]+$' },
      steps: { type: 'array', items: { type: 'number', exclusiveMinimum: 0 }, maxItems: 3 },
      level: { enum: [1, 'low', null] },
      on: { type: 'boolean' },
    },
    required: ['rpm', 'on'],
    additionalProperties: false,
  };
  expect(checked(schema, { rpm: 20, on: true, mode: 'auto', note: 'ab', steps: [1, 2], level: null })).toEqual([]);
  expect(checked(schema, { rpm: 3005, mode: 'full', note: 'ABCDE', steps: [1, 0], level: 2, rmp: 1 })).toEqual([
    'params.rpm: at most 3000, not 3005',
    'params.rpm: a multiple of 10, not 3005',
    'params.mode: one of "auto", "hand", not "full"',
    'params.note: at most 4 characters, not "ABCDE"',
    'params.note: text that fits /^[a-z]+$/, not "ABCDE"',
    'params.steps.1: more than 0, not 0',
    'params.level: one of 1, "low", null, not 2',
    'params.on: true or false, not nothing',
    'params.rmp: no such parameter, not 1',
  ]);
  expect(checked(schema, [1])).toEqual(['params: an object, not [1]']);
  expect(checked(schema, undefined)).toEqual(['params: an object, not nothing']);
  expect(checked(schema, { rpm: 0, on: 1, __proto__: { mode: 'hand' } })).toEqual(['params.on: true or false, not 1']);
});

test.each(['^(?:aa?)+$', '^a*a*a*a*a*a*$', `^${'a?'.repeat(40)}${'a'.repeat(40)}$`])(
  '[CMD-8] a pattern that would take for ever (%j) refuses the text, and the next is looked at',
  pattern => {
    const schema: JsonSchema = { type: 'object', properties: { code: { type: 'string', pattern } } };
    const long = { code: `${'a'.repeat(1_000)}b` };
    expect(checked(schema, long)).toEqual([
      expect.stringContaining('params: text that its pattern is done with in 100 ms, not {"code":"aaa'),
    ]);
    expect(checked(schema, { code: 'b' })).toEqual([expect.stringContaining('params.code: text that fits')]);
    expect(checked(schema, {})).toEqual([]);
  },
);

/** JSON Schema as its text has it, for the keywords that there are: what zod makes of it has to come to the same. */
function isValid(schema: JsonSchema, value: unknown): boolean {
  if (schema.enum !== undefined) return schema.enum.includes(value);
  if (schema.const !== undefined) return schema.const === value;
  switch (schema.type) {
    case undefined:
      return true;
    case 'null':
      return value === null;
    case 'boolean':
      return typeof value === 'boolean';
    case 'string': {
      if (typeof value !== 'string') return false;
      const { length } = [...value];
      const { minLength = 0, maxLength = Infinity, pattern = '' } = schema;
      return length >= minLength && length <= maxLength && new RegExp(pattern).test(value);
    }
    case 'number':
    case 'integer':
      return isValidNumber(schema, value);
    case 'array': {
      const { items = {}, minItems = 0, maxItems = Infinity } = schema;
      if (!Array.isArray(value) || value.length < minItems || value.length > maxItems) return false;
      return value.every(item => isValid(items, item));
    }
    case 'object': {
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return false;
      const { properties = {}, required = [], additionalProperties = true } = schema;
      if (!required.every(name => Object.hasOwn(value, name))) return false;
      return Object.entries(value).every(([name, inner]) =>
        Object.hasOwn(properties, name) ? isValid(properties[name] as JsonSchema, inner) : additionalProperties,
      );
    }
  }
}

function isValidNumber(schema: JsonSchema, value: unknown): boolean {
  if (typeof value !== 'number' || (schema.type === 'integer' && !Number.isInteger(value))) return false;
  const { minimum = -Infinity, maximum = Infinity, multipleOf } = schema;
  const { exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = schema;
  if (value < minimum || value > maximum || value <= exclusiveMinimum || value >= exclusiveMaximum) return false;
  return multipleOf === undefined || Number.isInteger(value / multipleOf);
}

const small = fc.integer({ min: -3, max: 6 });
const plain = fc.oneof(
  small,
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('', 'a', 'b', 'ab', '😀', 'abc'),
  fc.constant(2.5),
);
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });
const named = (schema: fc.Arbitrary<unknown>) => fc.dictionary(fc.constantFrom('a', 'b', 'c'), schema);

const { schemas } = fc.letrec(tie => ({
  schemas: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant({}),
    fc.record({ enum: fc.array(plain, { minLength: 1, maxLength: 3 }) }),
    fc.record({ const: plain }),
    fc.record({ type: fc.constantFrom('boolean', 'null') }),
    fc.record({
      type: fc.constantFrom('number', 'integer'),
      minimum: optional(small),
      maximum: optional(small),
      exclusiveMinimum: optional(small),
      exclusiveMaximum: optional(small),
      multipleOf: optional(fc.constantFrom(1, 2, 3)),
    }),
    fc.record({
      type: fc.constant('string'),
      minLength: optional(fc.nat(2)),
      maxLength: optional(fc.nat(2)),
      pattern: optional(fc.constantFrom('^a', 'b$', '')),
    }),
    fc.record({
      type: fc.constant('array'),
      items: tie('schemas'),
      minItems: optional(fc.nat(2)),
      maxItems: optional(fc.nat(2)),
    }),
    fc.record({
      type: fc.constant('object'),
      properties: named(tie('schemas')),
      required: optional(fc.subarray(['a', 'b'])),
      additionalProperties: optional(fc.boolean()),
    }),
  ),
}));
const values = fc.letrec(tie => ({
  value: fc.oneof({ depthSize: 'small' }, plain, fc.array(tie('value'), { maxLength: 3 }), named(tie('value'))),
})).value;

test('[CMD-8] what is accepted is what JSON Schema accepts, whatever schema and parameters', () => {
  let accepted = 0;
  let refused = 0;
  fc.assert(
    fc.property(schemas, fc.array(values, { minLength: 1, maxLength: 10 }), (given, all) => {
      const schema = JSON.parse(JSON.stringify(given)) as JsonSchema;
      fc.pre(paramsSchemaProblems(schema).length === 0);
      const check = compileParams(schema);
      for (const value of all) {
        const isRefused = check(value).length > 0;
        if (isRefused) refused++;
        else accepted++;
        expect(isRefused, JSON.stringify({ schema, value })).toBe(!isValid(schema, value));
      }
    }),
    { numRuns: 300 },
  );
  expect(Math.min(accepted, refused)).toBeGreaterThan(100);
});
