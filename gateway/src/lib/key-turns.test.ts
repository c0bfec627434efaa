import { expect, test } from 'vitest';
import { KeyTurns } from './key-turns.ts';

test('work on one key is done in turn, whatever becomes of it; on another key it does not wait', async () => {
  const turns = new KeyTurns();
  const done: string[] = [];
  let release = () => {};
  const held = new Promise<void>(resolve => (release = resolve));
  const first = turns.take('a', async () => {
    await held;
    done.push('first');
    throw new Error('first');
  });
  const second = turns.take('a', async () => void done.push('second'));
  await turns.take('b', async () => void done.push('other'));
  expect([done, turns.isTaken('a'), turns.isTaken('b')]).toEqual([['other'], true, false]);
  release();
  await expect(first).rejects.toThrow('first');
  await second;
  expect([done, turns.isTaken('a')]).toEqual([['other', 'first', 'second'], false]);
});
