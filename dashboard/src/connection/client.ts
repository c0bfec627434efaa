// The live client: keeps one connection to the gateway, brings it back when it breaks, over another transport where one
// does not get through, and carries subscriptions and commands over it. It knows nothing of pages: time, chance,
// sockets and HTTP are handed in.
//
// Invariant: after any interruption each subscription goes on at the last position it is known to be whole up to.
import { type ClientFrame, closeAction, codes, type ServerFrame, type Transport } from '@telltale/gateway/contract';
import { type Clock, systemClock } from './clock.ts';
import type {
  CommandAsk,
  Connection,
  ConnectionCounters,
  ConnectionListener,
  ConnectionOptions,
} from './connection.ts';
import { createDial } from './dial.ts';
import { HeardEvents } from './heard-events.ts';
import type { Link, LinkPorts } from './link.ts';
import { type CommandOutcome, createRequests, type Requests } from './requests.ts';
import { Retry } from './retry.ts';
import { createSeriesTable } from './series.ts';
import type { ConnectionState } from './state.ts';
import type { SubscriptionSpec, SubscriptionUpdate } from './subscription.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions.ts';
import { Transports } from './transports.ts';
import { Upgrade } from './upgrade.ts';

type Farewell = Extract<ServerFrame, { t: 'bye' }>;
type Hello = Extract<ServerFrame, { t: 'hello' }>;

/**
 * Creating does nothing; `start` dials. It runs in a browser and in Node alike:
 *
 *     const headers = { authorization: `Bearer ${token}` };
 *     class Socket extends WebSocket { // of the package `ws`; the browser's own sends its cookie
 *       constructor(url, protocols) { super(url, protocols, { headers }); }
 *     }
 *     const connection = createConnection({
 *       url: 'wss://host/api/v1/ws',
 *       WebSocket: Socket,
 *       http: { url: 'https://host/api/v1', fetch, headers },
 *     });
 *     connection.subscribe({ device: ['pump-*'], mode: 'log' }, update => {
 *       if (update.kind === 'readings') console.log(update.readings);
 *     });
 *     connection.start();
 */
export function createConnection(options: ConnectionOptions): Connection {
  return new Client(options);
}

class Client implements Connection {
  readonly #clock: Clock;
  readonly #retry: Retry;
  readonly #open: (transport: Transport, ports: LinkPorts) => Link;
  readonly #transports: Transports;
  readonly #upgrade: Upgrade;
  readonly #counters: ConnectionCounters = { framesUnknown: 0, rowsUnknown: 0, reconnects: 0 };
  readonly #listeners = new Set<ConnectionListener>();
  readonly #series = createSeriesTable();
  readonly #heardEvents = new HeardEvents();
  readonly #requests: Requests;
  readonly #subscriptions: Subscriptions;
  #state: ConnectionState = { name: 'idle' };
  #link: Link | null = null;
  #farewell: Farewell | null = null;
  #lastId = 0;

