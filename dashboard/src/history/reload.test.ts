import { expect, test } from 'vitest';
import type { Clock } from '../connection/index.ts';
import { createReload } from './reload.ts';

/** A clock whose timers run when the test says so. */
function handClock() {
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    after(_ms, run) {
      timers.add(run);
      return () => timers.delete(run);
    },
  };
  const runAll = () => {
    for (const run of [...timers]) {
      timers.delete(run);
      run();
    }
  };
  return { clock, runAll, waiting: () => timers.size };
}

test('many reasons are one load, and reasons that keep coming do not put it off', () => {
  const { clock, runAll, waiting } = handClock();
  let loads = 0;
  const reload = createReload(clock, 400, () => loads++);
  reload.soon();
  reload.soon();
  expect(waiting()).toBe(1);
  runAll();
  expect(loads).toBe(1);
  reload.soon();
  runAll();
  expect(loads).toBe(2);
});

test('a cancelled reload does not load', () => {
  const { clock, runAll } = handClock();
  let loads = 0;
  const reload = createReload(clock, 400, () => loads++);
  reload.soon();
  reload.cancel();
  runAll();
  expect(loads).toBe(0);
});
