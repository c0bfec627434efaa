// Which of several answers is listened to.
import { describe, expect, it } from 'vitest';
import { createNewestWins } from './newest-wins.ts';

function setUp() {
  const newest = createNewestWins();
  const heard: unknown[] = [];
  const ask = () => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const done = newest.ask(
      () => promise,
      answer => heard.push(answer),
      error => heard.push(error),
    );
    return { resolve, reject, done };
  };
  return { newest, heard, ask };
}

describe('of several questions', () => {
  it('only the newest is listened to, whichever is answered first', async () => {
    const { heard, ask } = setUp();
    const first = ask();
    const second = ask();
    second.resolve('second');
    first.resolve('first');
    await Promise.all([first.done, second.done]);
    expect(heard).toEqual(['second']);
  });

  it('the failure of an older one is not heard either', async () => {
    const { heard, ask } = setUp();
    const first = ask();
    const second = ask();
    first.reject(new Error('too slow'));
    second.reject('no network');
    await Promise.all([first.done, second.done]);
    expect(heard).toEqual(['no network']);
  });

  it('none is listened to after the end', async () => {
    const { newest, heard, ask } = setUp();
    const only = ask();
    newest.close();
    only.resolve('late');
    await only.done;
    expect(heard).toEqual([]);
  });
});
