// What a form of a command type begins with, and what would be sent of it.
import { expect, it } from 'vitest';
import { beginLife, beginTypeDraft, readTypeDraft } from './type-draft.ts';

it('gives a second person the time to agree', () => {
  expect(beginLife({ ttlMs: 30_000, secondPerson: false })).toBe(30_000);
  expect(beginLife({ ttlMs: 30_000, secondPerson: true })).toBe(600_000);
  expect(beginLife({ ttlMs: 3_600_000, secondPerson: true })).toBe(3_600_000);
});

it('reads fields where the type has them, else JSON, and nothing while that cannot be sent', () => {
  const on = {
    params: { type: 'object' as const, properties: { on: { type: 'boolean' as const } }, required: ['on'] },
  };
  expect(readTypeDraft(on, beginTypeDraft(on))).toEqual({ value: { on: false } });
  expect(readTypeDraft({ params: null }, { values: {}, json: '[1]' })).toEqual({ value: [1] });
  expect(readTypeDraft({ params: null }, { values: {}, json: '' })).toEqual({ value: undefined });
  expect(readTypeDraft({ params: null }, { values: {}, json: '[1' })).toBe(null);
});
