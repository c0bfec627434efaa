// The live client over long polls: one request after the other, and nobody sees the seams.
import { describe, expect, it } from 'vitest';
import { createPollPage } from '../../test/fallback.ts';
import { data, def, hb, snap } from '../../test/frames.ts';
import { settled } from '../../test/http.ts';
import { defaultHello } from '../../test/platform.ts';
import { requestPauseMs } from './http-link.ts';
import { helloTimeoutMs } from './link.ts';
import { answerSlackMs } from './poll-link.ts';

const hello = { ...defaultHello, transport: 'poll' as const };
/** One subscription in mode `latest` whose snapshot was the first answer; the second request waits. */
async function opened(options: { deaf?: boolean } = {}) {
  const page = createPollPage(options);
  const unsubscribe = page.connection.subscribe({ device: ['a'] }, page.take);
  const first = await page.start();
  await first.tell([hello, def, snap('s1', 100)], 'E1:100');
  await page.pass(requestPauseMs);
  return { ...page, first, unsubscribe };
}

describe('the first answer', () => {
  it('brings hello and the snapshots, and settles them', async () => {
    const { connection, start, take, kinds } = createPollPage();
    connection.subscribe({ device: ['a'] }, take);
    const first = await start();
    expect(first).toMatchObject({ path: '/log?wait=0', body: { subs: [{ sub: 's1', device: ['a'] }] } });
    expect(first.body).not.toHaveProperty('after');
    await first.tell([hello, def, snap('s1', 100)], 'E1:100');
    expect(connection.state()).toMatchObject({ name: 'open', transport: 'poll' });
    expect(kinds()).toEqual(['asked', 'snapshot', 'settled']);
  });

  it('does not wait for news where there is nothing to subscribe to', async () => {
    const { connection, start, http, pass } = createPollPage();
    await (await start()).tell([hello], null);
    expect(connection.state().name).toBe('open');
    await pass(requestPauseMs);
    expect(http.newest()).toMatchObject({ path: '/log?wait=20000', body: { subs: [] } });
  });

  it('is given up where it does not come', async () => {
    const { connection, start, pass } = createPollPage();
    await start();
    await pass(helloTimeoutMs);
    expect(connection.state()).toMatchObject({ name: 'waiting', reached: false, code: 4408 });
  });
});

