// The live client as a state machine: what it does after each thing that can happen to a connection.
import { closeCodes } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { createSockets, createTestClock, seededRandom } from '../../test/platform.ts';
import { backoffBaseMs, backoffCapMs, stableAfterMs } from './backoff.ts';
import { createConnection } from './client.ts';
import type { Connection } from './connection.ts';
import { helloTimeoutMs } from './link.ts';
import { requestTimeoutMs } from './requests.ts';
import type { ConnectionState } from './state.ts';
import { probeTimeoutMs } from './ws-link.ts';

function setUp(random: () => number = seededRandom(7)) {
  const clock = createTestClock();
  const sockets = createSockets();
  const connection = createConnection({ url: 'ws://gateway/api/v1/ws', WebSocket: sockets.Socket, clock, random });
  const states: ConnectionState['name'][] = [];
  connection.listen({ state: state => states.push(state.name) });
  return { clock, sockets, connection, states };
}

function opened(random?: () => number) {
  const all = setUp(random);
  all.connection.start();
  all.sockets.newest().greet();
  return all;
}

const waitOf = (connection: Connection, now: number) => {
  const state = connection.state();
  return state.name === 'waiting' ? state.retryAt - now : null;
};

describe('opening', () => {
  it('does nothing until it is started', () => {
    const { sockets, connection } = setUp();
    expect(sockets.all).toHaveLength(0);
    expect(connection.state().name).toBe('idle');
  });

  it('offers the subprotocol, and is open only once hello was heard', () => {
    const { sockets, connection } = setUp();
    connection.start();
    expect(sockets.newest().protocols).toEqual(['telltale.v1.json']);
    expect(connection.state()).toEqual({ name: 'connecting', attempt: 1 });
    sockets.newest().greet();
    expect(connection.state()).toMatchObject({ name: 'open', transport: 'ws', hello: { user: 'ann' } });
  });

  it('gives up a connection on which no hello comes', () => {
    const { clock, sockets, connection } = setUp();
    connection.start();
    clock.advance(helloTimeoutMs);
    expect(connection.state()).toMatchObject({ name: 'waiting', reached: false, code: 4408 });
    expect(sockets.all).toHaveLength(1);
  });

  it('waits and tries again where the socket cannot even be made', () => {
    const clock = createTestClock();
    const Refusing = class {
      constructor() {
        throw new Error('forbidden by the policy of the page');
      }
    };
    const connection = createConnection({ url: 'ws://x', WebSocket: Refusing as never, clock, random: () => 0.5 });
    connection.start();
    clock.advance(0);
    expect(connection.state()).toMatchObject({ name: 'waiting', code: 1006 });
  });
});

describe('coming back', () => {
  it('waits with full jitter: anywhere from nothing up to a ceiling that doubles until the cap', () => {
    const { clock, sockets, connection } = setUp(() => 0.999_999);
    connection.start();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
      sockets.newest().drop(1006);
      waits.push(waitOf(connection, clock.now())!);
      clock.advance(waits.at(-1)!);
    }
    expect(waits.slice(0, 4)).toEqual([1, 2, 4, 8].map(factor => factor * backoffBaseMs - 1));
    expect(Math.max(...waits)).toBe(backoffCapMs - 1);

    const eager = opened(() => 0);
    eager.sockets.newest().drop(1006);
    expect(waitOf(eager.connection, eager.clock.now())).toBe(0);
  });

  it('begins the back-off anew only after a connection was stable', () => {
    const { clock, sockets, connection } = setUp(() => 0.999_999);
    connection.start();
    for (let attempt = 0; attempt < 4; attempt += 1) {
      sockets.newest().greet();
      sockets.newest().drop(1006);
      clock.advance(waitOf(connection, clock.now())!);
    }
    sockets.newest().greet();
    clock.advance(stableAfterMs);
    sockets.newest().drop(1006);
    expect(waitOf(connection, clock.now())).toBeLessThan(backoffBaseMs);
  });

  it('tries at once when it is woken while it waits', () => {
    const { sockets, connection } = opened(() => 0.9);
    sockets.newest().drop(1006);
    connection.wake();
    expect(connection.state().name).toBe('connecting');
    expect(sockets.all).toHaveLength(2);
  });

  it('asks an open connection for a sign of life when it is woken, and leaves it when none comes', () => {
    const { clock, sockets, connection } = opened();
    connection.wake();
    expect(sockets.newest().asked('ping')).toHaveLength(1);
    sockets.newest().say({ t: 'pong', offset: 100, now: clock.now() });
    clock.advance(probeTimeoutMs);
    expect(connection.state().name).toBe('open');
    connection.wake();
    clock.advance(probeTimeoutMs);
    expect(connection.state()).toMatchObject({ name: 'waiting', code: 4408 });
  });

  it('does not come back before the time that bye names', () => {
    const { clock, sockets, connection } = opened(() => 0);
    sockets.newest().say({ t: 'bye', code: 'closing', retryMs: 4_000 });
    sockets.newest().drop(1001);
    expect(waitOf(connection, clock.now())).toBe(4_000);
  });

  it('takes the reason from bye where a proxy swallowed the close code', () => {
    const { sockets, connection } = opened();
    sockets.newest().say({ t: 'bye', code: 'not_signed_in' });
    sockets.newest().drop(1006);
    expect(connection.state().name).toBe('signed-out');
  });

  it('stops when it is told to, and leaves no timer behind', () => {
    const { clock, sockets, connection } = opened();
    connection.stop();
    expect(sockets.newest().closedWith).toBe(1000);
    expect(connection.state().name).toBe('idle');
    expect(clock.timers()).toBe(0);
  });
});

