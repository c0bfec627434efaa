import { afterEach, describe, expect, test } from 'vitest';
import { startThread, type Thread, ThreadError } from './thread.ts';

const file = new URL('./echo.fixture.ts', import.meta.url);
let thread: Thread;
let deaths: Error[];
let dead: Promise<void>;

function start(): Thread {
  deaths = [];
  dead = new Promise(resolve => {
    thread = startThread(file, null, error => {
      deaths.push(error);
      resolve();
    });
  });
  return thread;
}

/** Long enough for an event that must not come; events that must come are awaited. */
const aMoment = () => new Promise(resolve => setTimeout(resolve, 50));

describe('a thread', () => {
  afterEach(async () => {
    if (deaths.length === 0) await thread.close();
  });

  test('answers each call with its own answer, in order', async () => {
    start();
    const answers = Promise.all([thread.call('echo', 'a'), thread.call('count', null), thread.call('count', null)]);
    expect(thread.waiting()).toBe(3);
    expect(await answers).toEqual(['a', 1, 2]);
    expect(thread.waiting()).toBe(0);
  });

  test('that throws answers with an error, its words and its code, and lives on', async () => {
    start();
    const refused = thread.call('refuse', 'unprocessable');
    await expect(refused).rejects.toBeInstanceOf(ThreadError);
    await expect(refused).rejects.toMatchObject({ message: 'refused', code: 'unprocessable' });
    expect(await thread.call('echo', 1)).toBe(1);
    expect(deaths).toEqual([]);
  });

  test('refuses a call that it does not know, and an answer that cannot cross', async () => {
    start();
    await expect(thread.call('nonsense', null)).rejects.toThrow('no call named nonsense');
    await expect(thread.call('uncloneable', null)).rejects.toBeInstanceOf(ThreadError);
    expect(await thread.call('echo', 1)).toBe(1);
  });

  test('takes memory over and hands it back, without a copy', async () => {
    start();
    const memory = new ArrayBuffer(8);
    const filled = thread.call<{ memory: ArrayBuffer }>('fill', { memory, value: 7 }, [memory]);
    expect(memory.byteLength).toBe(0);
    expect([...new Uint8Array((await filled).memory)]).toEqual([7, 7, 7, 7, 7, 7, 7, 7]);
  });

  test('a call that cannot cross is refused, and does not wait for ever', async () => {
    start();
    await expect(thread.call('echo', () => {})).rejects.toThrow();
    expect(thread.waiting()).toBe(0);
  });

  test('that is closed answers first what it was asked before', async () => {
    start();
    const answer = thread.call('echo', 'last');
    await thread.close();
    expect(await answer).toBe('last');
    expect(deaths).toEqual([]);
  });

  test('that is closed twice ends once', async () => {
    start();
    await Promise.all([thread.close(), thread.close()]);
    expect(deaths).toEqual([]);
  });
});

describe('a thread that dies', () => {
  test('says so once, with its error, and refuses what waits', async () => {
    start();
    const [, waiting] = await Promise.allSettled([thread.call('die', null), thread.call('echo', 1)]);
    expect(waiting).toMatchObject({ status: 'rejected', reason: { message: 'died' } });
    await dead;
    await aMoment();
    expect(deaths.map(({ message }) => message)).toEqual(['died']);
    expect(thread.waiting()).toBe(0);
  });

  test('by leaving says with which status', async () => {
    start();
    await expect(thread.call('exit', 3)).rejects.toThrow('status 3');
    await dead;
    expect(deaths.map(({ message }) => message)).toEqual(['the thread ended with status 3']);
  });

  test('refuses what it is asked afterwards', async () => {
    start();
    await expect(thread.call('exit', 3)).rejects.toThrow('status 3');
    const outcome = Promise.race([thread.call('echo', 1).catch(() => 'refused'), aMoment().then(() => 'no answer')]);
    expect(await outcome).toBe('refused');
  });

  test('can be closed', async () => {
    start();
    await expect(thread.call('exit', 3)).rejects.toThrow('status 3');
    expect(await Promise.race([thread.close().then(() => 'closed'), aMoment().then(() => 'never')])).toBe('closed');
  });
});
