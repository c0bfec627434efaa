// The live client's door. It runs in a browser and in Node alike.
export { backoffBaseMs, backoffCapMs, stableAfterMs } from './backoff.ts';
export { createConnection } from './client.ts';
export { type Clock, systemClock } from './clock.ts';
export type { CommandAsk, Connection, ConnectionListener, ConnectionOptions } from './connection.ts';
export type { Fetch, HttpOptions, HttpRequest, HttpResponse } from './http.ts';
export type { CommandOutcome } from './requests.ts';
export type { LiveReading, NeverSeen, Series } from './series.ts';
export type { SocketConstructor, SocketEvent, SocketLike } from './socket.ts';
export type { ConnectionState } from './state.ts';
export type { SubscriptionSpec, SubscriptionUpdate } from './subscription.ts';
