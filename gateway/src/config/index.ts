// The configuration's door.
export { type Invocation, readInvocation } from './arguments.ts';
export { ConfigError, loadConfig } from './load.ts';
export { type Config, configSchema } from './schema.ts';
