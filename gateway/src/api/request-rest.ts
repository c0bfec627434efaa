// What is read in vain of a body that was answered already.
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One reading of a socket. What a client that sends a little too much has sent by then lies in the system's buffers. */
const restBytesMax = 64 * 1024;

/** Cuts off who goes on sending a body after its answer: else a refused one would cost the reading of all of it. */
export function limitRest(request: IncomingMessage, response: ServerResponse): void {
  // Before Node's own listener, which would read it all and say nothing.
  response.prependOnceListener('finish', () => {
    if (request.complete) return;
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > restBytesMax) request.destroy();
    });
    // So that it counts as being read.
    request.read(0);
  });
}
