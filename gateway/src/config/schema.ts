// Every key of the configuration, with its default and what it accepts. The one schema serves validation, the
// reference in config/gateway.yaml (a test compares them) and the type.
import { z } from 'zod';
import { limits, untypedRules } from '../contract/index.ts';
import { isAddressOrRange } from '../lib/forwarded.ts';
import { configuredTypes } from './command-types.ts';

const port = z.int('expected a port from 0 to 65535').min(0).max(65_535);
const host = z.string().min(1, 'expected an address to listen on');
const proxy = z.string().refine(isAddressOrRange, 'expected an address or a range, such as 127.0.0.1 or 10.0.0.0/8');

/** A host name in lower case, as a browser sends it. */
const hostName = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Path of a PEM file. */
const pem = z.string('expected the path of a PEM file').min(1).nullable().default(null);
const said = z.boolean('expected true or false').default(false);

const sizeUnits: Record<string, number> = { '': 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** A number of bytes, as a number or as `20GB`. */
const bytes = z.union([z.number(), z.string()]).transform((given, context) => {
  const [, digits, unit] = /^(\d+(?:\.\d+)?) ?(|kB|MB|GB|TB)$/.exec(String(given)) ?? [];
  const size = Number(digits) * (sizeUnits[unit ?? '?'] ?? Number.NaN);
  if (size >= 1) return Math.round(size);
  context.addIssue({ code: 'custom', message: 'expected a number of bytes, or one with kB, MB, GB or TB, as in 20GB' });
  return z.NEVER;
});

const timeUnits: Record<string, number> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  y: 365.25 * 86_400_000,
};

/** A length of time as a number with one of these units, in milliseconds. */
const timeIn = (units: string, expected: string) =>
  z.string().transform((given, context) => {
    const [, digits, unit] = /^(\d+) ?([a-z])$/.exec(given) ?? [];
    const ms = unit !== undefined && units.includes(unit) ? Number(digits) * (timeUnits[unit] ?? Number.NaN) : 0;
    if (ms >= 1) return ms;
    context.addIssue({ code: 'custom', message: `expected a number and ${expected}` });
    return z.NEVER;
  });

const age = timeIn('hdy', 'h, d or y, as in 30d');
const cadence = timeIn('smhd', 's, m, h or d, as in 15m');

/** A topic filter (MQTT 3.1.1, 4.7.1): `+` is a level of its own, `#` the last one. */
const filter = z
  .string()
  .max(256)
  .regex(
    /^(?!$)(?:#|(?:[^+#/]*|\+)(?:\/(?:[^+#/]*|\+))*(?:\/#)?)$/,
    'expected a topic filter such as secret/+ or plant/#',
  );

const patterns = z.string().min(1).max(256).default('*');

export const configSchema = z.strictObject({
  http: z
    .strictObject({
      host: host.default('127.0.0.1'),
      port: port.default(8080),
      origins: z.array(z.url('expected an origin such as https://plant.example')).max(100).default([]),
      trustedProxies: z.array(proxy, 'expected a list, such as [127.0.0.1, 10.0.0.0/8]').max(100).default([]),
      hosts: z.array(z.string().regex(hostName, 'expected a name such as plant.example')).max(100).default([]),
      tls: z.strictObject({ cert: pem, key: pem }).prefault({}),
      plainBeyondLoopback: said,
    })
    .prefault({}),
  mqtt: z
    .strictObject({
      host: host.default('127.0.0.1'),
      port: port.nullable().default(1883),
      connectionsMax: z.int().min(1).max(100_000).default(10_000),
      connectionsPerAddressMax: z.int().min(1).max(100_000).default(5_000),
      unauthenticatedMax: z.int().min(2).max(100_000).default(1_000),
      connectsPerSecondMax: z.int().min(1).max(100_000).default(1_000),
      connectTimeoutMs: z.int().min(100).max(60_000).default(5_000),
      keepAliveSecondsMax: z.int().min(1).max(65_535).default(3_600),
      packetBytesMax: z.int().min(1_024).max(1_048_576).default(limits.mqttPacketBytesMax),
      messagesPerSecondMax: z.int().min(1).max(1_000_000).default(10_000),
      bytesPerSecondMax: bytes.default(4e6),
      sessionExpiry: age.prefault('7d'),
      queueExpiry: age.prefault('1d'),
      queueMessagesMax: z.int().min(1).max(10_000).default(1_000),
      tls: z
        .strictObject({
          host: host.default('127.0.0.1'),
          port: port.default(8883),
          cert: pem,
          key: pem,
          clientCa: pem,
          clientCrl: pem,
          requireClientCert: said,
        })
        .prefault({}),
      plainBeyondLoopback: said,
    })
    .prefault({}),
  ops: z
    .strictObject({
      host: host.default('127.0.0.1'),
      port: port.nullable().default(null),
      plainBeyondLoopback: said,
    })
    .prefault({}),
  store: z
    .strictObject({
      dir: z.string().min(1).default('data'),
      commitIntervalMs: z.number().min(0).max(2_000).default(20),
      synchronous: z.enum(['FULL', 'NORMAL'], 'expected FULL or NORMAL').default('FULL'),
      diskBudget: bytes.nullable().default(null),
      retention: z
        .array(z.strictObject({ device: patterns, metric: patterns, raw: age.optional(), rollups: age.optional() }))
        .max(100)
        .default([]),
      writtenPerDay: bytes.nullable().default(10e9),
      cardEndurance: bytes.default(30e12),
      resumeMs: z.int().min(0).max(86_400_000).default(3_600_000),
      sealReadings: z.int().min(1_000).max(10_000_000).default(1_000_000),
      sealAfterMs: z.int().min(1_000).max(86_400_000).default(3_600_000),
      onDamage: z.enum(['salvage', 'refuse'], 'expected salvage or refuse').default('salvage'),
      checkEveryHours: z.number().min(0).max(8_760).default(24),
    })
    .prefault({}),
  freshness: z
    .array(z.strictObject({ device: patterns, metric: patterns, every: cadence }))
    .max(100)
    .default([]),
  access: z
    .strictObject({
      devices: z.enum(['credentials', 'open'], 'expected credentials or open').default('credentials'),
      deniedFilters: z.array(filter, 'expected a list, such as [secret/+, plant/#]').max(100).default([]),
      adminPassword: z.string().min(12, 'expected at least 12 characters').max(1024).nullable().default(null),
    })
    .prefault({}),
  commands: z
    .strictObject({
      untyped: z.enum(untypedRules, 'expected allow or refuse').default('allow'),
      types: configuredTypes.default([]),
      keep: age.prefault('400d'),
    })
    .prefault({}),
  audit: z.strictObject({ keep: age.prefault('5y') }).prefault({}),
  live: z
    .strictObject({
      heartbeatMs: z.int().min(1_000).max(120_000).default(20_000),
      flushIntervalMs: z.int().min(0).max(60_000).default(40),
      viewersPerUserMax: z.int().min(1).max(10_000).default(250),
      viewersPerAddressMax: z.int().min(1).max(10_000).default(500),
    })
    .prefault({}),
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
