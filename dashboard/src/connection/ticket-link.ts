// The link over a WebSocket for a page of another origin: a browser sends neither its token nor a cookie there, so that
// a ticket is asked for first, over HTTP, and offered as a subprotocol ([ACC-11]).
import { type Ticket, ticketProtocolPrefix } from '@telltale/gateway/contract';
import type { Clock } from './clock.ts';
import { closeCodeOf, type HttpOptions, post, readObject } from './http.ts';
import { broken, heartbeatLost, helloTimeoutMs, type Link, type LinkPorts } from './link.ts';

/** Asks for a ticket and then dials with `open`, which is given what to offer beside the protocol's own name. */
export function openTicketLink(
  http: HttpOptions,
  clock: Clock,
  ports: LinkPorts,
  open: (offered: string[]) => Link,
): Link {
  const asked = new AbortController();
  const dialledAt = clock.now();
  let link: Link | null = null;
  let ended = false;
  const finish = (code: number) => {
    if (ended) return;
    ended = true;
    cancelTimeout();
    asked.abort();
    ports.ended(code);
  };
  const cancelTimeout = clock.after(helloTimeoutMs, () => finish(heartbeatLost));

  async function ask(): Promise<void> {
    const response = await post(http, '/ticket', {}, { signal: asked.signal });
    if (!response.ok) return finish(await closeCodeOf(response));
    const { ticket } = ((await readObject(response)) ?? {}) as Partial<Ticket>;
    if (ticket === undefined) return finish(broken);
    if (ended) return;
    cancelTimeout();
    link = open([ticketProtocolPrefix + ticket]);
  }
  ask().catch(() => finish(broken));

  return {
    send: frames => link?.send(frames) ?? 0,
    probe: () => link?.probe(),
    end: code => (link === null ? finish(code) : link.end(code)),
    lastHeardAt: () => link?.lastHeardAt() ?? dialledAt,
  };
}
