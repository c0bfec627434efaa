// The live client: keeps one connection to the gateway, brings it back when it breaks, and carries subscriptions and
// commands over it. It knows nothing of pages: time, chance and sockets are handed in.
//
// Invariant: after any interruption each subscription goes on at the last position it is known to be whole up to.
import { type ClientFrame, closeAction, codes, type ServerFrame } from '@telltale/gateway/contract';
import { type Clock, systemClock } from './clock.ts';
import type {
  CommandAsk,
  Connection,
  ConnectionCounters,
  ConnectionListener,
  ConnectionOptions,
} from './connection.ts';
import { type Link, openLink } from './link.ts';
import { type CommandOutcome, createRequests, type Requests } from './requests.ts';
import { Retry } from './retry.ts';
import { createSeriesTable } from './series.ts';
import type { ConnectionState } from './state.ts';
import type { SubscriptionSpec, SubscriptionUpdate } from './subscription.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions.ts';

type Farewell = Extract<ServerFrame, { t: 'bye' }>;

/** Creating does nothing; `start` dials. */
export function createConnection(options: ConnectionOptions): Connection {
  return new Client(options);
}

class Client implements Connection {
  readonly #options: ConnectionOptions;
  readonly #clock: Clock;
  readonly #retry: Retry;
  readonly #counters: ConnectionCounters = { framesUnknown: 0, rowsUnknown: 0, reconnects: 0 };
  readonly #listeners = new Set<ConnectionListener>();
  readonly #series = createSeriesTable();
  readonly #requests: Requests;
  readonly #subscriptions: Subscriptions;
  #state: ConnectionState = { name: 'idle' };
  #link: Link | null = null;
  #farewell: Farewell | null = null;
  #lastId = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#retry = new Retry(this.#clock, options.random ?? Math.random);
    // Ids are given out in one place: an answer names nothing but its id.
    const nextId = () => {
      this.#lastId += 1;
      return this.#lastId;
    };
    this.#requests = createRequests(this.#clock, nextId);
    this.#subscriptions = createSubscriptions({
      send: frame => this.#send(frame),
      nextId,
      series: index => this.#series.get(index),
      unknownRows: count => {
        this.#counters.rowsUnknown += count;
      },
    });
  }

  state(): ConnectionState {
    return this.#state;
  }

  start(): void {
    const { name } = this.#state;
    if (name === 'connecting' || name === 'open') return;
    if (name !== 'waiting') this.#retry.forget();
    this.#dial();
  }

  stop(): void {
    this.#leave({ name: 'idle' });
  }

  wake(): void {
    if (this.#state.name === 'waiting') this.#dial();
    else if (this.#state.name === 'open') this.#link?.probe();
  }

  signedOut(): void {
    this.#leave({ name: 'signed-out' });
  }

  subscribe(spec: SubscriptionSpec, listener: (update: SubscriptionUpdate) => void): () => void {
    return this.#subscriptions.add(spec, listener);
  }

  cmd(ask: CommandAsk): Promise<CommandOutcome> {
    return this.#requests.ask(id => this.#send({ t: 'cmd', id, ...ask }));
  }

  listen(listener: ConnectionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  lastHeardAt(): number | null {
    return this.#state.name === 'open' ? (this.#link?.lastHeardAt() ?? null) : null;
  }

  counters(): Readonly<ConnectionCounters> {
    return this.#counters;
  }

  #send(frame: ClientFrame): boolean {
    return this.#state.name === 'open' && (this.#link?.send(frame) ?? false);
  }

  /** A copy is walked: a listener may leave, or bring another, while it is told. */
  #tell(each: (listener: ConnectionListener) => void): void {
    for (const listener of [...this.#listeners]) each(listener);
  }

  #become(next: ConnectionState): void {
    this.#state = next;
    this.#tell(listener => listener.state?.(next));
  }

  #dial(): void {
    const attempt = this.#retry.dialling();
    this.#farewell = null;
    this.#series.clear();
    this.#become({ name: 'connecting', attempt });
    const mine: Link = openLink(this.#options.WebSocket, this.#options.url, this.#clock, {
      frame: frame => this.#link === mine && this.#take(frame),
      skipped: count => {
        this.#counters.framesUnknown += count;
      },
      ended: code => this.#link === mine && this.#ended(code),
    });
    this.#link = mine;
  }

  #take(frame: ServerFrame): void {
    if ('now' in frame) this.#tell(listener => listener.clock?.(frame.now));
    switch (frame.t) {
      case 'hello':
        this.#retry.opened();
        this.#become({ name: 'open', since: this.#clock.now(), hello: frame });
        this.#subscriptions.opened(frame.epoch, frame.offset);
        return;
      case 'def':
        this.#series.define(frame.series);
        return;
      case 'event':
        this.#tell(listener => listener.event?.(frame));
        return;
      case 'bye':
        this.#farewell = frame;
        return;
      case 'gap':
        this.#subscriptions.take(frame);
        this.#tell(listener => listener.gap?.());
        return;
      default:
        if (!this.#subscriptions.take(frame) && (frame.t === 'ok' || frame.t === 'err')) this.#requests.take(frame);
    }
  }

  /** The connection is over, whoever ended it. What comes next depends on the code alone. */
  #ended(socketCode: number): void {
    const reached = this.#state.name === 'open';
    const code = meantCode(socketCode, this.#farewell);
    this.#drop();
    const action = closeAction(code);
    if (action === 'sign-in') return this.#become({ name: 'signed-out' });
    if (action === 'stop') return this.#become({ name: 'stopped', code });
    if (reached) this.#counters.reconnects += 1;
    const planned = this.#retry.plan(this.#farewell?.retryMs ?? 0, () => this.#dial());
    this.#become({ name: 'waiting', ...planned, reached, code });
  }

  #drop(): void {
    this.#link = null;
    this.#retry.cancel();
    this.#requests.lost();
    this.#subscriptions.lost();
  }

  #leave(next: ConnectionState): void {
    const old = this.#link;
    this.#drop();
    old?.end(1000);
    this.#retry.forget();
    this.#become(next);
  }
}

/** A proxy may swallow the close code; then what `bye` said before counts. */
function meantCode(socketCode: number, farewell: Farewell | null): number {
  if (farewell === null || (socketCode !== 1005 && socketCode !== 1006)) return socketCode;
  return codes[farewell.code]?.close ?? socketCode;
}
