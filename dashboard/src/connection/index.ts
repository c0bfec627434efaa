// The live client's door. It runs in a browser and in Node alike.
export { backoffBaseMs, backoffCapMs, stableAfterMs } from './backoff.ts';
export {
  type CommandAsk,
  type Connection,
  type ConnectionListener,
  type ConnectionOptions,
  createConnection,
} from './client.ts';
export { type Clock, systemClock } from './clock.ts';
export type { CommandOutcome } from './requests.ts';
export type { LiveReading, Series } from './series.ts';
export type { SocketConstructor, SocketEvent, SocketLike } from './socket.ts';
export type { ConnectionState } from './state.ts';
export type { SubscriptionSpec, SubscriptionUpdate } from './subscriptions.ts';
