// The live client: keeps one connection to the gateway, brings it back when it breaks, and carries subscriptions and
// commands over it. It knows nothing of pages: time, chance and sockets are handed in.
//
// Invariant: after any interruption each subscription goes on at the last position it is known to be whole up to.
import { type ClientFrame, closeAction, codes, type LiveEvent, type ServerFrame } from '@telltale/gateway/contract';
import { backoffMs, stableAfterMs } from './backoff.ts';
import { type Clock, systemClock } from './clock.ts';
import { type Link, openLink } from './link.ts';
import { type CommandOutcome, createRequests } from './requests.ts';
import { createSeriesTable } from './series.ts';
import type { SocketConstructor } from './socket.ts';
import type { ConnectionState } from './state.ts';
import { createSubscriptions, type SubscriptionSpec, type SubscriptionUpdate } from './subscriptions.ts';

export type ConnectionOptions = {
  url: string;
  WebSocket: SocketConstructor;
  clock?: Clock;
  random?: () => number;
};

export type CommandAsk = Omit<Extract<ClientFrame, { t: 'cmd' }>, 't' | 'id'>;

export type ConnectionListener = {
  state?(state: ConnectionState): void;
  event?(event: LiveEvent): void;
  /** A part of the log was not delivered; events may be missing too. */
  gap?(): void;
  /** The gateway's clock, read at the moment of arrival. */
  clock?(gatewayNow: number): void;
};

export type Connection = {
  state(): ConnectionState;
  /** Connects, also from `signed-out` and `stopped`. */
  start(): void;
  /** Closes and stays closed. */
  stop(): void;
  /** The network came back or the page is looked at again: tries at once instead of waiting. */
  wake(): void;
  /** Somebody found out by another way that the sign-in is gone. */
  signedOut(): void;
  /** Survives reconnects until the function it returns is called. */
  subscribe(spec: SubscriptionSpec, listener: (update: SubscriptionUpdate) => void): () => void;
  cmd(ask: CommandAsk): Promise<CommandOutcome>;
  listen(listener: ConnectionListener): () => void;
  /** When anything was last heard on the present connection, by the local clock; null without one. */
  lastHeardAt(): number | null;
  counters(): Readonly<Counters>;
};

type Counters = { framesUnknown: number; rowsUnknown: number; reconnects: number };

/** Creating does nothing; `start` dials. */
export function createConnection(options: ConnectionOptions): Connection {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const counters: Counters = { framesUnknown: 0, rowsUnknown: 0, reconnects: 0 };
  const listeners = new Set<ConnectionListener>();
  const series = createSeriesTable();
  let state: ConnectionState = { name: 'idle' };
  let link: Link | null = null;
  let attempt = 0;
  let farewell: Extract<ServerFrame, { t: 'bye' }> | null = null;
  let cancelRetry = () => {};
  let cancelStable = () => {};
  let lastId = 0;

  const nextId = () => {
    lastId += 1;
    return lastId;
  };
  const send = (frame: ClientFrame) => state.name === 'open' && (link?.send(frame) ?? false);
  const requests = createRequests(clock, nextId);
  const subscriptions = createSubscriptions({
    send,
    nextId,
    series: index => series.get(index),
    unknownRows: count => {
      counters.rowsUnknown += count;
    },
  });

  function become(next: ConnectionState): void {
    state = next;
    for (const listener of [...listeners]) listener.state?.(next);
  }

  function dial(): void {
    cancelRetry();
    attempt += 1;
    farewell = null;
    series.clear();
    become({ name: 'connecting', attempt });
    const mine: Link = openLink(options.WebSocket, options.url, clock, {
      frame: frame => link === mine && take(frame),
      skipped: count => {
        counters.framesUnknown += count;
      },
      ended: code => link === mine && ended(code),
    });
    link = mine;
  }

  function take(frame: ServerFrame): void {
    if ('now' in frame) for (const listener of [...listeners]) listener.clock?.(frame.now);
    switch (frame.t) {
      case 'hello':
        opened(frame);
        return;
      case 'def':
        series.define(frame.series);
        return;
      case 'event': {
        for (const listener of [...listeners]) listener.event?.(frame);
        return;
      }
      case 'bye':
        farewell = frame;
        return;
      case 'gap':
        subscriptions.take(frame);
        for (const listener of [...listeners]) listener.gap?.();
        return;
      default:
        if (!subscriptions.take(frame) && (frame.t === 'ok' || frame.t === 'err')) requests.take(frame);
    }
  }

  function opened(hello: Extract<ServerFrame, { t: 'hello' }>): void {
    cancelStable = clock.after(stableAfterMs, () => {
      attempt = 0;
    });
    become({ name: 'open', since: clock.now(), hello });
    subscriptions.opened(hello.epoch, hello.offset);
  }

  /** The connection is over, whoever ended it. What comes next depends on the code alone. */
  function ended(socketCode: number): void {
    const reached = state.name === 'open';
    const code = meantCode(socketCode);
    drop();
    const action = closeAction(code);
    if (action === 'sign-in') {
      become({ name: 'signed-out' });
      return;
    }
    if (action === 'stop') {
      become({ name: 'stopped', code });
      return;
    }
    if (reached) counters.reconnects += 1;
    const waitMs = Math.max(backoffMs(Math.max(1, attempt), random), farewell?.retryMs ?? 0);
    become({ name: 'waiting', retryAt: clock.now() + waitMs, attempt, reached, code });
    cancelRetry = clock.after(waitMs, dial);
  }

  /** A proxy may swallow the close code; then what `bye` said before counts. */
  function meantCode(socketCode: number): number {
    if (farewell === null || (socketCode !== 1005 && socketCode !== 1006)) return socketCode;
    return codes[farewell.code]?.close ?? socketCode;
  }

  function drop(): void {
    link = null;
    cancelRetry();
    cancelStable();
    requests.lost();
    subscriptions.lost();
  }

  function leave(next: ConnectionState): void {
    const old = link;
    drop();
    old?.end(1000);
    attempt = 0;
    become(next);
  }

  return {
    state: () => state,
    start() {
      if (state.name === 'connecting' || state.name === 'open') return;
      if (state.name !== 'waiting') attempt = 0;
      dial();
    },
    stop: () => leave({ name: 'idle' }),
    wake() {
      if (state.name === 'waiting') dial();
      else if (state.name === 'open') link?.probe();
    },
    signedOut: () => leave({ name: 'signed-out' }),
    subscribe: (spec, listener) => subscriptions.add(spec, listener),
    cmd: ask => requests.ask(id => send({ t: 'cmd', id, ...ask })),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    lastHeardAt: () => (state.name === 'open' ? (link?.lastHeardAt() ?? null) : null),
    counters: () => counters,
  };
}
