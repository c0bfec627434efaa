import { expect, test } from 'vitest';
import { Outbox } from './outbox.ts';

test('one reading is sent as it is, several as one array, oldest first', () => {
  const outbox = new Outbox(10);
  outbox.add('{"a":1}');
  expect(outbox.take()).toBe('{"a":1}');
  outbox.add('1');
  outbox.add('2');
  outbox.add('3');
  expect(outbox.take()).toBe('[1,2,3]');
  expect(outbox.take()).toBeNull();
});

test('when it is full the oldest reading goes, and is counted', () => {
  const outbox = new Outbox(3);
  const gone = [1, 2, 3, 4, 5].map(n => outbox.add(`${n}`));
  expect(gone).toEqual([0, 0, 0, 1, 1]);
  expect(outbox.size).toBe(3);
  expect(outbox.take()).toBe('[3,4,5]');
});

test('long waits are sent in batches, nothing lost, nothing twice', () => {
  const outbox = new Outbox(1_000);
  for (let i = 0; i < 1_250; i++) outbox.add(`${i}`);
  const taken: number[] = [];
  for (let message = outbox.take(); message !== null; message = outbox.take()) {
    const batch = JSON.parse(message) as number[];
    expect(batch.length).toBeLessThanOrEqual(100);
    taken.push(...batch);
  }
  expect(taken).toEqual(Array.from({ length: 1_000 }, (_, i) => i + 250));
});
