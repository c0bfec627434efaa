// The client that pages use, signed in with a token, as benchmarks have it in Node.
import { type Connection, createConnection } from '@telltale/dashboard/connection';
import { WebSocket } from 'ws';

/** A client over WebSocket that has not been started. */
export function pageClient(http: string, token: string): Connection {
  const headers = { authorization: `Bearer ${token}` };
  class SignedIn extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols, { headers });
    }
  }
  return createConnection({ url: `${http.replace('http', 'ws')}/api/v1/ws`, WebSocket: SignedIn as never });
}