  constructor(options: ConnectionOptions) {
    const random = options.random ?? Math.random;
    this.#clock = options.clock ?? systemClock;
    this.#retry = new Retry(this.#clock, random);
    this.#open = createDial(options, this.#clock, random);
    this.#transports = new Transports(options.http === undefined ? ['ws'] : ['ws', 'sse', 'poll']);
    this.#upgrade = new Upgrade(this.#clock, () => this.#openLink('ws'));
    // Ids are given out in one place: an answer names nothing but its id.
    const nextId = () => {
      this.#lastId += 1;
      return this.#lastId;
    };
    this.#requests = createRequests(this.#clock, nextId);
    this.#subscriptions = createSubscriptions({
      send: frames => this.#send(frames),
      nextId,
      series: index => this.#series.get(index),
      unknownRows: count => {
        this.#counters.rowsUnknown += count;
      },
      missed: () => this.#tell(listener => listener.gap?.()),
      slow: behind => this.#tell(listener => listener.slow?.(behind)),
    });
  }

  state(): ConnectionState {
    return this.#state;
  }

  start(): void {
    const { name } = this.#state;
    if (name === 'connecting' || name === 'open') return;
    if (name !== 'waiting') {
      this.#retry.forget();
      this.#transports.forget();
    }
    this.#dial();
  }

  stop(): void {
    this.#leave({ name: 'idle' });
  }

  wake(): void {
    if (this.#state.name === 'waiting') return this.#dial();
    if (this.#state.name !== 'open') return;
    this.#link?.probe();
    this.#upgrade.wake();
  }

  signedOut(): void {
    this.#leave({ name: 'signed-out' });
  }

  subscribe(spec: SubscriptionSpec, listener: (update: SubscriptionUpdate) => void): () => void {
    return this.#subscriptions.add(spec, listener);
  }

  cmd(ask: CommandAsk): Promise<CommandOutcome> {
    return this.#requests.ask(id => this.#send([{ t: 'cmd', id, ...ask }]) > 0);
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

  #send(frames: readonly ClientFrame[]): number {
    return this.#state.name === 'open' && frames.length > 0 ? (this.#link?.send(frames) ?? 0) : 0;
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
    this.#become({ name: 'connecting', attempt });
    this.#connect();
  }

  #connect(): void {
    this.#farewell = null;
    this.#series.clear();
    this.#link = this.#openLink(this.#transports.current());
  }

  /** A link that is neither the connection's nor a trial for it is not listened to any more. */
  #openLink(transport: Transport): Link {
    const mine: Link = this.#open(transport, {
      frame: frame => {
        if (this.#link === mine) this.#take(frame, transport);
        else if (this.#upgrade.isTrial(mine) && frame.t === 'hello') this.#moveTo(mine, frame);
      },
      skipped: count => {
        this.#counters.framesUnknown += count;
      },
      ended: code => {
        if (this.#link === mine) this.#ended(code);
        else if (this.#upgrade.isTrial(mine)) this.#trialEnded(code);
      },
      wanted: () => this.#subscriptions.wanted(),
      brokenOff: names => this.#link === mine && this.#subscriptions.brokenOff(names),
      // Also of a link that the connection has left for another: the command is under way all the same.
      answered: (id, answer) => (answer === null ? this.#requests.unanswered(id) : this.#requests.take(answer)),
    });
    return mine;
  }

  #take(frame: ServerFrame, transport: Transport): void {
    if ('now' in frame) this.#tell(listener => listener.clock?.(frame.now));
    switch (frame.t) {
      case 'hello':
        this.#retry.opened();
        this.#opened(frame, transport);
        this.#subscriptions.opened(frame.epoch);
        return;
      case 'def':
        this.#series.define(frame.series);
        return;
      case 'event':
        if (!this.#heardEvents.isNew(frame.offset)) return;
        this.#subscriptions.take(frame);
        this.#tell(listener => listener.event?.(frame));
        return;
      case 'control':
        this.#tell(listener => listener.control?.(frame));
        return;
      case 'hb':
        this.#subscriptions.take(frame);
        this.#tell(listener => listener.storing?.(frame.storing !== false));
        return;
      case 'bye':
        this.#farewell = frame;
        return;
      case 'gap':
        if (frame.reason === 'epoch') this.#heardEvents.forget();
        this.#subscriptions.take(frame);
        if (frame.sub === undefined || frame.reason === 'epoch') this.#tell(listener => listener.gap?.());
        return;
      default:
        if (!this.#subscriptions.take(frame) && (frame.t === 'ok' || frame.t === 'err')) this.#requests.take(frame);
    }
  }

  #opened(hello: Hello, transport: Transport): void {
    const since = this.#state.name === 'open' ? this.#state.since : this.#clock.now();
    this.#transports.opened(transport);
    this.#heardEvents.in(hello.epoch);
    if (transport === 'ws') this.#upgrade.stop();
    else this.#upgrade.begin();
    this.#become({ name: 'open', since, hello, transport });
  }

  /** The WebSocket gets through again: the connection goes on over it, and what it was over ends. */
  #moveTo(link: Link, hello: Hello): void {
    const old = this.#link;
    this.#upgrade.succeeded();
    this.#link = link;
    this.#series.clear();
    old?.end(1000);
    this.#tell(listener => listener.clock?.(hello.now));
    this.#opened(hello, 'ws');
    this.#subscriptions.moved(hello.epoch);
  }

  #trialEnded(code: number): void {
    if (closeAction(code) === 'sign-in') this.#leave({ name: 'signed-out' });
    else this.#upgrade.failed();
  }

  /** The connection is over, whoever ended it. What comes next depends on the code alone. */
  #ended(socketCode: number): void {
    const before = this.#state;
    const reached = before.name === 'open';
    const heardMs = reached ? (this.#link?.lastHeardAt() ?? 0) - before.since : 0;
    const code = meantCode(socketCode, this.#farewell);
    const action = closeAction(code);
    if (!reached && this.#transports.failed(code)) return this.#connect();
    this.#drop();
    if (action === 'sign-in') return this.#become({ name: 'signed-out' });
    if (action === 'stop') return this.#become({ name: 'stopped', code });
    if (reached) {
      this.#counters.reconnects += 1;
      this.#transports.closed(code, heardMs < before.hello.heartbeatMs);
    }
    const planned = this.#retry.plan(this.#farewell?.retryMs ?? 0, () => this.#dial());
    this.#become({ name: 'waiting', ...planned, reached, code });
  }

  #drop(): void {
    this.#link = null;
    this.#retry.cancel();
    this.#upgrade.stop();
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
