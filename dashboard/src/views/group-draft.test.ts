import type { CommandType } from '@telltale/gateway/contract';
import { expect, it } from 'vitest';
import { emptyGroupDraft, groupRequest } from './group-draft.ts';

const draft = { ...emptyGroupDraft, devices: 'pump-*\n\nfan-1', tags: 'roof', name: ' set ', confirm: '12' };

it('is a request once the devices are named, counted and confirmed', () => {
  const wanted = {
    devices: ['pump-*', 'fan-1'],
    tags: ['roof'],
    name: 'set',
    ttlMs: 30_000,
    confirm: '12',
    concurrency: 10,
  };
  expect(groupRequest(draft, 12, null)).toEqual(wanted);
  const more = { params: '{"on":true}', reason: ' cold ', failuresMax: '0', concurrency: '3' };
  expect(groupRequest({ ...draft, ...more }, 12, null)).toEqual({
    ...wanted,
    params: { on: true },
    reason: 'cold',
    failuresMax: 0,
    concurrency: 3,
  });
});

it('is none while something is missing: a name, JSON, the number of devices, or any of them', () => {
  expect(groupRequest({ ...draft, name: ' ' }, 12, null)).toBe(null);
  expect(groupRequest({ ...draft, params: '{"on":' }, 12, null)).toBe(null);
  expect(groupRequest(draft, 13, null)).toBe(null);
  expect(groupRequest({ ...draft, confirm: '0' }, 0, null)).toBe(null);
  expect(groupRequest({ ...draft, confirm: '10001' }, 10_001, null)).toBe(null);
});

it('is made of the fields of a type, with its life, and with a reason where that is dangerous', () => {
  const rpm = { type: 'integer' as const, minimum: 0, maximum: 3000 };
  const type = {
    id: 't',
    name: 'setSpeed',
    ttlMs: 120_000,
    danger: 'danger',
    params: { type: 'object', properties: { rpm }, required: ['rpm'] },
  } as unknown as CommandType;
  const typed = (value: string) => ({ ...draft, type: 't', typed: { values: { rpm: value }, json: '' }, reason: 'x' });
  expect(groupRequest(typed('1500'), 12, type)).toMatchObject({
    name: 'setSpeed',
    ttlMs: 120_000,
    params: { rpm: 1500 },
  });
  expect(groupRequest({ ...typed('1500'), ttlMs: 10_000 }, 12, type)).toMatchObject({ ttlMs: 10_000 });
  expect(groupRequest(typed('4000'), 12, type)).toBe(null);
  expect(groupRequest({ ...typed('1500'), reason: ' ' }, 12, type)).toBe(null);
  // What was typed for another type is not meant for this one.
  expect(groupRequest({ ...typed('1500'), type: 'other' }, 12, type)).toBe(null);
});
