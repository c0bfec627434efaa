// Which transport the client takes, and how it comes back to the WebSocket.
import type { ServerFrame } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { createPage, createPollPage, createSsePage } from '../../test/fallback.ts';
import { settled } from '../../test/http.ts';
import { helloTimeoutMs } from './link.ts';
import { Transports } from './transports.ts';
import { firstTrialMs, trialPauseMsMax } from './upgrade.ts';

const def: ServerFrame = { t: 'def', series: [[1, 'a', 'temp', '°C', 'number']] };
const snap = (sub: string, offset: number, done = true): ServerFrame => ({
  t: 'snap',
  sub,
  offset,
  rows: [[1, offset, offset, 'live']],
  done,
});
const data = (sub: string, offset: number): ServerFrame => ({ t: 'data', sub, offset, rows: [[1, offset, offset]] });

describe('the choice', () => {
  const all = () => new Transports(['ws', 'sse', 'poll']);

  it('begins with the WebSocket, and takes the others one after the other where it never worked', () => {
    const transports = all();
    expect(transports.current()).toBe('ws');
    const next = () => [transports.failed(1006), transports.current()];
    expect([next(), next(), next()]).toEqual([
      [true, 'sse'],
      [true, 'poll'],
      [false, 'ws'],
    ]);
  });

  it('gives a WebSocket that has worked three dials in a row', () => {
    const transports = all();
    transports.opened('ws');
    transports.closed(1006, false);
    expect([transports.failed(1006), transports.failed(1006), transports.current()]).toEqual([false, false, 'ws']);
    transports.opened('ws');
    expect([transports.failed(1006), transports.failed(1006), transports.failed(1006)]).toEqual([false, false, true]);
    expect(transports.current()).toBe('sse');
  });

  it('has nothing but the WebSocket where there is nothing else', () => {
    const transports = new Transports(['ws']);
    expect([transports.failed(1006), transports.current()]).toEqual([false, 'ws']);
  });

  it('stays where the gateway itself said no: it would say the same on another transport', () => {
    for (const code of [1001, 4429, 4401, 4403]) {
      const transports = all();
      expect([transports.failed(code), transports.current()]).toEqual([false, 'ws']);
    }
  });

  it('keeps what worked, but for a stream that was silent from the first', () => {
    const transports = all();
    transports.opened('sse');
    transports.closed(1001, true);
    transports.closed(1006, true);
    transports.closed(4408, false);
    expect(transports.current()).toBe('sse');
    transports.closed(4408, true);
    expect(transports.current()).toBe('poll');
    transports.closed(4408, true);
    expect(transports.current()).toBe('poll');
  });
});

describe('falling back', () => {
  it('[LIV-6] is one attempt, with no wait between the transports', async () => {
    const { connection, sockets, http, states } = createPage();
    connection.start();
    sockets.newest().drop(1006);
    expect(http.newest().path).toBe('/stream');
    http.newest().fail();
    await settled();
    expect(http.newest().path).toMatch(/^\/log\?/);
    expect(states).toEqual([{ name: 'connecting', attempt: 1 }]);
    http.newest().fail();
    await settled();
    expect(connection.state()).toMatchObject({ name: 'waiting', attempt: 1, reached: false, code: 1006 });
    connection.wake();
    expect(sockets.all).toHaveLength(2);
    expect(connection.state()).toEqual({ name: 'connecting', attempt: 2 });
  });

  it('comes also where a WebSocket neither opens nor fails', async () => {
    const { connection, http, pass } = createPage();
    connection.start();
    await pass(helloTimeoutMs);
    expect(http.newest().path).toBe('/stream');
  });

  it('asks for a sign-in whichever transport is told to', async () => {
    const poll = createPollPage();
    await (await poll.start()).answer(401, { code: 'not_signed_in' });
    expect(poll.connection.state().name).toBe('signed-out');
  });

  it('begins with the WebSocket again after a sign-in', async () => {
    const { connection, sockets, start } = createSsePage();
    await start().answer(401, { code: 'not_signed_in' });
    connection.start();
    expect(sockets.all).toHaveLength(2);
  });
});

