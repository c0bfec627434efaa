// What was expected, and the readings that decided.
import type { Proof } from '@telltale/gateway/contract';
import { expect, it } from 'vitest';
import { effectWords, expectationWords, findingsOf } from './expectation-words.ts';

const withinMs = 10_000;
const at = new Date(2026, 4, 1, 12, 4, 5).getTime();
const target = { metric: 'target', withinMs, equals: 21 };
const reading = (more: Partial<Proof>): Proof => ({ metric: 'target', ts: at, value: 21, met: true, ...more });
const one = (more: Partial<Proof>) => findingsOf({ expect: [target], proof: [reading(more)] }, at)[0];

it('tells what is expected, and by when', () => {
  expect(expectationWords({ metric: 'on', equals: true })).toBe('on = on');
  expect(expectationWords({ metric: 'rpm', min: 300, max: 400 })).toBe('rpm from 300 to 400');
  expect(expectationWords({ metric: 'rpm', min: 300 })).toBe('rpm at least 300');
  expect(expectationWords({ metric: 'rpm', max: { param: 'limit' } })).toBe('rpm at most limit');
  expect(effectWords([target])).toBe('Done when the device reports target = 21 within 10 s.');
  expect(effectWords([target, { metric: 'on', withinMs: 20_000, equals: true }])).toBe(
    'Done when the device reports target = 21 and on = on within 20 s.',
  );
  expect(effectWords([])).toContain('Nothing will prove');
});

it('tells each expectation with the reading that decided and its time, or that nothing was reported', () => {
  const expected = 'target = 21';
  expect(one({})).toEqual({ expected, said: 'the device reported 21 at 12:04:05', verdict: 'met' });
  expect(one({ value: 19, met: false })).toEqual({
    expected,
    said: 'the device reported 19 at 12:04:05',
    verdict: 'unmet',
  });
  expect(one({ value: null, ts: null, met: false })).toMatchObject({ expected, verdict: 'nothing' });
  expect(findingsOf({ expect: [target], proof: null }, at)).toEqual([]);
});
