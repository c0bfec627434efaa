// Who is signed in, and the connection that goes with it: signing in starts it, signing out stops it, and when the
// gateway no longer knows the page, that is found out instead of knocking for ever.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Role, Session, SignInRequest } from '@telltale/gateway/contract';
import { roleCovers } from '@telltale/gateway/contract';
import type { Connection } from '../connection/index.ts';
import { type Api, ApiError } from '../history/rest.ts';

type SessionState =
  /** Not asked yet. */
  | { name: 'unknown' }
  /** The gateway could not be asked. */
  | { name: 'unreachable'; error: unknown }
  | {
      name: 'signed-out';
      /** There was a session, and the gateway ended it. */
      ended: boolean;
      /** Why a one-time link did not work. */
      error: unknown;
    }
  | { name: 'signed-in'; session: Session };

export type SessionModel = {
  readonly state: ReadonlySignal<SessionState>;
  /** Asks the gateway who is signed in. */
  check(): Promise<void>;
  /** At the start: with the code of a one-time link where there is one, else with the session there may be. */
  begin(code: string | null): Promise<void>;
  signIn(request: SignInRequest): Promise<void>;
  signOut(): Promise<void>;
  /** Some call was answered 401. */
  lost(): void;
  may(role: Role): boolean;
};

/** Creating asks nothing; `check` does. */
export function createSession(api: Pick<Api, 'session' | 'signIn' | 'signOut'>, connection: Connection): SessionModel {
  const state = signal<SessionState>({ name: 'unknown' });

  function signedIn(session: Session): void {
    state.value = { name: 'signed-in', session };
    const { name } = connection.state();
    if (name === 'idle' || name === 'signed-out' || name === 'stopped') connection.start();
  }

  function lost(): void {
    const { value } = state;
    if (value.name === 'signed-out') return;
    state.value = { name: 'signed-out', ended: value.name === 'signed-in', error: null };
    if (connection.state().name !== 'signed-out') connection.signedOut();
  }

  async function check(): Promise<void> {
    try {
      signedIn(await api.session());
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) lost();
      else if (state.value.name === 'unknown') state.value = { name: 'unreachable', error };
    }
  }

  connection.listen({
    state(next) {
      // The browser hides why an upgrade was refused. Asking over REST tells a lost sign-in from a lost network.
      if (next.name === 'waiting' && !next.reached && state.value.name === 'signed-in') void check();
      if (next.name === 'signed-out') lost();
    },
  });

  return {
    state,
    check,
    lost,
    async begin(code) {
      if (code === null) return check();
      try {
        signedIn(await api.signIn({ code }));
      } catch (error) {
        // A link that was used before is no reason to turn away somebody who is signed in.
        await check();
        if (state.value.name === 'signed-out') state.value = { name: 'signed-out', ended: false, error };
      }
    },
    async signIn(request) {
      signedIn(await api.signIn(request));
    },
    async signOut() {
      await api.signOut();
      state.value = { name: 'signed-out', ended: false, error: null };
      connection.stop();
    },
    may: role => state.value.name === 'signed-in' && roleCovers(state.value.session.role, role),
  };
}
