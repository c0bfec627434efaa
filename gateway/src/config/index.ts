// The configuration's door.
export { type Invocation, readInvocation } from './arguments.ts';
export { tlsFilesOf } from './checks.ts';
export { ConfigError, loadConfig } from './load.ts';
export { type Config, configSchema, isLoopback } from './schema.ts';
