// Everything the views need, put together once.
import type { ReadonlySignal } from '@preact/signals';
import type { Clock, Connection } from '../connection/index.ts';
import type { Api } from '../history/rest.ts';
import type { Batcher } from './batcher.ts';
import { createGatewayTime, type GatewayTime } from './gateway-time.ts';
import { createLive, type Live } from './live.ts';
import { createOpenProfile } from './open-profile.ts';
import { createSession, type SessionModel } from './session.ts';

export type AppModel = {
  readonly api: Api;
  readonly connection: Connection;
  readonly batcher: Batcher;
  readonly clock: Clock;
  readonly time: GatewayTime;
  readonly live: Live;
  readonly session: SessionModel;
  /** Any client may use any topic. */
  readonly openProfile: ReadonlySignal<boolean>;
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
  const live = createLive(connection, time, clock);
  return { api, connection, batcher, clock, time, live, session, openProfile: createOpenProfile(api, connection) };
}
