import { expect, test } from 'vitest';
import { devicesOf } from './group-tables.ts';

test('[CMD-10] looking for the devices of a group lets others have their turn, however long one look takes', async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `d${i}`);
  let longest = 0;
  let looks = 0;
  let isTicking = true;
  const tick = () => {
    longest = Math.max(longest, looks);
    looks = 0;
    if (isTicking) setImmediate(tick);
  };
  setImmediate(tick);
  // A pattern and an id can be such that one look takes milliseconds.
  const covers = (_: unknown, id: string) => {
    looks++;
    const until = performance.now() + 5;
    while (performance.now() < until);
    return id !== 'd7';
  };
  const found = await devicesOf({ inOrder: () => ids }, covers, { devices: ['*'], tags: [] }, id => id !== 'd9');
  isTicking = false;
  expect(found).toEqual(ids.filter(id => id !== 'd7' && id !== 'd9'));
  expect(Math.max(longest, looks)).toBeLessThanOrEqual(3);
});
