// Everything the views need, put together once.
import type { Clock, Connection } from '../connection/index.ts';
import type { Api } from '../history/rest.ts';
import type { Batcher } from './batcher.ts';
import { createGatewayTime, type GatewayTime } from './gateway-time.ts';
import { createLive, type Live } from './live.ts';
import { createSession, type SessionModel } from './session.ts';

export type AppModel = {
  readonly api: Api;
  readonly connection: Connection;
  readonly batcher: Batcher;
  readonly clock: Clock;
  readonly time: GatewayTime;
  readonly live: Live;
  readonly session: SessionModel;
};

/** `makeApi` is handed what to call when a call finds the sign-in gone. */
export function createAppModel(
  makeApi: (signedOut: () => void) => Api,
  connection: Connection,
  batcher: Batcher,
  clock: Clock,
): AppModel {
  const time = createGatewayTime(clock);
  const api = makeApi(() => session.lost());
  const session: SessionModel = createSession(api, connection);
  return { api, connection, batcher, clock, time, live: createLive(connection, time, clock), session };
}
