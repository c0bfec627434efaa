// Batches, the gateway's clock, trust, sign-in and the ledger of commands.

import { effect, signal } from '@preact/signals';
import type { Command, Session } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { commandOf } from '../../test/commands.ts';
import { createSockets, createTestClock } from '../../test/platform.ts';
import { createConnection } from '../connection/index.ts';
import { ApiError } from '../history/rest.ts';
import { changesMax, createBatcher } from './batcher.ts';
import { createGatewayTime } from './gateway-time.ts';
import { applyEvent, furthest } from './ledger.ts';
import { createLive } from './live.ts';
import { createSession } from './session.ts';
import { shownFreshness } from './trust.ts';

describe('batches', () => {
  it('applies everything that came before a frame at once', () => {
    const frames: (() => void)[] = [];
    const batcher = createBatcher(run => frames.push(run));
    const count = signal(0);
    let renders = 0;
    effect(() => {
      void count.value;
      renders += 1;
    });
    for (let index = 0; index < 500; index += 1) batcher(() => (count.value += 1));
    expect([count.value, renders, frames.length]).toEqual([0, 1, 1]);
    frames[0]!();
    expect([count.value, renders]).toEqual([500, 2]);
  });

  it('does not wait for a frame for ever: a page in the background draws none', () => {
    const batcher = createBatcher(() => {});
    let applied = 0;
    for (let index = 0; index < changesMax; index += 1) batcher(() => (applied += 1));
    expect(applied).toBe(changesMax);
  });
});

describe('the gateway’s clock', () => {
  it('is known from what the gateway says, the least delayed word counting', () => {
    const clock = createTestClock(1_000);
    const time = createGatewayTime(clock);
    expect(time.now()).toBe(1_000);
    time.told(5_000);
    clock.advance(1_000);
    time.told(5_400);
    expect(time.now()).toBe(6_000);
    time.reset();
    time.told(2_500);
    expect(time.now()).toBe(2_500);
  });
});

describe('trust', () => {
  it('shows nothing as live without a confirmation, and never freshens what is stale', () => {
    expect(shownFreshness('live', false)).toBe('unconfirmed');
    expect(shownFreshness('late', false)).toBe('unconfirmed');
    expect(shownFreshness('stale', false)).toBe('stale');
    expect(shownFreshness('never', false)).toBe('never');
    expect(shownFreshness('late', true)).toBe('late');
  });

  it('ends with the connection, and with silence longer than a heartbeat on an open one', () => {
    const clock = createTestClock();
    const sockets = createSockets();
    const connection = createConnection({ url: 'ws://g', WebSocket: sockets.Socket, clock, random: () => 0.5 });
    const time = createGatewayTime(clock);
    const live = createLive(connection, time, clock);
    time.run();
    connection.start();
    expect(live.confirmed.value).toBe(false);
    sockets.newest().greet();
    expect(live.confirmed.value).toBe(true);
    clock.advance(26_000);
    expect([live.quiet.value, live.confirmed.value]).toEqual([true, false]);
    sockets.newest().say({ t: 'hb', offset: 100, now: clock.now() });
    clock.advance(1_000);
    expect(live.confirmed.value).toBe(true);
    sockets.newest().drop(1006);
    expect(live.confirmed.value).toBe(false);
  });

  it('says that the gateway can store nothing, until it can or the connection is a new one', () => {
    const clock = createTestClock();
    const sockets = createSockets();
    const connection = createConnection({ url: 'ws://g', WebSocket: sockets.Socket, clock, random: () => 0 });
    const live = createLive(connection, createGatewayTime(clock), clock);
    connection.start();
    sockets.newest().greet();
    const heartbeat = { t: 'hb', offset: 100, now: clock.now() } as const;
    sockets.newest().say({ ...heartbeat, storing: false });
    expect([live.storing.value, live.confirmed.value]).toEqual([false, true]);
    sockets.newest().say(heartbeat);
    expect(live.storing.value).toBe(true);
    sockets.newest().say({ ...heartbeat, storing: false });
    sockets.newest().drop(1006);
    expect(live.storing.value).toBe(true);
  });

  it('says that the connection is too slow for all there is', () => {
    const clock = createTestClock();
    const sockets = createSockets();
    const connection = createConnection({ url: 'ws://g', WebSocket: sockets.Socket, clock });
    const live = createLive(connection, createGatewayTime(clock), clock);
    connection.subscribe({}, () => {});
    connection.start();
    sockets.newest().greet();
    sockets.newest().say({ t: 'slow', sub: 's1', offset: 101, behind: true });
    expect([live.slow.value, live.confirmed.value]).toEqual([true, true]);
    sockets.newest().say({ t: 'slow', sub: 's1', offset: 105, behind: false });
    expect(live.slow.value).toBe(false);
  });
});

