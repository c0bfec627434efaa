import { describe, expect, test } from 'vitest';
import { checkTogether } from './checks.ts';
import { configSchema } from './schema.ts';

type Given = Parameters<typeof configSchema.parse>[0];

const problems = (given: Given) =>
  checkTogether(configSchema.parse(given), false).map(({ key, message }) => `${key}: ${message}`);
const pair = { cert: 'cert.pem', key: 'key.pem' };

describe('listeners without TLS', () => {
  test('[ACC-10] are refused beyond loopback, each with what to write instead', () => {
    const [http, mqtt, ops, ...more] = problems({
      http: { host: '0.0.0.0' },
      mqtt: { host: '::' },
      ops: { host: '10.0.0.1', port: 9090 },
    });
    expect(http).toMatch(/^http\.host: 0\.0\.0\.0 .*http\.tls\.cert.*say http\.plainBeyondLoopback: true$/);
    expect(mqtt).toMatch(/^mqtt\.host: :: .*mqtt\.tls\.host.*say mqtt\.plainBeyondLoopback: true$/);
    expect(ops).toMatch(/^ops\.host: 10\.0\.0\.1 .*say ops\.plainBeyondLoopback: true$/);
    expect(more).toEqual([]);
  });

  test('[ACC-10] are taken beyond loopback where somebody said so', () => {
    const said = { host: '0.0.0.0', port: 1, plainBeyondLoopback: true };
    expect(problems({ http: said, mqtt: said, ops: said })).toEqual([]);
  });

  test('[ACC-10] a certificate makes the difference for HTTP; MQTT has another listener for it', () => {
    expect(problems({ http: { host: '0.0.0.0', tls: pair } })).toEqual([]);
    expect(problems({ mqtt: { tls: { ...pair, host: '0.0.0.0' } } })).toEqual([]);
    expect(problems({ mqtt: { host: '0.0.0.0', tls: pair } })).toHaveLength(1);
    expect(problems({ mqtt: { host: '0.0.0.0', port: null } })).toEqual([]);
  });

  test('[ACC-1] the open profile is for loopback with a certificate, too', () => {
    const open = { access: { devices: 'open' } };
    expect(problems({ ...open, mqtt: { tls: { ...pair, host: '0.0.0.0' } } })).toHaveLength(1);
    expect(problems({ ...open, http: { host: '0.0.0.0', tls: pair } })).toHaveLength(1);
    expect(problems({ ...open, mqtt: { tls: pair }, http: { tls: pair } })).toEqual([]);
  });
});

describe('keys that mean nothing alone', () => {
  test.each([
    [{ http: { tls: { cert: 'c' } } }, 'http.tls.cert: means nothing without http.tls.key'],
    [{ http: { tls: { key: 'k' } } }, 'http.tls.key: means nothing without http.tls.cert'],
    [{ mqtt: { tls: { cert: 'c' } } }, 'mqtt.tls.cert: means nothing without mqtt.tls.key'],
    [{ mqtt: { tls: { clientCa: 'a' } } }, 'mqtt.tls.clientCa: means nothing without mqtt.tls.cert'],
    [{ mqtt: { tls: { ...pair, clientCrl: 'l' } } }, 'mqtt.tls.clientCrl: means nothing without mqtt.tls.clientCa'],
    [
      { mqtt: { tls: { ...pair, requireClientCert: true } } },
      'mqtt.tls.requireClientCert: means nothing without mqtt.tls.clientCa',
    ],
  ] as [Given, string][])('[ACC-10] %j', (given, problem) => {
    expect(problems(given)).toEqual([problem]);
  });
});
