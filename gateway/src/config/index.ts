// The configuration's door.
export { type Invocation, readInvocation } from './arguments.ts';
export { tlsFilesOf } from './checks.ts';
export { readCommandType } from './command-types.ts';
export { ConfigError, loadConfig } from './load.ts';
export { compileParams } from './params-schema.ts';
export { type Config, configSchema, isLoopback } from './schema.ts';