describe('close codes', () => {
  const expected = { reconnect: 'waiting', 'sign-in': 'signed-out', stop: 'stopped' } as const;
  for (const [code, { means, client }] of Object.entries(closeCodes)) {
    it(`${code} (${means}) leads to ${expected[client]}`, () => {
      const { sockets, connection, clock } = opened();
      sockets.newest().drop(Number(code));
      expect(connection.state().name).toBe(expected[client]);
      clock.advance(backoffBaseMs);
      expect(sockets.all).toHaveLength(client === 'reconnect' ? 2 : 1);
    });
  }

  it('treats a code it does not know as a reason to come back', () => {
    const { sockets, connection } = opened();
    sockets.newest().drop(4999);
    expect(connection.state().name).toBe('waiting');
  });
});

describe('silence', () => {
  it('pings when nothing was sent for a heartbeat', () => {
    const { clock, sockets } = opened();
    clock.advance(19_999);
    expect(sockets.newest().asked('ping')).toHaveLength(0);
    clock.advance(1);
    expect(sockets.newest().asked('ping')).toHaveLength(1);
  });

  it('[LIV-5] leaves a connection on which nothing was heard for two heartbeats', () => {
    const { clock, sockets, connection } = opened();
    clock.advance(39_999);
    expect(connection.state().name).toBe('open');
    clock.advance(1);
    expect(connection.state()).toMatchObject({ name: 'waiting', code: 4408, reached: true });
    expect(sockets.all[0]!.closedWith).toBe(4408);
  });

  it('stays for as long as anything is heard', () => {
    const { clock, sockets, connection } = opened();
    for (let beat = 0; beat < 10; beat += 1) {
      clock.advance(30_000);
      sockets.newest().say({ t: 'hb', offset: 100, now: clock.now() });
    }
    expect(connection.state().name).toBe('open');
  });

  it('hears nothing more from a connection that it left', () => {
    const { clock, sockets, connection, states } = opened();
    const old = sockets.newest();
    clock.advance(40_000);
    old.greet();
    old.drop(4401);
    expect(states.slice(0, 3)).toEqual(['connecting', 'open', 'waiting']);
    expect(connection.state().name).not.toBe('signed-out');
  });
});

describe('what is no frame', () => {
  it('leaves a connection whose messages cannot be understood, and comes back', () => {
    for (const text of ['{', '7', '{"x":1}', '[{"t":"hb"},3]']) {
      const { sockets, connection } = opened();
      sockets.newest().text(text);
      expect(connection.state().name).toBe('waiting');
      expect(sockets.all[0]!.closedWith).toBe(4400);
    }
  });

  it('skips and counts a kind of frame that it does not know', () => {
    const { sockets, connection } = opened();
    sockets.newest().text('[{"t":"weather"},{"t":"toString"}]');
    expect(connection.state().name).toBe('open');
    expect(connection.counters().framesUnknown).toBe(2);
  });
});

