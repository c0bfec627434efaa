// The API stage's door.
export { createApp } from './app.ts';
export type { ApiPorts } from './context.ts';
export { secretInHeaders } from './guard.ts';
export { createMetrics } from './metrics.ts';
export { createOpsApp } from './ops.ts';
export { isAnswered, type PagePolicy, pageOf } from './origin.ts';
export { type HttpServer, listen } from './server.ts';
