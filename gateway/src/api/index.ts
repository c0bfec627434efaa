// The API stage's door.
export { createApp } from './app.ts';
export type { ApiPorts } from './context.ts';
export { isOwnOrigin, secretInHeaders } from './guard.ts';
export { type HttpServer, listen } from './server.ts';