describe('the way back', () => {
  async function onSse() {
    const page = createSsePage();
    page.connection.subscribe({ device: ['a'] }, page.take);
    const stream = page.start();
    await stream.greet();
    await stream.say(def, snap('s1', 100));
    return { ...page, stream };
  }

  it('tries the WebSocket beside, soon, then ever more seldom, but at least every five minutes', async () => {
    const { sockets, clock, http, pass, connection } = await onSse();
    const pauses: number[] = [];
    let last = clock.now();
    while (pauses.length < 9) {
      await pass(1_000);
      // The stream lives all the while.
      await http.newest().say({ t: 'hb', offset: 100, now: 1 });
      if (sockets.newest().readyState === 3) continue;
      pauses.push(clock.now() - last);
      last = clock.now();
      sockets.newest().drop(1006);
    }
    expect(pauses.slice(0, 4)).toEqual([1, 2, 4, 8].map(factor => factor * firstTrialMs));
    expect(pauses.slice(-2)).toEqual([trialPauseMsMax, trialPauseMsMax]);
    expect(connection.state()).toMatchObject({ name: 'open', transport: 'sse' });
    expect(connection.counters().reconnects).toBe(0);
  });

  it('tries at once when it is woken, and never two at a time', async () => {
    const { connection, sockets } = await onSse();
    connection.wake();
    connection.wake();
    expect(sockets.all).toHaveLength(2);
  });

  it('[LIV-6] [LIV-2] goes over to it from where each subscription is, without a word but the new transport', async () => {
    const { connection, sockets, stream, updates, kinds, states, pass, http } = await onSse();
    await stream.say(data('s1', 104));
    await pass(firstTrialMs);
    await stream.say(data('s1', 105));
    sockets.newest().greet({ offset: 106 });
    expect(stream.isAborted).toBe(true);
    expect(sockets.newest().asked('sub')).toMatchObject([{ sub: 's1', since: { epoch: 'E1', offset: 105 } }]);
    sockets.newest().say({ t: 'ok', sub: 's1' }, def, snap('s1', 106), data('s1', 107));
    expect(kinds()).toEqual(['asked', 'snapshot', 'settled', 'readings', 'readings', 'snapshot', 'readings']);
    expect(updates.at(-1)).toMatchObject({ kind: 'readings', offset: 107 });
    expect(states.map(state => (state.name === 'open' ? state.transport : state.name))).toEqual([
      'connecting',
      'sse',
      'ws',
    ]);
    expect(states.at(-1)).toMatchObject({ hello: { offset: 106 }, since: (states.at(-2) as { since: number }).since });
    await pass(20_000);
    expect(http.all).toHaveLength(1);
    expect(connection.state()).toMatchObject({ name: 'open', transport: 'ws' });
  });

  it('[LIV-2] begins a snapshot anew that the move breaks off', async () => {
    const { connection, sockets, pass, http, updates, take } = await onSse();
    let gaps = 0;
    connection.listen({ gap: () => (gaps += 1) });
    connection.subscribe({ device: ['b'] }, take);
    await pass(0);
    await http.newest().greet();
    await http.newest().say(def, snap('s2', 100, false));
    connection.wake();
    sockets.newest().greet();
    expect(
      sockets
        .newest()
        .asked('sub')
        .map(({ since }) => since?.offset),
    ).toEqual([100, undefined]);
    expect(updates.at(-1)).toEqual({ kind: 'asked', since: null });
    // Events may have gone with it.
    expect(gaps).toBe(1);
  });

  it('[LIV-2] says that events may be missing where its subscriptions do not fit into one message', async () => {
    const { connection, sockets, pass, http } = await onSse();
    let gaps = 0;
    connection.listen({ gap: () => (gaps += 1) });
    connection.subscribe({ device: ['b'] }, () => {});
    await pass(0);
    await http.newest().greet();
    await http.newest().say(def, snap('s1', 100), snap('s2', 100));
    connection.wake();
    sockets.newest().greet({ limits: { frameBytesMax: 100, subscriptionsMax: 64, rowsPerFrameMax: 5_000 } });
    expect(sockets.newest().messages).toHaveLength(2);
    expect(gaps).toBe(1);
  });

  it('uses no definition of the transport that it left', async () => {
    const { connection, sockets, updates } = await onSse();
    connection.wake();
    sockets.newest().greet();
    sockets.newest().say(data('s1', 108));
    expect(updates.at(-1)).toMatchObject({ kind: 'readings', readings: [] });
    expect(connection.counters().rowsUnknown).toBe(1);
  });

  it('is no way back where the session is over', async () => {
    const { connection, sockets, stream } = await onSse();
    connection.wake();
    sockets.newest().drop(4401);
    expect(connection.state().name).toBe('signed-out');
    expect(stream.isAborted).toBe(true);
  });

  it('ends with the connection that it was to replace', async () => {
    const { connection, sockets, stream } = await onSse();
    connection.wake();
    const trial = sockets.newest();
    stream.fail();
    await settled();
    expect(trial.closedWith).toBe(1000);
    trial.greet();
    expect(connection.state().name).toBe('waiting');
  });
});
