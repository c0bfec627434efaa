// The door for WebSockets: what an HTTP upgrade has to show before it becomes one ([ACC-3]).
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { type Code, codes, limits, subprotocol } from '../contract/index.ts';
import type { Live } from './live.ts';
import type { Viewing } from './requests.ts';

export const livePath = '/api/v1/ws';
export const mqttPath = '/mqtt';

export type UpgradePorts = {
  /** True where a page of this origin may speak to the gateway; programs send none. */
  originAllowed(request: IncomingMessage): boolean;
  authenticate(request: IncomingMessage): Promise<Viewing | null>;
  /** The address of whoever asks, behind proxies too. */
  addressOf(request: IncomingMessage): string;
  /** Hands an MQTT connection that came in a WebSocket to the broker. */
  acceptMqtt(stream: Duplex, address: string): void;
  isClosing(): boolean;
};

function refuse(socket: Duplex, code: Code): void {
  const { status, title } = codes[code];
  const body = JSON.stringify({ type: 'about:blank', title, status, code });
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Returns the handler for an HTTP server's `upgrade` event. */
export function createUpgrade(live: Live, ports: UpgradePorts) {
  const viewers = new WebSocketServer({
    noServer: true,
    maxPayload: limits.viewerFrameBytesMax,
    handleProtocols: offered => (offered.has(subprotocol) ? subprotocol : false),
  });
  const devices = new WebSocketServer({
    noServer: true,
    maxPayload: limits.mqttPacketBytesMax,
    handleProtocols: offered => (offered.has('mqtt') ? 'mqtt' : offered.has('mqttv3.1') ? 'mqttv3.1' : false),
  });

  async function refusalOf(request: IncomingMessage, path: string): Promise<Code | Viewing | null> {
    if (ports.isClosing()) return 'closing';
    if (path !== livePath && path !== mqttPath) return 'not_found';
    if (!ports.originAllowed(request)) return 'origin_refused';
    if (path === mqttPath) return null;
    if (live.isFull()) return 'too_many';
    return (await ports.authenticate(request)) ?? 'not_signed_in';
  }

  return async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    // A peer that breaks off during the look-ups below must not end the process.
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const address = ports.addressOf(request);
    const outcome = await refusalOf(request, path).catch((): Code => 'internal');
    if (socket.destroyed) return;
    if (typeof outcome === 'string') refuse(socket, outcome);
    else if (outcome === null) {
      devices.handleUpgrade(request, socket, head, ws => ports.acceptMqtt(createWebSocketStream(ws), address));
    } else viewers.handleUpgrade(request, socket, head, ws => live.accept(ws, outcome, address));
  };
}
