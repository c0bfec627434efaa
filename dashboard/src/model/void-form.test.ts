// What can be voided, what is sent, and what is said when that fails.
import type { Void, VoidRequest } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../history/rest.ts';
import { createVoidForm } from './void-form.ts';

function setUp(answer: () => Promise<Void> = () => Promise.resolve({} as Void)) {
  const sent: VoidRequest[] = [];
  const api = {
    createVoid(request: VoidRequest) {
      sent.push(request);
      return answer();
    },
  };
  return { sent, form: createVoidForm({ device: 'a', metric: 'temp', from: 10_400, to: 20_400 }, api) };
}

describe('a range', () => {
  it('begins as what is in sight, and is what was marked, outwards to the second', () => {
    const { form } = setUp();
    expect(form.draft.value).toEqual({ from: 10_000, to: 21_000 });
    form.mark(12_001, 12_999);
    expect(form.draft.value).toEqual({ from: 12_000, to: 13_000 });
  });

  it('has to have two ends, begin before it ends, and have a reason', () => {
    const { form } = setUp();
    expect(form.problem.value).toBe('reason');
    form.reason.value = '   ';
    expect(form.problem.value).toBe('reason');
    form.reason.value = 'in the oven';
    expect(form.problem.value).toBeNull();
    form.to.value = form.from.value;
    expect(form.problem.value).toBe('order');
    form.from.value = Number.NaN;
    expect([form.problem.value, form.draft.value]).toEqual(['time', null]);
  });
});

describe('sending', () => {
  it('is refused here while something is missing', async () => {
    const { form, sent } = setUp();
    expect(await form.send()).toBe(false);
    expect(sent).toEqual([]);
  });

  it('sends the range with its reason, once', async () => {
    let answer = (_: Void) => {};
    const { form, sent } = setUp(() => new Promise(resolve => (answer = resolve)));
    form.reason.value = ' in the oven ';
    const first = form.send();
    expect(form.busy.value).toBe(true);
    expect(await form.send()).toBe(false);
    answer({} as Void);
    expect(await first).toBe(true);
    expect(form.busy.value).toBe(false);
    expect(sent).toEqual([{ device: 'a', metric: 'temp', from: 10_000, to: 21_000, reason: 'in the oven' }]);
  });

  it('keeps what was typed when it fails, and says why', async () => {
    const refusal = new ApiError('problem', 'Not allowed', 403);
    let fails = true;
    const { form } = setUp(() => (fails ? Promise.reject(refusal) : Promise.resolve({} as Void)));
    form.reason.value = 'in the oven';
    expect(await form.send()).toBe(false);
    expect(form.error.value).toBe(refusal);
    expect([form.reason.value, form.busy.value]).toEqual(['in the oven', false]);
    fails = false;
    expect(await form.send()).toBe(true);
    expect(form.error.value).toBeNull();
  });
});
