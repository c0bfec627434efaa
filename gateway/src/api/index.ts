// The API stage's door.
export { createApp } from './app.ts';
export { type ApiPorts, sessionCookie } from './context.ts';
export { isOwnOrigin, secretIn } from './guard.ts';
export { type HttpServer, listen } from './server.ts';