describe('going on', () => {
  it('[LIV-2] asks for what comes after the last answer, and nobody hears of the seam', async () => {
    const { connection, http, pass, updates, states } = await opened();
    expect(http.newest().body).toEqual({ subs: [{ sub: 's1', device: ['a'] }], after: 'E1:100' });
    await http.newest().tell([def, data('s1', 101)], 'E1:101::x');
    await pass(requestPauseMs);
    expect(http.newest()).toMatchObject({ path: '/log?wait=20000', body: { after: 'E1:101::x' } });
    await http.newest().tell([], 'E1:101::x');
    expect(updates.map(({ kind }) => kind)).toEqual(['asked', 'snapshot', 'settled', 'readings']);
    expect(states.map(({ name }) => name)).toEqual(['connecting', 'open']);
    expect(connection.counters().reconnects).toBe(0);
  });

  it('waits no longer than a heartbeat for an answer, or the page would take it for silent', async () => {
    const page = createPollPage();
    await (await page.start()).tell([{ ...hello, heartbeatMs: 5_000 }], 'E1:100');
    await page.pass(requestPauseMs);
    expect(page.http.newest().path).toBe('/log?wait=5000');
  });

  it('asks no faster than ten times a second', async () => {
    const { http, pass } = await opened();
    const before = http.all.length;
    await http.newest().tell([def, data('s1', 101)], 'E1:101');
    await pass(requestPauseMs - 1);
    expect(http.all).toHaveLength(before);
    await pass(1);
    expect(http.all).toHaveLength(before + 1);
  });

  it('[LIV-2] names the position of a subscription that is further than the answer as a whole', async () => {
    const { connection, http, pass, take } = await opened();
    connection.subscribe({ mode: 'log' }, take);
    await pass(0);
    await http.newest().tell([hello, def, snap('s1', 130), snap('s2', 100)], 'E1:110');
    await pass(requestPauseMs);
    expect(http.newest().body).toEqual({
      subs: [
        { sub: 's1', device: ['a'], since: { epoch: 'E1', offset: 130 } },
        { sub: 's2', mode: 'log' },
      ],
      after: 'E1:110',
    });
  });

  it('[LIV-2] begins a snapshot anew that the answer breaks off, and keeps the position of the others', async () => {
    const { connection, http, pass, updates, take } = await opened();
    connection.subscribe({ device: ['b'] }, take);
    await pass(0);
    await http.newest().tell([hello, def, snap('s1', 104), snap('s2', 104, false)], null);
    await pass(requestPauseMs);
    expect(http.newest().body).toEqual({
      subs: [
        { sub: 's1', device: ['a'], since: { epoch: 'E1', offset: 104 } },
        { sub: 's2', device: ['b'] },
      ],
    });
    expect(updates.at(-1)).toEqual({ kind: 'asked', since: null });
  });

  it('takes the end of an answer for a heartbeat: everything up to there was told', async () => {
    const { connection, http, pass } = await opened();
    await http.newest().tell([def, data('s1', 101)], 'E1:105');
    connection.subscribe({ device: ['b'] }, () => {});
    await pass(0);
    expect(http.newest().body.subs[0]).toMatchObject({ since: { epoch: 'E1', offset: 105 } });
  });

  it('asks anew when the subscriptions change, each from where it is, and ignores what is still answered', async () => {
    const { connection, http, pass, updates } = await opened({ deaf: true });
    const waiting = http.newest();
    connection.subscribe({ device: ['b'] }, () => {});
    await pass(0);
    expect(waiting.isAborted).toBe(true);
    expect(http.newest().body).toEqual({
      subs: [
        { sub: 's1', device: ['a'], since: { epoch: 'E1', offset: 100 } },
        { sub: 's2', device: ['b'] },
      ],
    });
    const before = updates.length;
    await waiting.tell([def, data('s1', 101)], 'E1:101');
    await pass(requestPauseMs);
    expect(updates).toHaveLength(before);
    await http.newest().tell([hello, def, data('s1', 101), snap('s2', 101)], 'E1:101');
    expect(updates.slice(before)).toMatchObject([{ kind: 'readings', offset: 101 }]);
  });

  it('connects anew where an answer goes on in another log, without taking anything of it', async () => {
    const { connection, http, pass, updates } = await opened();
    const before = updates.length;
    await http.newest().tell([{ t: 'gap', sub: 's1', from: 100, to: 3, reason: 'epoch' }], 'E2:3');
    expect(updates.slice(before)).toEqual([{ kind: 'lost' }]);
    expect(connection.state()).toMatchObject({ name: 'waiting', reached: true });
    await pass(500);
    expect(http.newest().path).toMatch(/^\/log\?/);
    expect(http.newest().body).toEqual({ subs: [{ sub: 's1', device: ['a'], since: { epoch: 'E1', offset: 100 } }] });
  });

  it('does not come back before the time that bye names', async () => {
    const { connection, http, clock } = await opened();
    await http.newest().tell([{ t: 'bye', code: 'closing', retryMs: 4_000 }], 'E1:100');
    expect(connection.state()).toMatchObject({ name: 'waiting', code: 1001, retryAt: clock.now() + 4_000 });
  });
});

describe('the end', () => {
  it('[LIV-5] comes with an answer that takes much longer than it was asked to wait', async () => {
    const { connection, http, pass } = await opened();
    await pass(20_000 + answerSlackMs - 1);
    expect(connection.state().name).toBe('open');
    await pass(1);
    expect(connection.state()).toMatchObject({ name: 'waiting', reached: true, code: 4408 });
    expect(http.newest().isAborted).toBe(true);
  });

  it('comes with an answer that is none', async () => {
    for (const text of ['{', '{"frames":3}', '{"frames":[7],"now":1,"next":null}']) {
      const { connection, http } = await opened();
      await http.newest().answerText(200, text);
      expect(connection.state()).toMatchObject({ name: 'waiting', code: 1006 });
    }
  });

  it('comes with a request that breaks', async () => {
    const { connection, http } = await opened();
    http.newest().fail();
    await settled();
    expect(connection.state()).toMatchObject({ name: 'waiting', code: 1006 });
  });

  it('is asked for: no request and no timer is left', async () => {
    const { connection, http, clock, pass } = await opened();
    await http.newest().tell([hb(100)], 'E1:100');
    connection.stop();
    expect(clock.timers()).toBe(0);
    await pass(60_000);
    expect(http.to('/log')).toHaveLength(2);
  });
});
