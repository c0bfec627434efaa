// The live client over an event stream: one request carries all subscriptions, and is opened again in silence.
import { describe, expect, it } from 'vitest';
import { createSsePage } from '../../test/fallback.ts';
import { data, def, hb, snap } from '../../test/frames.ts';
import { settled } from '../../test/http.ts';
import { firstFrameTimeoutMs } from './sse-link.ts';
import { firstTrialMs } from './upgrade.ts';

/** One subscription in mode `latest` whose snapshot has come. */
async function opened(options: { deaf?: boolean } = {}) {
  const page = createSsePage(options);
  const unsubscribe = page.connection.subscribe({ device: ['a'] }, page.take);
  const first = page.start();
  await first.greet();
  await first.say(def, snap('s1', 100), hb(100));
  return { ...page, first, unsubscribe };
}

describe('the request', () => {
  it('asks for all subscriptions at once, and is open once hello was heard', async () => {
    const { connection, start, take, kinds } = createSsePage();
    connection.subscribe({ device: ['a'], intervalMs: 100 }, take);
    connection.subscribe({ mode: 'log' }, () => {});
    const request = start();
    expect(request).toMatchObject({
      path: '/stream',
      headers: { accept: 'text/event-stream', authorization: 'Bearer t' },
      body: {
        subs: [
          { sub: 's1', device: ['a'], intervalMs: 100 },
          { sub: 's2', mode: 'log' },
        ],
      },
    });
    expect(kinds()).toEqual([]);
    await request.greet();
    expect(connection.state()).toMatchObject({ name: 'open', transport: 'sse', hello: { user: 'ann' } });
    await request.say(def, snap('s1', 100));
    expect(kinds()).toEqual(['asked', 'snapshot', 'settled']);
  });

  it('is opened once more for all changes of one moment, each subscription from where it is', async () => {
    const { connection, http, pass, first, kinds } = await opened();
    await first.say(data('s1', 107));
    connection.subscribe({ device: ['b'] }, () => {});
    connection.subscribe({ device: ['c'] }, () => {});
    expect(http.all).toHaveLength(1);
    expect(first.isAborted).toBe(false);
    await pass(0);
    expect(http.all).toHaveLength(2);
    expect(first.isAborted).toBe(true);
    expect(http.newest().body).toEqual({
      subs: [
        { sub: 's1', device: ['a'], since: { epoch: 'E1', offset: 107 } },
        { sub: 's2', device: ['b'] },
        { sub: 's3', device: ['c'] },
      ],
    });
    await http.newest().greet();
    expect(kinds()).toEqual(['asked', 'snapshot', 'settled', 'readings']);
    expect(connection.counters().reconnects).toBe(0);
  });

  it('stays as it is where a subscription came and went in the same moment', async () => {
    const { connection, http, pass } = await opened();
    connection.subscribe({ device: ['b'] }, () => {})();
    await pass(0);
    expect(http.all).toHaveLength(1);
  });

  it('is opened without what was given up, also while nobody could be told', async () => {
    const { connection, http, start, pass } = createSsePage();
    const unsubscribe = connection.subscribe({ device: ['a'] }, () => {});
    connection.subscribe({ device: ['b'] }, () => {});
    const request = start();
    unsubscribe();
    await request.greet();
    await pass(0);
    expect(http.newest().body).toEqual({ subs: [{ sub: 's2', device: ['b'] }] });
  });

  it('[LIV-2] is not listened to any more once the next is open, whatever still comes of it', async () => {
    const { connection, http, pass, first, updates } = await opened({ deaf: true });
    connection.subscribe({ device: ['b'] }, () => {});
    await pass(0);
    const before = updates.length;
    await first.say(data('s1', 108), { t: 'bye', code: 'not_signed_in' });
    await first.end();
    expect(updates).toHaveLength(before);
    await http.newest().greet();
    await http.newest().say(def, data('s1', 108));
    expect(updates.slice(before)).toMatchObject([{ kind: 'readings', offset: 108 }]);
  });

  it('[LIV-2] begins a subscription anew whose snapshot it breaks off, and says so', async () => {
    const { connection, http, pass, start, updates, take } = createSsePage();
    let gaps = 0;
    connection.listen({ gap: () => (gaps += 1) });
    connection.subscribe({ device: ['a'] }, take);
    const first = start();
    await first.greet();
    await first.say(def, snap('s1', 100, false));
    connection.subscribe({ device: ['b'] }, () => {});
    await pass(0);
    expect(http.newest().body.subs[0]).toEqual({ sub: 's1', device: ['a'] });
    expect(updates.at(-1)).toEqual({ kind: 'asked', since: null });
    // The events of that time were for a subscription without a position: the page has to ask for what they told.
    expect(gaps).toBe(1);
  });
});

