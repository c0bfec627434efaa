// The HTTP listener: the application, and upgrades handed to those who take them.
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import type { createApp } from './app.ts';
import { limitRest } from './request-rest.ts';
import { importPath } from './transfer.ts';

export type HttpConfig = { host: string; port: number };
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Headers have to be there within this time, and a request whole within the next. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
/** How often it is looked whether headers are overdue; Node's own 30 seconds would make them 40. */
const headersCheckMs = 1_000;
/** An import may take hours; it has to go on, though. While the store is behind, nothing of it is read. */
const importIdleMsMax = 120_000;
/** While the gateway closes, answers that are under way may take so long. */
const answersMsMax = 2_000;

export type HttpServer = { port: number; close(): Promise<void> };

/** Begins to listen; rejects where the address cannot be had. */
export function listen(config: HttpConfig, app: ReturnType<typeof createApp>, upgrade: Upgrade): Promise<HttpServer> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { connectionsCheckingInterval: headersCheckMs },
  }) as Server;
  server.headersTimeout = headersTimeoutMs;
  // The server's own limit knows no exceptions.
  server.requestTimeout = 0;
  server.prependListener('request', limitTime);
  server.prependListener('request', limitRest);
  server.on('upgrade', upgrade);
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
