// The HTTP listener: the application, and upgrades handed to those who take them.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import type { ReloadedTls } from '../lib/tls-reload.ts';
import type { createApp } from './app.ts';
import { importPath } from './guard.ts';
import { limitRest } from './request-rest.ts';

export type HttpConfig = { host: string; port: number };
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Headers have to be there within this time, and a request whole within the next. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const handshakeMsMax = 10_000;
/** How often it is looked whether headers are overdue; Node's own 30 seconds would make them 40. */
const headersCheckMs = 1_000;
/** An import may take hours; it has to go on, though. While the store is behind, nothing of it is read. */
const importIdleMsMax = 120_000;
/** While the gateway closes, answers that are under way may take so long. */
const answersMsMax = 2_000;

/** Connections of one listener. Viewers and devices in WebSockets have limits of their own, far below. */
const connectionsMax = 50_000;

export type HttpCounters = { connectionsDropped: number };

export type ListenParts = {
  counters: HttpCounters;
  upgrade?: Upgrade;
  /** Null for a listener without TLS. */
  tls?: ReloadedTls | null;
};

export type HttpServer = { port: number; close(): Promise<void> };

/** Begins to listen, with TLS where there is a certificate; rejects where the address cannot be had. */
export function listen(
  config: HttpConfig,
  app: ReturnType<typeof createApp>,
  { counters, upgrade, tls = null }: ListenParts,
): Promise<HttpServer> {
  const server = tls === null ? plain(app.fetch) : secure(app.fetch, tls);
  server.maxConnections = connectionsMax;
  server.on('drop', () => counters.connectionsDropped++);
  server.headersTimeout = headersTimeoutMs;
  // The server's own limit knows no exceptions.
  server.requestTimeout = 0;
  server.prependListener('request', limitTime);
  server.prependListener('request', limitRest);
  if (upgrade !== undefined) server.on('upgrade', upgrade);
  const sockets = new Set<Socket>();
  server.on('connection', socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : config.port;
      resolve({ port, close: () => close(server, sockets) });
    });
  });
}

type Fetch = ReturnType<typeof createApp>['fetch'];

function plain(fetch: Fetch): Server {
  const serverOptions = { connectionsCheckingInterval: headersCheckMs };
  return createAdaptorServer({ fetch, createServer, serverOptions }) as Server;
}

/** A connection that is open goes on with the certificate that it began with. */
function secure(fetch: Fetch, tls: ReloadedTls): SecureServer {
  const serverOptions = {
    ...tls.material.options,
    handshakeTimeout: handshakeMsMax,
    connectionsCheckingInterval: headersCheckMs,
  };
  const server = createAdaptorServer({ fetch, createServer: createSecureServer, serverOptions }) as SecureServer;
  server.on('tlsClientError', () => tls.counters.handshakesFailed++);
  tls.onChange(({ options }) => server.setSecureContext(options));
  return server;
}

/** Ends the connection of a request that does not come to its end. */
function limitTime(request: IncomingMessage): void {
  if (request.url?.split('?')[0] === importPath) {
    request.setTimeout(importIdleMsMax, () => request.destroy());
    return;
  }
  const timer = setTimeout(() => {
    // The answer may take longer: a download, or a stream that never ends.
    if (!request.complete) request.destroy();
  }, requestTimeoutMs);
  timer.unref();
  request.once('close', () => clearTimeout(timer));
}

function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    // Idle keep-alive connections would hold the listener open; busy ones end with their answer.
    server.closeIdleConnections();
    // The server no longer knows those that became WebSockets, and yet waits for them.
    setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, answersMsMax).unref();
  });
}
