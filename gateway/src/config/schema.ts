// Every key of the configuration, with its default and what it accepts. The one schema serves validation, the
// reference in config/gateway.yaml (a test compares them) and the type.
import { z } from 'zod';

const port = z.int('expected a port from 0 to 65535').min(0).max(65_535);
const host = z.string().min(1, 'expected an address to listen on');

export const configSchema = z.strictObject({
  http: z
    .strictObject({
      host: host.default('127.0.0.1'),
      port: port.default(8080),
      origins: z.array(z.url('expected an origin such as https://plant.example')).max(100).default([]),
    })
    .prefault({}),
  mqtt: z
    .strictObject({
      host: host.default('127.0.0.1'),
      port: port.default(1883),
      connectionsMax: z.int().min(1).max(100_000).default(10_000),
    })
    .prefault({}),
  store: z
    .strictObject({
      dir: z.string().min(1).default('data'),
      commitIntervalMs: z.number().min(0).max(2_000).default(20),
      synchronous: z.enum(['FULL', 'NORMAL'], 'expected FULL or NORMAL').default('FULL'),
    })
    .prefault({}),
  access: z
    .strictObject({
      devices: z.enum(['credentials', 'open'], 'expected credentials or open').default('credentials'),
      adminPassword: z.string().min(12, 'expected at least 12 characters').max(1024).nullable().default(null),
    })
    .prefault({}),
  live: z.strictObject({ heartbeatMs: z.int().min(1_000).max(120_000).default(20_000) }).prefault({}),
  log: z
    .strictObject({
      level: z.enum(['debug', 'info', 'warn', 'error'], 'expected debug, info, warn or error').default('info'),
      format: z.enum(['auto', 'text', 'json'], 'expected auto, text or json').default('auto'),
    })
    .prefault({}),
});

export type Config = z.infer<typeof configSchema>;

const loopback = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1|localhost)$/;

/** True for an address that only this machine can reach. */
export function isLoopback(address: string): boolean {
  return loopback.test(address);
}
