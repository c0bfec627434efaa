// A client on a page where no WebSocket gets through: the connection goes over HTTP, whose other end is the test.
import { createConnection } from '../src/connection/client.ts';
import type { ConnectionState } from '../src/connection/state.ts';
import type { SubscriptionUpdate } from '../src/connection/subscription.ts';
import { createHttp, settled, type TestRequest } from './http.ts';
import { createSockets, createTestClock, seededRandom } from './platform.ts';

/** Nothing is dialled yet. */
export function createPage({ deaf = false } = {}) {
  const clock = createTestClock();
  const sockets = createSockets();
  const http = createHttp({ deaf });
  const connection = createConnection({
    url: 'ws://gateway/api/v1/ws',
    WebSocket: sockets.Socket,
    http: { url: 'http://gateway/api/v1', fetch: http.fetch, headers: { authorization: 'Bearer t' } },
    clock,
    random: seededRandom(7),
  });
  const states: ConnectionState[] = [];
  connection.listen({ state: state => states.push(state) });
  const updates: SubscriptionUpdate[] = [];
  const kinds = () => updates.map(update => update.kind);
  /** Time passes, and what waited for it is done. */
  const pass = async (ms: number) => {
    clock.advance(ms);
    await settled();
  };
  return { clock, sockets, http, connection, states, updates, kinds, pass, take: updates.push.bind(updates) };
}

/** The WebSocket was refused; the event stream is asked for. */
export function createSsePage(options: { deaf?: boolean } = {}) {
  const page = createPage(options);
  const start = (): TestRequest => {
    page.connection.start();
    page.sockets.newest().drop(1006);
    return page.http.newest();
  };
  return { ...page, start };
}

/** The event stream failed as well; the log is asked for. */
export function createPollPage(options: { deaf?: boolean } = {}) {
  const page = createSsePage(options);
  const start = async (): Promise<TestRequest> => {
    page.start().fail();
    await settled();
    return page.http.newest();
  };
  return { ...page, start };
}
