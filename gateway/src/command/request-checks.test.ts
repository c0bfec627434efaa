// Frames of the live stream come only roughly checked: what is wrong with one is told here, every field of it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CommandRequest, limits, Refusal } from '../contract/index.ts';
import { checkKey, checkRequest } from './request-checks.ts';

/** Places that a request is refused for. */
function wrong(request: unknown): string[] {
  try {
    checkRequest(request as CommandRequest);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    expect(error.code).toBe('bad_request');
    return (error.errors ?? []).map(({ where }) => where);
  }
  return [];
}
const long = (length: number) => 'x'.repeat(length + 1);
const name = 'stop';

describe('a request', () => {
  test('of nothing but a name is enough', () => {
    expect(checkRequest({ name })).toEqual({ name });
  });

  test.each<[field: string, value: unknown]>([
    ['name', ''],
    ['name', long(limits.commandNameLengthMax)],
    ['name', 5],
    ['params', { a: long(limits.commandParamsBytesMax) }],
    ['ttlMs', limits.commandTtlMsMin - 1],
    ['ttlMs', limits.commandTtlMsMax + 1],
    ['ttlMs', 1000.5],
    ['reason', long(limits.commandReasonLengthMax)],
    ['reason', null],
    ['supersede', ''],
    ['supersede', long(limits.commandKeyLengthMax)],
    ['retries', -1],
    ['retries', limits.commandRetriesMax + 1],
    ['retryAfterMs', limits.commandRetryMsMin - 1],
    ['retryAfterMs', limits.commandRetryMsMax + 1],
    ['reply', 'no'],
    ['confirm', {}],
    ['confirm', long(128)],
    ['expect', 5],
    ['expect', Array.from({ length: limits.expectationsMax + 1 }, () => ({ metric: 'm', equals: 1 }))],
  ])('is refused for its %s where that is %j', (field, value) => {
    expect(wrong({ name, [field]: value })).toEqual([field]);
  });

  test('is told all that is wrong with it, and no long text again', () => {
    expect(wrong({ name: '', ttlMs: 1, expect: [{ metric: 'a' }, { metric: 'b', equals: 1 }] })).toEqual([
      'name',
      'ttlMs',
      'expect.0',
    ]);
    expect(() => checkRequest({ name, reason: long(500) })).toThrow(
      'expected at most 500 characters, got 501 characters',
    );
  });

  test('has keys that are not too long', () => {
    checkKey(null);
    checkKey('x'.repeat(limits.commandKeyLengthMax));
    expect(() => checkKey(long(limits.commandKeyLengthMax))).toThrow('key');
    expect(() => checkKey('')).toThrow('key');
  });
});

describe('an expectation', () => {
  test.each<[problem: string, given: unknown]>([
    ['expect', null],
    ['expect', []],
    ['expect', { metric: 'm' }],
    ['expect', { metric: 'm', equals: 1, min: 1 }],
    ['expect.metric', { metric: 'a/b', equals: 1 }],
    ['expect.metric', { equals: 1 }],
    ['expect.withinMs', { metric: 'm', equals: 1, withinMs: 0 }],
    ['expect.withinMs', { metric: 'm', equals: 1, withinMs: limits.expectWithinMsMax + 1 }],
    ['expect.equals', { metric: 'm', equals: {} }],
    ['expect.equals', { metric: 'm', equals: long(limits.textLengthMax) }],
    ['expect.min', { metric: 'm', min: '1' }],
    ['expect.max', { metric: 'm', max: null }],
    ['expect.max', { metric: 'm', min: 2, max: 1 }],
    ['expect.minimum', { metric: 'm', max: 1, minimum: 0 }],
  ])('is refused for %s where it is %j', (problem, given) => {
    if (Array.isArray(given)) expect(wrong({ name, expect: given })).toEqual([]);
    else expect(wrong({ name, expect: given })).toEqual([problem]);
  });

  test('is kept in one form', () => {
    const withinMs = limits.expectWithinMsDefault;
    expect(checkRequest({ name, expect: { metric: 'm', equals: false } }).expect).toEqual([
      { metric: 'm', equals: false, withinMs },
    ]);
    expect(checkRequest({ name, expect: [{ metric: 'm', min: 1, max: 1, withinMs: 5 }] }).expect).toEqual([
      { metric: 'm', min: 1, max: 1, withinMs: 5 },
    ]);
  });
});

test('whatever comes is refused or sound, and nothing else is thrown', () => {
  const field = fc.constantFrom('params', 'ttlMs', 'reason', 'expect', 'supersede', 'retries', 'reply', 'confirm');
  fc.assert(
    fc.property(fc.dictionary(field, fc.jsonValue()), request => {
      wrong({ name, ...request });
    }),
  );
});
