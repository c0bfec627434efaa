// What the live client offers, and what it wants handed in.
import type { ClientFrame, LiveEvent } from '@telltale/gateway/contract';
import type { Clock } from './clock.ts';
import type { CommandOutcome } from './requests.ts';
import type { SocketConstructor } from './socket.ts';
import type { ConnectionState } from './state.ts';
import type { SubscriptionSpec, SubscriptionUpdate } from './subscription.ts';

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
