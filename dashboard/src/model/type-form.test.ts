import type { CommandType, ExpectationTemplate, JsonSchema } from '@telltale/gateway/contract';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { emptyRow } from './param-rows.ts';
import { emptyExpect, emptyTypeForm, formOf, requestOf, shownType, type TypeForm, withMode } from './type-form.ts';

const word = fc.string({ minLength: 1, maxLength: 8 }).map(text => `${text.replaceAll('\n', '')}x`.trim());
const words = fc.uniqueArray(word, { maxLength: 3 });
const ms = fc.integer({ min: 1, max: 86_400_000 });
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0),
  word.map(param => ({ param })),
);
const bounds = fc
  .record({ min: fc.option(number, { nil: undefined }), max: fc.option(number, { nil: undefined }) })
  .filter(({ min, max }) => min !== undefined || max !== undefined);
const expectation: fc.Arbitrary<ExpectationTemplate> = fc
  .tuple(word, ms, fc.oneof(bounds, fc.record({ equals: fc.oneof(number, word, fc.boolean()) })))
  .map(([metric, withinMs, more]) => ({ metric, withinMs, ...more }));
const schema: fc.Arbitrary<JsonSchema | null> = fc.constantFrom<JsonSchema | null>(
  null,
  { type: 'object', properties: {}, additionalProperties: false },
  { type: 'object', properties: { rpm: { type: 'integer', minimum: 3 } }, required: ['rpm'] },
  { type: 'object', properties: { note: { type: 'string', pattern: '^a' } } },
  { type: 'array', items: { type: 'number' } },
);
const type: fc.Arbitrary<CommandType> = fc.record({
  id: word,
  name: word,
  title: fc.option(word),
  description: fc.option(word),
  devices: words,
  tags: words,
  models: words,
  params: schema,
  danger: fc.constantFrom('none', 'caution', 'danger'),
  secondPerson: fc.boolean(),
  ttlMs: ms,
  retries: fc.nat(10),
  retryAfterMs: ms,
  supersede: fc.boolean(),
  reply: fc.boolean(),
  expect: fc.array(expectation, { maxLength: 3 }),
  source: fc.constant('rest'),
});

const read = (form: TypeForm) => {
  const answer = requestOf(form);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems));
  return answer.request;
};
const problems = (form: Partial<TypeForm>) => {
  const answer = requestOf({ ...emptyTypeForm, id: 'a', name: 'a', ...form });
  return answer.ok ? [] : answer.problems.map(({ place, kind }) => `${place} ${kind}`);
};

describe('the form of a command type', () => {
  it('comes to the type that it was opened with, and shows it', () => {
    fc.assert(
      fc.property(type, given => {
        const request = read(formOf(given));
        const { id, source, ...rest } = given;
        expect(JSON.parse(JSON.stringify(request))).toEqual(JSON.parse(JSON.stringify(rest)));
        expect(shownType(id, request)).toEqual({ ...request, id, source });
      }),
    );
  });

  it('leaves to the letter what was not changed, and takes what was', () => {
    const given: CommandType = {
      ...(fc.sample(type, { numRuns: 1, seed: 1 })[0] as CommandType),
      name: ' go ',
      title: ' Go ',
      description: 'two\nlines\n',
      devices: [' a ', 'b', 'b', 'c\nd'],
      params: {
        additionalProperties: true,
        properties: { b: { type: 'number' }, a: { type: 'string' } },
        type: 'object',
        required: ['a', 'b'],
      },
      retryAfterMs: 1_234,
      expect: [{ metric: ' m', withinMs: 7, equals: '' }],
    };
    const { id, source, ...rest } = given;
    const unchanged = requestOf(formOf(given), given);
    expect(unchanged).toEqual({ ok: true, request: rest });
    if (unchanged.ok) expect(JSON.stringify(unchanged.request.params)).toBe(JSON.stringify(given.params));
    const changed = requestOf({ ...formOf(given), title: 'Go on ' }, given);
    expect(changed).toEqual({ ok: true, request: { ...rest, title: 'Go on' } });
  });

  it('tells what cannot be asked for', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ id: ' ', name: '', all: false, tags: ' \n' })).toEqual([
      'name nothing',
      'id nothing',
      'devices nothing',
    ]);
    expect(problems({ id: '..' })).toEqual(['id dots']);
    expect(problems({ retries: 'x', retryAfter: '' })).toEqual(['retries number', 'retryAfterMs number']);
    const table = { rows: [emptyRow], others: false };
    expect(problems({ params: { mode: 'rows', table, json: '' } })).toEqual(['params.0.name name']);
    expect(problems({ params: { mode: 'any', table, json: '' } })).toEqual([]);
    expect(problems({ params: { mode: 'json', table, json: '{' } })).toEqual(['params json']);
    expect(problems({ params: { mode: 'json', table, json: 'null' } })).toEqual(['params json']);
    const range = { ...emptyExpect, how: 'range' as const };
    expect(problems({ expect: [emptyExpect, range, { ...range, max: { param: '', value: 'x' } }] })).toEqual([
      'expect.0.equals nothing',
      'expect.1.min nothing',
      'expect.2.max number',
    ]);
  });
});

test('parameters are changed from rows to JSON and back, and not where that would lose something', () => {
  const table = { rows: [{ ...emptyRow, name: 'rpm' }], others: true };
  const rows = { mode: 'rows' as const, table, json: '' };
  const json = withMode(rows, 'json');
  expect(JSON.parse(json?.json ?? '')).toMatchObject({ properties: { rpm: { type: 'number' } } });
  expect(json && withMode(json, 'rows')).toMatchObject({ mode: 'rows', table });
  // By way of taking anything, too: what was written last is what comes back.
  const written = '{"type":"object","properties":{"a":{"type":"string"}}}';
  const any = withMode({ ...rows, mode: 'json', json: written }, 'any');
  expect(any && withMode(any, 'rows')?.table.rows.map(({ name }) => name)).toEqual(['a']);
  expect(any && withMode(any, 'json')?.json).toBe(written);
  const odd = { ...rows, mode: 'any' as const, json: '{' };
  expect([withMode(odd, 'rows'), withMode(odd, 'json')?.json]).toEqual([null, '{']);
  expect(withMode({ ...rows, mode: 'json', json: '{"type":"object","properties":{"a":{"const":1}}}' }, 'rows')).toBe(
    null,
  );
  for (const odd of ['{', '[]', '{"properties":{"a":null}}', '{"properties":{"a":{"enum":"b"}}}']) {
    expect(withMode({ ...rows, mode: 'json', json: odd }, 'rows')).toBe(null);
  }
  expect(withMode({ ...rows, mode: 'json' }, 'rows')).toEqual(rows);
  expect(withMode({ ...rows, table: { rows: [emptyRow], others: true } }, 'json')).toBe(null);
  expect(withMode(rows, 'any')).toEqual({ ...rows, mode: 'any' });
});

test('what is no schema is not shown', () => {
  const request = read({ ...emptyTypeForm, id: 'a', name: 'a' });
  for (const params of [7, [], { properties: { a: null } }, { required: 'a' }]) {
    expect(shownType('a', { ...request, params: params as JsonSchema })).toBe(null);
  }
});
