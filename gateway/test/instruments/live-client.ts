// The live client that pages use, in Node: signs in with a token, over any of the three transports.
import { type Connection, createConnection } from '@telltale/dashboard/connection';
import { withTestEnd } from './side-by-side.ts';

/** The client as a page of another origin has it: the token goes with HTTP alone, and a ticket with the WebSocket. */
export function ticketClient(http: string, token: string): Connection {
  const connection = createConnection({
    url: `${http.replace('http', 'ws')}/api/v1/ws`,
    WebSocket: WebSocket as never,
    http: { url: `${http}/api/v1`, fetch: fetch as never, headers: { authorization: `Bearer ${token}` } },
    tickets: true,
  });
  withTestEnd(() => connection.stop());
  return connection;
}

/** A client that has not been started; it is stopped with the test. */
export function liveClient(http: string, token: string, random: () => number = Math.random): Connection {
  const headers = { authorization: `Bearer ${token}` };
  class SignedIn extends WebSocket {
    constructor(url: string, protocols: string[]) {
      // Node's WebSocket takes headers, which its type does not say.
      super(url, { protocols, headers } as unknown as string[]);
    }
  }
  const connection = createConnection({
    url: `${http.replace('http', 'ws')}/api/v1/ws`,
    WebSocket: SignedIn as never,
    http: { url: `${http}/api/v1`, fetch: fetch as never, headers },
    random,
  });
  withTestEnd(() => connection.stop());
  return connection;
}
