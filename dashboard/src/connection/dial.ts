// From the name of a transport to its link.
import type { Transport } from '@telltale/gateway/contract';
import type { Clock } from './clock.ts';
import type { ConnectionOptions } from './connection.ts';
import type { Link, LinkPorts } from './link.ts';
import { openPollLink } from './poll-link.ts';
import { openSseLink } from './sse-link.ts';
import { openTicketLink } from './ticket-link.ts';
import { openWsLink } from './ws-link.ts';

/** Opens links with what the platform has; a transport over HTTP needs `options.http`. */
export function createDial(
  options: ConnectionOptions,
  clock: Clock,
  random: () => number,
): (transport: Transport, ports: LinkPorts) => Link {
  return (transport, ports) => {
    if (transport === 'ws' || options.http === undefined) {
      const open = (offered?: string[]) => openWsLink(options.WebSocket, options.url, clock, ports, offered);
      return options.tickets && options.http ? openTicketLink(options.http, clock, ports, open) : open();
    }
    const platform = { http: options.http, clock, random };
    return transport === 'sse' ? openSseLink(platform, ports) : openPollLink(platform, ports);
  };
}