describe('going on', () => {
  it('[LIV-5] opens the next stream at once when one has run for long enough, and nobody hears of it', async () => {
    const { connection, http, pass, first, kinds, states } = await opened();
    await pass(200);
    const before = [kinds().length, states.length];
    await first.say({ t: 'bye', code: 'stream_over' });
    expect(http.newest().body).toEqual({ subs: [{ sub: 's1', device: ['a'], since: { epoch: 'E1', offset: 100 } }] });
    await http.newest().greet({ offset: 120 });
    await http.newest().say(def, snap('s1', 120), hb(120));
    expect(kinds().slice(before[0])).toEqual(['snapshot']);
    expect(states).toHaveLength(before[1]!);
    expect(connection.counters().reconnects).toBe(0);
  });

  it('leaves a pause between two streams, so that one that is over at once is not asked for without end', async () => {
    const { http, pass, first } = await opened();
    await first.say({ t: 'bye', code: 'stream_over' });
    expect(http.all).toHaveLength(1);
    await pass(100);
    expect(http.all).toHaveLength(2);
  });

  it('connects anew where the next stream greets from another log', async () => {
    const { connection, http, pass, first, updates } = await opened();
    await pass(200);
    await first.say({ t: 'bye', code: 'stream_over' });
    await http.newest().greet({ epoch: 'E2', offset: 3 });
    expect(connection.state()).toMatchObject({ name: 'waiting', code: 1012 });
    await pass(500);
    expect(http.newest().body.subs[0]).toMatchObject({ since: { epoch: 'E1', offset: 100 } });
    await http.newest().greet({ epoch: 'E2', offset: 3 });
    expect(updates.at(-1)).toEqual({ kind: 'asked', since: { epoch: 'E1', offset: 100 } });
  });

  it('comes back over the same transport after a farewell, no sooner than that says', async () => {
    const { connection, sockets, http, clock, pass, first } = await opened();
    await first.say({ t: 'bye', code: 'closing', retryMs: 4_000 });
    expect(connection.state()).toMatchObject({ name: 'waiting', code: 1001, retryAt: clock.now() + 4_000 });
    await pass(4_000);
    expect(http.to('/stream')).toHaveLength(2);
    expect(sockets.all).toHaveLength(1);
  });

  it('tells of the loss when the stream breaks, and goes on from where it was', async () => {
    const { connection, http, pass, first, updates } = await opened();
    await first.say(data('s1', 105));
    first.fail();
    await settled();
    expect(updates.at(-1)).toEqual({ kind: 'lost' });
    expect(connection.state()).toMatchObject({ name: 'waiting', reached: true, code: 1006 });
    await pass(500);
    expect(http.newest().body.subs[0]).toMatchObject({ since: { epoch: 'E1', offset: 105 } });
    await http.newest().greet();
    expect(updates.at(-1)).toEqual({ kind: 'asked', since: { epoch: 'E1', offset: 105 } });
  });

  it('is settled with the snapshots that end what was missed, in both modes', async () => {
    const { connection, http, pass, kinds, take } = await opened();
    connection.subscribe({ mode: 'log' }, take);
    await pass(0);
    await http.newest().greet();
    await http.newest().say(def, snap('s2', 100));
    http.newest().fail();
    await settled();
    await pass(500);
    await http.newest().greet();
    expect(kinds().slice(-2)).toEqual(['asked', 'asked']);
    await http.newest().say(hb(100));
    expect(kinds().slice(-2)).toEqual(['asked', 'asked']);
    await http.newest().say(def, snap('s1', 100), snap('s2', 100));
    expect(kinds().slice(-4)).toEqual(['snapshot', 'settled', 'snapshot', 'settled']);
  });
});

