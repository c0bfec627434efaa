// config/gateway.yaml is the reference: it has to be what the program does.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { configSchema, loadConfig } from '../src/config/index.ts';
import { newFolder } from './instruments/gateway.ts';

const file = fileURLToPath(new URL('../../config/gateway.yaml', import.meta.url));

const exposed = file.replace('gateway.yaml', 'exposed.yaml');

/** Keys that may be null: taking their value away is no error. */
const nullable = new Set([
  'access.adminPassword',
  'store.diskBudget',
  'store.writtenPerDay',
  'mqtt.port',
  'ops.port',
  ...['cert', 'key'].map(name => `http.tls.${name}`),
  ...['cert', 'key', 'clientCa', 'clientCrl'].map(name => `mqtt.tls.${name}`),
]);

/** All paths of keys, as in `http.port`. */
function keysOf(value: unknown, path = ''): string[] {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) => keysOf(inner, path === '' ? key : `${path}.${key}`));
}

test('[ACC-10] the example for a gateway that others reach listens with TLS alone', () => {
  const { http, mqtt } = loadConfig({ file: exposed, environment: {}, flags: [] });
  expect([http.host, http.plainBeyondLoopback, http.tls.cert !== null]).toEqual(['0.0.0.0', false, true]);
  expect([mqtt.host, mqtt.tls.host, mqtt.tls.cert !== null]).toEqual(['127.0.0.1', '0.0.0.0', true]);
});

test('[RST-3] the reference configuration has every key there is, each with its default', () => {
  const defaults = configSchema.parse({});
  expect(loadConfig({ file, environment: {}, flags: [] })).toEqual(defaults);
  expect(keysOf(defaults).length).toBeGreaterThan(10);
  for (const key of keysOf(defaults)) {
    const changed = { file, environment: {}, flags: [`${key}=`] };
    // Taking the key's value away shows that the file gave it: null is no valid value of most keys.
    if (!nullable.has(key)) expect(() => loadConfig(changed)).toThrow(key);
  }
});

test('[CMD-8] the command type that the reference shows can be taken as it is', () => {
  const example = /^ {2}# {3}- id: pump-speed\n(?: {2}# .*\n)+/m.exec(readFileSync(file, 'utf8'))?.[0] ?? '';
  const own = join(newFolder(), 'own.yaml');
  writeFileSync(own, `commands:\n  types:\n${example.replaceAll(/^ {2}# /gm, '  ')}`);
  const [type] = loadConfig({ file: own, environment: {}, flags: [] }).commands.types;
  expect(type).toMatchObject({ id: 'pump-speed', danger: 'danger', params: { required: ['rpm'] } });
  expect(type?.expect).toMatchObject([{ metric: 'speed', equals: { param: 'rpm' } }]);
});
