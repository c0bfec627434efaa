// From a command's JSON Schema to a form, and from the form to what is sent.
import type { JsonSchema } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { beginDraft, fieldsOf, problemsByField, readDraft } from './command-fields.ts';

const schema: JsonSchema = {
  type: 'object',
  properties: {
    rpm: {
      type: 'integer',
      title: 'Speed',
      unit: 'rpm',
      description: 'Of the shaft',
      minimum: 0,
      maximum: 3000,
      multipleOf: 10,
    },
    mode: { type: 'string', enum: ['auto', 'hand'], default: 'auto' },
    on: { type: 'boolean', default: true },
    lamp: { type: 'boolean' },
    note: { type: 'string', maxLength: 20 },
    steps: { type: 'array', items: { type: 'number' } },
  },
  required: ['rpm', 'mode', 'steps'],
};
const fields = fieldsOf(schema) ?? [];
const read = (draft: Record<string, string>) => readDraft(fields, { ...beginDraft(fields), ...draft });

describe('the fields of a form', () => {
  it('are made of the properties: label, unit, limits, and the control that fits', () => {
    expect(fields.map(({ name, kind, needed, begin }) => [name, kind, needed, begin])).toEqual([
      ['rpm', 'number', true, ''],
      ['mode', 'choice', false, '0'],
      ['on', 'flag', false, 'true'],
      ['lamp', 'choice', false, ''],
      ['note', 'text', false, ''],
      ['steps', 'json', true, ''],
    ]);
    expect(fields[0]).toMatchObject({
      label: 'Speed',
      unit: 'rpm',
      description: 'Of the shaft',
      min: 0,
      max: 3000,
      step: 10,
    });
    expect(
      fieldsOf({ type: 'object', properties: { a: { type: 'number', exclusiveMinimum: 0, minimum: -1 } } }),
    ).toMatchObject([{ min: 0, minIsOut: true, max: null }]);
  });

  it('are none where nobody said which parameters there are', () => {
    for (const each of [null, {}, { type: 'object' }, { type: 'array' }] as const) expect(fieldsOf(each)).toBe(null);
    expect(fieldsOf({ type: 'object', properties: {} })).toEqual([]);
  });
});

describe('what is sent', () => {
  it('has each value in its own type, and leaves out what was left empty', () => {
    expect(read({ rpm: '120', steps: '[1, 2]' })).toEqual({
      ok: true,
      params: { rpm: 120, mode: 'auto', on: true, steps: [1, 2] },
    });
    expect(read({ rpm: '0', steps: '[]', mode: '1', on: 'false', lamp: '1', note: ' x ' })).toEqual({
      ok: true,
      params: { rpm: 0, mode: 'hand', on: false, lamp: false, steps: [], note: ' x ' },
    });
  });

  it('waits for what is needed, and for what can be sent', () => {
    expect(read({})).toEqual({ ok: false, missing: ['rpm', 'steps'], wrong: [] });
    for (const rpm of ['-10', '3010', '15', '1.5', 'fast', '1e999']) {
      expect(read({ rpm, steps: '[' }), rpm).toEqual({ ok: false, missing: [], wrong: ['rpm', 'steps'] });
    }
    expect(read({ rpm: '10', steps: '1', mode: '7' })).toEqual({ ok: false, missing: [], wrong: ['mode'] });
  });

  it('keeps bounds that are themselves too much, and steps that no double has', () => {
    const [field] =
      fieldsOf({ type: 'object', properties: { a: { type: 'number', exclusiveMaximum: 1, multipleOf: 0.1 } } }) ?? [];
    const isSent = (a: string) => field !== undefined && readDraft([field], { a }).ok;
    expect(['0.3', '0.7', '0.9', '-5'].map(isSent)).toEqual([true, true, true, true]);
    expect(['1', '0.35'].map(isSent)).toEqual([false, false]);
  });
});

describe('what the gateway found wrong', () => {
  const problem = (where: string, expected: string) => ({ where, expected, got: '1' });

  it('is shown at the fields', () => {
    const problems = [
      problem('params.rpm', 'at most 3000'),
      problem('params.rpm', 'a multiple of 10'),
      problem('params.steps.1', 'a number'),
    ];
    expect([...(problemsByField(fields, problems) ?? [])]).toEqual([
      ['rpm', 'at most 3000; a multiple of 10'],
      ['steps', 'a number at 1'],
    ]);
  });

  it('is not, where there is more to it or nothing', () => {
    expect(problemsByField(fields, [problem('params.rpm', 'x'), problem('retries', 'x')])).toBe(null);
    expect(problemsByField(fields, [problem('params.rpms', 'x')])).toBe(null);
    expect(problemsByField(fields, [])).toBe(null);
  });
});