describe('silence', () => {
  it('[LIV-5] ends a stream of which not a byte came for two heartbeats', async () => {
    const { connection, first, pass } = await opened();
    await pass(39_999);
    await first.bytes(new TextEncoder().encode(': \n'));
    await pass(39_999);
    expect(connection.state().name).toBe('open');
    await pass(1);
    expect(connection.state()).toMatchObject({ name: 'waiting', reached: true, code: 4408 });
    expect(first.isAborted).toBe(true);
  });

  it('takes the long poll instead where an answer begins and brings nothing: something holds it back', async () => {
    const { connection, http, start, pass } = createSsePage();
    const request = start();
    await request.open();
    // A proxy may keep its own connection awake.
    await request.bytes(new TextEncoder().encode(': \n'));
    await pass(firstFrameTimeoutMs - 1);
    expect(http.all).toHaveLength(1);
    await pass(1);
    expect(http.newest().path).toMatch(/^\/log\?/);
    expect(connection.state().name).toBe('connecting');
  });

  it('takes the long poll also after a stream that greeted and then stayed silent', async () => {
    const { http, pass } = await opened();
    await pass(40_000);
    await pass(500);
    expect(http.newest().path).toMatch(/^\/log\?/);
  });

  it('stays with the stream where it had brought heartbeats before it went silent: the network was away', async () => {
    const { http, first, pass } = await opened();
    await pass(20_000);
    await first.say(hb(100));
    await pass(40_000);
    await pass(500);
    expect(http.all.map(({ path }) => path)).toEqual(['/stream', '/stream']);
  });

  it('doubts a stream that is woken after more than a heartbeat of silence, and no other', async () => {
    const { connection, clock, first, pass } = await opened();
    await pass(20_000);
    await first.say(hb(100));
    expect(connection.lastHeardAt()).toBe(clock.now());
    await pass(20_000);
    connection.wake();
    expect(connection.state().name).toBe('open');
    await pass(6_000);
    connection.wake();
    expect(connection.state()).toMatchObject({ name: 'waiting', code: 4408 });
  });
});

describe('what an answer means', () => {
  const problem = (code: string) => ({ type: 'about:blank', title: 'No', code });
  const cases: [status: number, body: unknown, state: object][] = [
    [401, problem('not_signed_in'), { name: 'signed-out' }],
    [403, problem('forbidden'), { name: 'stopped', code: 4403 }],
    [400, problem('bad_request'), { name: 'stopped', code: 4400 }],
    [413, problem('too_large'), { name: 'stopped', code: 4400 }],
    [429, problem('too_many'), { name: 'waiting', code: 4429 }],
    [503, problem('closing'), { name: 'waiting', code: 1001 }],
  ];
  for (const [status, body, state] of cases) {
    it(`${status} ${(body as { code: string }).code} leads to ${JSON.stringify(state)}`, async () => {
      const { connection, http, start } = createSsePage();
      await start().answer(status, body);
      expect(connection.state()).toMatchObject(state);
      expect(http.all).toHaveLength(1);
    });
  }

  it('anything else is a reason to try the long poll', async () => {
    for (const [status, text] of [
      [502, '<html>Bad gateway</html>'],
      [503, '{"code":"store_busy"}'],
      [404, 'no'],
    ] as const) {
      const { http, start } = createSsePage();
      await start().answerText(status, text);
      expect(http.newest().path).toMatch(/^\/log\?/);
    }
  });

  it('what is no frame breaks the connection; a frame of an unknown kind is counted', async () => {
    const { connection, first } = await opened();
    await first.bytes(new TextEncoder().encode('data: {"t":"weather"}\n\n'));
    expect(connection.counters().framesUnknown).toBe(1);
    await first.bytes(new TextEncoder().encode('data: {\n\n'));
    expect(connection.state()).toMatchObject({ name: 'waiting', code: 1006 });
  });
});

describe('the end', () => {
  it('leaves no request and no timer behind', async () => {
    const { connection, clock, first } = await opened();
    connection.subscribe({}, () => {});
    connection.stop();
    expect(first.isAborted).toBe(true);
    expect(clock.timers()).toBe(0);
  });

  it('ends the trial of a WebSocket with it', async () => {
    const { connection, sockets, clock, pass } = await opened();
    await pass(firstTrialMs);
    expect(sockets.all).toHaveLength(2);
    connection.stop();
    expect(sockets.newest().closedWith).toBe(1000);
    expect(clock.timers()).toBe(0);
  });
});
