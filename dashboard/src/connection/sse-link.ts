// The link over an event stream (SSE): one request whose answer does not end. It is silent for no longer than a
// heartbeat; after two it is given up ([LIV-5]).
import { decode } from './decode.ts';
import { createEventStream } from './event-stream.ts';
import { closeCodeOf } from './http.ts';
import { type Exchange, endWith, type HttpPlatform, type Outcome, openHttpLink } from './http-link.ts';
import { broken, type Link, type LinkPorts } from './link.ts';

/** From the request to the first frame. A proxy that waits for the end of the answer brings none, and no answer either. */
export const firstFrameTimeoutMs = 5_000;

/** Opens the stream of all subscriptions. */
export function openSseLink(platform: HttpPlatform, ports: LinkPorts): Link {
  return openHttpLink(platform, ports, carry);
}

async function carry(exchange: Exchange): Promise<Outcome> {
  exchange.giveUpAfter(firstFrameTimeoutMs);
  const response = await exchange.post('/stream', 'text/event-stream');
  if (!response.ok || response.body === null) return endWith(await closeCodeOf(response));
  const reader = response.body.getReader();
  const stream = createEventStream();
  let isFlowing = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) return endWith(broken);
    exchange.heard();
    const messages = stream.push(value);
    if (messages === null) return endWith(broken);
    for (const message of messages) {
      const outcome = exchange.take(decode(message));
      if (outcome !== null) return outcome;
    }
    isFlowing ||= messages.length > 0;
    if (isFlowing) exchange.giveUpAfter(2 * exchange.heartbeatMs());
  }
}
