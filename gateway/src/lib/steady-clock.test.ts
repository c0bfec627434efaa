import { beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { SteadyClock } from './steady-clock.ts';

const hour = 3_600_000;
const in2038 = Date.UTC(2038, 0, 19, 3, 14, 8);

let clock: ManualClock;
let steady: SteadyClock;
const jump = (byMs: number) => clock.set(clock.now() + byMs);

beforeEach(() => {
  clock = new ManualClock();
  steady = new SteadyClock(clock);
  clock.advance(hour);
  steady.now();
});

test('[RUN-3] a clock that nobody sets is right, and sure after an hour', () => {
  expect([steady.now(), steady.sure()]).toEqual([clock.now(), clock.now()]);
  expect(new SteadyClock(clock).sure()).toBeNull();
});

test.each([
  ['an hour', hour],
  ['to 2038', in2038 - Date.UTC(2026, 0, 5, 13)],
])('[RUN-3] ahead by %s: time goes on as before, and nothing is sure', (_, by) => {
  const before = clock.now();
  jump(by);
  expect([steady.now(), steady.sure()]).toEqual([before, null]);
  clock.advance(hour / 2);
  expect([steady.now(), steady.sure()]).toEqual([before + hour / 2, null]);
});

test('[RUN-3] ahead for longer than an hour: it was meant', () => {
  jump(3 * hour);
  steady.now();
  clock.advance(hour);
  expect([steady.now(), steady.sure()]).toEqual([clock.now(), clock.now()]);
});

test('[RUN-3] ahead and back again: as if nothing had been, but not sure for an hour', () => {
  jump(in2038 - clock.now());
  steady.now();
  clock.advance(hour / 2);
  clock.set(Date.UTC(2026, 0, 5, 13, 30));
  expect([steady.now(), steady.sure()]).toEqual([clock.now(), null]);
  clock.advance(hour);
  expect(steady.sure()).toBe(clock.now());
});

test('[RUN-3] back: the clock is followed, and nothing is sure', () => {
  jump(-2 * hour);
  expect([steady.now(), steady.sure()]).toEqual([clock.now(), null]);
});

test('[RUN-3] a clock that is set right soon after the start is followed at once', () => {
  const young = new SteadyClock(clock);
  jump(24 * hour);
  expect([young.now(), young.sure()]).toEqual([clock.now(), null]);
});

test('small corrections are followed and leave no doubt', () => {
  for (let i = 0; i < 10; i++) {
    jump(30_000);
    expect([steady.now(), steady.sure()]).toEqual([clock.now(), clock.now()]);
  }
});
