import { expect, test } from 'vitest';
import { emptyRow } from './param-rows.ts';
import { emptyExpect, emptyTypeForm, type TypeForm } from './type-form.ts';
import { placesOf, standing } from './type-places.ts';

const table = { rows: [{ ...emptyRow, name: 'rpm' }], others: false };
const form: TypeForm = { ...emptyTypeForm, params: { mode: 'rows', table, json: '' }, expect: [emptyExpect] };
const found = (wheres: string[], of = form) =>
  placesOf(
    of,
    wheres.map(where => ({ where, expected: '', got: '' })),
  );

test('what the gateway says goes to the place that it is about, and what has none is kept', () => {
  const places = (wheres: string[], of?: TypeForm) => [...found(wheres, of).keys()];
  expect(places(['params.properties.rpm.maximum', 'params.required', 'params'])).toEqual([
    'params.0.maximum',
    'params',
  ]);
  expect(places(['json.ttlMs', 'param.id', 'devices.3', 'colour'])).toEqual(['ttlMs', 'id', 'devices', '']);
  expect(places(['expect.0.equals', 'expect.0.min', 'expect.0', 'expect.1.metric', 'expect'])).toEqual([
    'expect.0.equals',
    'expect.0',
    'expect',
  ]);
  const asJson = { ...form, params: { ...form.params, mode: 'json' as const } };
  expect(places(['params.properties.rpm.maximum'], asJson)).toEqual(['params']);
});

test('what was changed since is no longer marked', () => {
  const places = ['params.properties.rpm.maximum', 'expect.0.withinMs', 'retryAfterMs', 'expect.0', 'ttlMs', 'colour'];
  const left = (now: Partial<TypeForm>) => [...standing(found(places), form, { ...form, ...now }).keys()];
  expect(left({})).toEqual(['params.0.maximum', 'expect.0.withinMs', 'retryAfterMs', 'expect.0', 'ttlMs', '']);
  const rows = [{ ...emptyRow, name: 'rpm', maximum: '3' }];
  expect(left({ params: { ...form.params, table: { ...table, rows } }, retryAfter: '9', ttlMs: 1 })).toEqual([
    'expect.0.withinMs',
    'expect.0',
    '',
  ]);
  expect(left({ expect: [{ ...emptyExpect, within: '7' }] })).toEqual([
    'params.0.maximum',
    'retryAfterMs',
    'ttlMs',
    '',
  ]);
  expect(left({ expect: [] })).not.toContain('expect.0.withinMs');
});