describe('commands', () => {
  const ask = { device: 'pump', name: 'set', key: 'k1' };

  it('answers with the id that ok brings', async () => {
    const { sockets, connection } = opened();
    const outcome = connection.cmd(ask);
    const { id } = sockets.newest().asked('cmd')[0]!;
    sockets.newest().say({ t: 'ok', id, command: '01J' });
    await expect(outcome).resolves.toEqual({ ok: true, command: '01J' });
  });

  it('answers with code, title and detail of err', async () => {
    const { sockets, connection } = opened();
    const outcome = connection.cmd(ask);
    const { id } = sockets.newest().asked('cmd')[0]!;
    sockets.newest().say({ t: 'err', id, code: 'forbidden', status: 403, title: 'Not allowed', detail: 'viewer' });
    await expect(outcome).resolves.toEqual({
      ok: false,
      why: 'refused',
      code: 'forbidden',
      title: 'Not allowed',
      detail: 'viewer',
    });
  });

  it('says that it was not sent where there is no connection', async () => {
    await expect(setUp().connection.cmd(ask)).resolves.toEqual({ ok: false, why: 'not-sent' });
  });

  it('never calls it failed when the connection is lost or silent: it is unanswered', async () => {
    const lost = opened();
    const first = lost.connection.cmd(ask);
    lost.sockets.newest().drop(1006);
    await expect(first).resolves.toEqual({ ok: false, why: 'unanswered' });

    const silent = opened();
    const second = silent.connection.cmd(ask);
    silent.clock.advance(requestTimeoutMs);
    await expect(second).resolves.toEqual({ ok: false, why: 'unanswered' });
  });
});

describe('events and time', () => {
  it('passes on events and the gateway’s clock', () => {
    const { sockets, connection } = opened();
    const heard: unknown[] = [];
    const unlisten = connection.listen({ event: event => heard.push(event.kind), clock: now => heard.push(now) });
    sockets
      .newest()
      .say(
        { t: 'event', offset: 101, kind: 'presence', device: 'a', at: 1, state: 'online', since: 1, cause: 'connect' },
        { t: 'hb', offset: 101, now: 5 },
      );
    unlisten();
    sockets.newest().say({ t: 'hb', offset: 102, now: 6 });
    expect(heard).toEqual(['presence', 5]);
  });

  it('[LIV-2] tells each event once, also where a new connection brings it again', () => {
    const { clock, sockets, connection } = opened(() => 0);
    const heard: unknown[] = [];
    connection.listen({ event: event => heard.push(event.at) });
    const event = (offset: number) =>
      ({ t: 'event', offset, kind: 'device', device: 'a', change: 'changed', at: offset }) as const;
    const reconnect = (epoch: string) => {
      sockets.newest().drop(1006);
      clock.advance(0);
      sockets.newest().greet({ epoch });
    };
    sockets.newest().say(event(101), event(103));
    reconnect('E1');
    sockets.newest().say(event(101), event(103), event(104));
    expect(heard).toEqual([101, 103, 104]);
    // Offsets of another log are others.
    reconnect('E2');
    sockets.newest().say(event(7));
    expect(heard.at(-1)).toBe(7);
    sockets.newest().say({ t: 'gap', sub: 's1', from: 7, to: 3, reason: 'epoch' }, event(4));
    expect(heard.at(-1)).toBe(4);
  });

  it('tells when the connection is too slow for all there is, and when it no longer is', () => {
    const { sockets, connection } = opened();
    const heard: boolean[] = [];
    connection.listen({ slow: behind => heard.push(behind) });
    connection.subscribe({}, () => {});
    const giveUp = connection.subscribe({ mode: 'log' }, () => {});
    const slow = (sub: string, behind: boolean) => sockets.newest().say({ t: 'slow', sub, offset: 101, behind });
    slow('s1', true);
    slow('s2', true);
    slow('s1', false);
    expect(heard).toEqual([true]);
    giveUp();
    expect(heard).toEqual([true, false]);
    slow('s1', true);
    sockets.newest().drop(1006);
    expect(heard).toEqual([true, false, true, false]);
  });
});
