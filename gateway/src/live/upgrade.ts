// The door for WebSockets: what an HTTP upgrade has to show before it becomes one ([ACC-3]).
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { type Code, codes, limits, subprotocol } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Live } from './live.ts';
import type { Viewing } from './requests.ts';
import { UpgradeAttempts } from './upgrade-attempts.ts';

export const livePath = '/api/v1/ws';
export const mqttPath = '/mqtt';

export type UpgradePorts = {
  clock: Clock;
  /** The largest MQTT packet that is accepted, which may come in one WebSocket message. */
  mqttPacketBytesMax: number;
  /** True where the gateway goes by the name that was asked for. */
  hostAnswered(request: IncomingMessage): boolean;
  /** True where a page of this origin may speak to the gateway; programs send none. */
  originAllowed(request: IncomingMessage): boolean;
  authenticate(request: IncomingMessage): Promise<Viewing | null>;
  /** The address of whoever asks, behind proxies too. */
  addressOf(request: IncomingMessage): string;
  /** Hands an MQTT connection that came in a WebSocket to the broker. */
  acceptMqtt(stream: Duplex, address: string): void;
  isClosing(): boolean;
};

/** A peer that was refused and does not hang up is cut after this long: no limit of HTTP counts for it any more. */
const refusedMsMax = 2_000;

type Refused = { code: Code; detail?: string };

function refuse(socket: Duplex, { code, detail }: Refused): void {
  const { status, title } = codes[code];
  const body = JSON.stringify({ type: 'about:blank', title, status, code, detail });
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\n` +
      `X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  // With something unread the answer would be lost.
  socket.resume();
  setTimeout(() => socket.destroy(), refusedMsMax).unref();
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
    // Several small packets may come in one message as well (MQTT 3.1.1, 6).
    maxPayload: Math.max(ports.mqttPacketBytesMax, limits.mqttPacketBytesMax),
    handleProtocols: offered => (offered.has('mqtt') ? 'mqtt' : offered.has('mqttv3.1') ? 'mqttv3.1' : false),
  });

  const attempts = new UpgradeAttempts(ports.clock);

  /** Why not; or else who views, null for a device. */
  async function judge(request: IncomingMessage, path: string, address: string): Promise<Refused | Viewing | null> {
    if (ports.isClosing()) return { code: 'closing' };
    if (!ports.hostAnswered(request)) return { code: 'host_unknown' };
    if (path !== livePath && path !== mqttPath) return { code: 'not_found' };
    if (!ports.originAllowed(request)) return { code: 'origin_refused' };
    if (path === mqttPath) return null;
    if (attempts.isBarred(address)) {
      live.counters.upgradesBarred++;
      return { code: 'too_many', detail: 'too many that were not signed in' };
    }
    const viewing = await ports.authenticate(request);
    if (viewing === null) {
      attempts.failed(address);
      return { code: 'not_signed_in' };
    }
    return viewing;
  }

  return async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    // A peer that breaks off during the look-ups below must not end the process.
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const address = ports.addressOf(request);
    const outcome = await judge(request, path, address).catch((): Refused => ({ code: 'internal' }));
    if (socket.destroyed) return;
    if (outcome !== null && 'code' in outcome) refuse(socket, outcome);
    else if (outcome === null) {
      devices.handleUpgrade(request, socket, head, ws => ports.acceptMqtt(createWebSocketStream(ws), address));
    } else {
      // Here, where nothing else can come in between: of many that were let in at once none is too many.
      const detail = live.limitBrokenBy(outcome, address);
      if (detail !== null) return refuse(socket, { code: 'too_many', detail });
      viewers.handleUpgrade(request, socket, head, ws => live.accept(ws, socket, outcome, address));
    }
  };
}