describe('sign-in', () => {
  const session: Session = { user: 'ann', role: 'operator', scope: null, kind: 'session', expiresAt: 9e15 };
  const no = new ApiError('problem', 'Sign in first', 401);

  function setUp(answers: (Session | Error)[], signIn: Session | Error = session) {
    const clock = createTestClock();
    const sockets = createSockets();
    const connection = createConnection({ url: 'ws://g', WebSocket: sockets.Socket, clock, random: () => 0 });
    const answer = (one: Session | Error | undefined) =>
      one instanceof Error || one === undefined ? Promise.reject(one) : Promise.resolve(one);
    const api = {
      session: () => answer(answers.shift()),
      signIn: () => answer(signIn),
      signOut: () => Promise.resolve(),
    };
    return { connection, sockets, clock, model: createSession(api, connection) };
  }

  it('connects with the session there is, and asks for one where there is none', async () => {
    const known = setUp([session]);
    await known.model.begin(null);
    expect(known.connection.state().name).toBe('connecting');
    const unknown = setUp([no]);
    await unknown.model.begin(null);
    expect(unknown.model.state.value).toEqual({ name: 'signed-out', ended: false, error: null });
    expect(unknown.sockets.all).toHaveLength(0);
  });

  it('signs in with the code of a link, and says why when that did not work', async () => {
    const good = setUp([]);
    await good.model.begin('CODE');
    expect(good.model.state.value).toMatchObject({ name: 'signed-in' });
    const spent = new ApiError('problem', 'used already', 401);
    const bad = setUp([no], spent);
    await bad.model.begin('CODE');
    expect(bad.model.state.value).toEqual({ name: 'signed-out', ended: false, error: spent });
  });

  it('finds out that the session is over when the connection is refused, instead of knocking for ever', async () => {
    const { model, sockets, connection } = setUp([session, no]);
    await model.begin(null);
    sockets.newest().drop(1006);
    await new Promise(done => setTimeout(done, 0));
    expect(model.state.value).toMatchObject({ name: 'signed-out', ended: true });
    expect(connection.state().name).toBe('signed-out');
  });

  it('goes on knocking while the gateway cannot be asked', async () => {
    const { model, sockets, connection } = setUp([session, new ApiError('unreachable', 'no network')]);
    await model.begin(null);
    sockets.newest().drop(1006);
    await new Promise(done => setTimeout(done, 0));
    expect(model.state.value.name).toBe('signed-in');
    expect(connection.state().name).toBe('waiting');
  });

  it('stops the connection when somebody signs out', async () => {
    const { model, connection } = setUp([session]);
    await model.begin(null);
    await model.signOut();
    expect(connection.state().name).toBe('idle');
    expect(model.may('viewer')).toBe(false);
  });
});

describe('the ledger', () => {
  const command = commandOf();
  const event = { kind: 'command' as const, device: 'd', command: 'c', name: 'set', by: 'ann', attempts: 1 };
  const sentEvent = { ...event, state: 'sent' as const, at: 2, cause: 'requested' as const, step: 2 };
  const doneEvent = { ...event, state: 'acknowledged' as const, at: 3, cause: 'answer' as const, result: 7, step: 3 };

  it('follows events with their times, and an event told twice changes nothing', () => {
    const sent = applyEvent(command, sentEvent) as Command;
    expect(sent).toMatchObject({ state: 'sent', updatedAt: 2, attempts: 1, sentAt: 2, answeredAt: null });
    expect(applyEvent(sent, sentEvent)).toBe(sent);
    const done = applyEvent(sent, doneEvent) as Command;
    expect(done).toMatchObject({ state: 'acknowledged', result: 7, sentAt: 2, answeredAt: 3 });
    expect(done.transitions.map(step => step.state)).toEqual(['queued', 'sent', 'acknowledged']);
    expect(applyEvent(done, sentEvent)).toBe(done);
  });

  it('asks for the whole command where a step is missing', () => {
    expect(applyEvent(command, doneEvent)).toBe(null);
  });

  it('waits for nobody any more once it was approved', () => {
    const waiting = { ...command, needsApproval: true };
    const approved = { ...event, state: 'queued' as const, at: 2, cause: 'approved' as const, step: 2, attempts: 0 };
    expect(applyEvent(waiting, approved)).toMatchObject({ needsApproval: false, sentAt: null });
    expect(applyEvent(waiting, sentEvent)).toMatchObject({ needsApproval: true });
  });

  it('never goes back when an answer comes late, and follows a command that waits again', () => {
    const sent = applyEvent(command, sentEvent) as Command;
    expect(furthest(sent, command)).toBe(sent);
    expect(furthest(command, sent)).toBe(sent);
    const again = applyEvent(sent, { ...sentEvent, state: 'queued', at: 3, cause: 'connection', step: 3 });
    expect(again?.state).toBe('queued');
  });
});
