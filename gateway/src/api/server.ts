// The HTTP listener: the application, and upgrades handed to those who take them.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import type { createApp } from './app.ts';

export type HttpConfig = { host: string; port: number };
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Headers have to be there within this time, and a request whole within the next. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;

export type HttpServer = { port: number; close(): Promise<void> };

/** Begins to listen; rejects where the address cannot be had. */
export function listen(config: HttpConfig, app: ReturnType<typeof createApp>, upgrade: Upgrade): Promise<HttpServer> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = requestTimeoutMs;
  server.on('upgrade', upgrade);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.port, config.host, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : config.port;
      resolve({ port, close: () => close(server) });
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve());
    // Idle keep-alive connections would hold the listener open; busy ones end with their answer.
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 2_000).unref();
  });
}
