// What the live client offers, and what it wants handed in.
import type { ClientFrame, DeviceControl, LiveEvent } from '@telltale/gateway/contract';
import type { Clock } from './clock.ts';
import type { HttpOptions } from './http.ts';
import type { CommandOutcome } from './requests.ts';
import type { SocketConstructor } from './socket.ts';
import type { ConnectionState } from './state.ts';
import type { SubscriptionSpec, SubscriptionUpdate } from './subscription.ts';

export type ConnectionOptions = {
  /** Of the WebSocket. */
  url: string;
  WebSocket: SocketConstructor;
  /** Where no WebSocket gets through, SSE and long poll are tried; left out, they are not. */
  http?: HttpOptions;
  /** For a page of another origin: a ticket is asked for over `http` before each WebSocket. */
  tickets?: boolean;
  clock?: Clock;
  random?: () => number;
};

export type CommandAsk = Omit<Extract<ClientFrame, { t: 'cmd' }>, 't' | 'id'>;

export type ConnectionListener = {
  state?(state: ConnectionState): void;
  /** Each event once, also where the gateway tells it again after a reconnect. */
  event?(event: LiveEvent): void;
  /** Who else is at a device that one subscription is to alone, and who has it. */
  control?(control: DeviceControl): void;
  /** Events were not delivered, or the log is another: what was known from them is to be asked for again. */
  gap?(): void;
  /** The gateway has more to send than the connection takes: of some subscriptions there is not all, or there is again. */
  slow?(behind: boolean): void;
  /** Whether the gateway can store what devices send. */
  storing?(able: boolean): void;
  /** The gateway's clock, read at the moment of arrival. */
  clock?(gatewayNow: number): void;
};

export type ConnectionCounters = { framesUnknown: number; rowsUnknown: number; reconnects: number };

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
  counters(): Readonly<ConnectionCounters>;
};
