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
  expect(groupRequest(draft, 12)).toEqual(wanted);
  const more = { params: '{"on":true}', reason: ' cold ', failuresMax: '0', concurrency: '3' };
  expect(groupRequest({ ...draft, ...more }, 12)).toEqual({
    ...wanted,
    params: { on: true },
    reason: 'cold',
    failuresMax: 0,
    concurrency: 3,
  });
});

it('is none while something is missing: a name, JSON, the number of devices, or any of them', () => {
  expect(groupRequest({ ...draft, name: ' ' }, 12)).toBe(null);
  expect(groupRequest({ ...draft, params: '{"on":' }, 12)).toBe(null);
  expect(groupRequest(draft, 13)).toBe(null);
  expect(groupRequest({ ...draft, confirm: '0' }, 0)).toBe(null);
  expect(groupRequest({ ...draft, confirm: '10001' }, 10_001)).toBe(null);
});
