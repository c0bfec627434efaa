import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ConfigError, loadConfig } from './load.ts';
import { isLoopback } from './schema.ts';

const dir = mkdtempSync(join(tmpdir(), 'telltale-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

function fileWith(text: string): string {
  const file = join(dir, 'gateway.yaml');
  writeFileSync(file, text);
  return file;
}

type Given = { yaml?: string; environment?: Record<string, string>; flags?: string[] };

function load({ yaml, environment = {}, flags = [] }: Given) {
  return loadConfig({ file: yaml === undefined ? null : fileWith(yaml), environment, flags });
}

/** The lines of what is wrong, with the folder left out. */
function problems(given: Given): string[] {
  try {
    load(given);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message.replaceAll(`${dir}/`, '').split('\n');
  }
  return [];
}

describe('where the configuration comes from', () => {
  test('[ACC-1] without any, the gateway listens on loopback and lets in devices with credentials alone', () => {
    const config = load({});
    expect([config.http.host, config.mqtt.host]).toEqual(['127.0.0.1', '127.0.0.1']);
    expect(config.access).toEqual({ devices: 'credentials', deniedFilters: [], adminPassword: null });
  });

  test('[RST-3] the environment wins over the file, and a flag over both', () => {
    const yaml = 'http:\n  port: 1001\nmqtt:\n  port: 1002\nstore:\n  dir: from-file\n';
    const environment = { TELLTALE_MQTT__PORT: '2002', TELLTALE_STORE__DIR: 'from-environment' };
    const config = load({ yaml, environment, flags: ['store.dir=from-flag'] });
    expect([config.http.port, config.mqtt.port, config.store.dir]).toEqual([1001, 2002, 'from-flag']);
  });

  test('[RST-3] a double underscore goes one level down, a single one joins words', () => {
    const config = load({ environment: { TELLTALE_STORE__COMMIT_INTERVAL_MS: '7', TELLTALE_LOG__LEVEL: 'debug' } });
    expect([config.store.commitIntervalMs, config.log.level]).toEqual([7, 'debug']);
  });

  test('[LIV-4] cadences are given with a unit, by patterns', () => {
    const yaml = 'freshness:\n  - { metric: "door.*", every: 1h }\n  - { device: a, every: 90s }\n  - { every: 15m }\n';
    expect(load({ yaml }).freshness).toEqual([
      { device: '*', metric: 'door.*', every: 3_600_000 },
      { device: 'a', metric: '*', every: 90_000 },
      { device: '*', metric: '*', every: 900_000 },
    ]);
    for (const every of ['1y', '60', '0s', '1ms']) {
      expect(problems({ flags: [`freshness=[{every: ${every}}]`] })[0], every).toContain('freshness.0.every');
    }
    expect(load({ flags: ['freshness=[{every: 2d}]'] }).freshness[0]?.every).toBe(172_800_000);
  });

  test('[RST-3] a variable that ends in _FILE names the file that holds the value', () => {
    const secret = join(dir, 'password');
    writeFileSync(secret, '00123456789012\n');
    expect(load({ environment: { TELLTALE_ADMIN_PASSWORD_FILE: secret } }).access.adminPassword).toBe('00123456789012');
  });

  test('text from outside means what it would mean in the file; a password stays text', () => {
    const flags = ['http.origins=[https://a.example, https://b.example]', 'access.adminPassword=123456789012'];
    const config = load({ flags });
    expect(config.http.origins).toEqual(['https://a.example', 'https://b.example']);
    expect(config.access.adminPassword).toBe('123456789012');
  });

  test('variables of other programs, and those of the tools beside it, are none of its business', () => {
    expect(problems({ environment: { PATH: '/bin', TELLTALE_TOKEN: 'tt_x', TELLTALE_PARENT_PIPE: '1' } })).toEqual([]);
  });

  test('an empty file is one that changes nothing', () => {
    expect(load({ yaml: '# nothing\n' })).toEqual(load({}));
  });
});

describe('what is wrong', () => {
  test('[RST-3] unknown keys are told with file and line', () => {
    expect(problems({ yaml: 'http:\n  port: 80\n  prot: 81\nhtpp: {}\n' })).toEqual([
      'gateway.yaml:3: there is no key http.prot',
      'gateway.yaml:4: there is no key htpp',
    ]);
  });

  test('[RST-3] wrong values are told with their place, what was expected and what came', () => {
    expect(problems({ yaml: '\nhttp:\n  # the port\n  port: 99999\n' })[0]).toMatch(
      /^gateway\.yaml:4: http\.port: .*65535.*, got 99999$/,
    );
    expect(problems({ environment: { TELLTALE_LOG__LEVEL: 'loud' } })).toEqual([
      'TELLTALE_LOG__LEVEL: log.level: expected debug, info, warn or error, got "loud"',
    ]);
    expect(problems({ flags: ['mqtt.host='] })[0]).toMatch(/^--set mqtt\.host: mqtt\.host: .*got null$/);
  });

  test('[RST-3] a proxy that is neither an address nor a range is told with its place', () => {
    const yaml = 'http:\n  trustedProxies:\n    - 10.0.0.0/8\n    - proxy.example\n    - 10.0.0.0/33\n';
    const expected = 'expected an address or a range, such as 127.0.0.1 or 10.0.0.0/8';
    expect(problems({ yaml })).toEqual([
      `gateway.yaml:4: http.trustedProxies.1: ${expected}, got "proxy.example"`,
      `gateway.yaml:5: http.trustedProxies.2: ${expected}, got "10.0.0.0/33"`,
    ]);
    expect(problems({ flags: ['http.trustedProxies=127.0.0.1'] })).toEqual([
      '--set http.trustedProxies: http.trustedProxies: expected a list, such as [127.0.0.1, 10.0.0.0/8], got "127.0.0.1"',
    ]);
    expect(load({ flags: ['http.trustedProxies=[127.0.0.1, "::1"]'] }).http.trustedProxies).toHaveLength(2);
  });

  test('[RST-3] [CMD-8] command types are read whole, and told all that is wrong with each, with its line', () => {
    const types = `commands:
  types:
    - id: speed
      name: setSpeed
      params:
        type: object
        properties:
          rpm: { type: integer, minimum: high }
    - id: speed
      name: setSpeed
      dangr: danger
    - { id: stop, name: stop, reply: false }
`;
    expect(problems({ yaml: types })).toEqual([
      'gateway.yaml:8: commands.types.0.params.properties.rpm.minimum: expected number, got "high"',
      'gateway.yaml:11: there is no key commands.types.1.dangr',
      'gateway.yaml:12: commands.types.2.expect: expected something with reply: false, for only that tells what became of it, got undefined',
      'gateway.yaml:9: commands.types.1.id: expected an id of its own, got "speed"',
    ]);
    const { commands } = load({ flags: ['commands.types=[{id: a, name: b}]', 'commands.untyped=refuse'] });
    expect(commands).toMatchObject({ untyped: 'refuse', types: [{ id: 'a', name: 'b', source: 'config' }] });
  });

  test('[RST-3] all problems are told at once, wherever they come from', () => {
    const told = problems({
      yaml: 'nonsense: 1\nhttp:\n  port: many\n',
      environment: { TELLTALE_MQTT__PROT: '1' },
      flags: ['log.level', 'store.synchronous=OFF'],
    }).join('\n');
    for (const word of ['nonsense', 'http.port', 'mqtt.prot', '--set log.level', 'store.synchronous']) {
      expect(told).toContain(word);
    }
  });

  test('[RST-3] a file of a variable that is missing is told together with the rest', () => {
    const told = problems({ environment: { TELLTALE_ADMIN_PASSWORD_FILE: '/not/there' }, flags: ['log.level=loud'] });
    expect(told.join('\n')).toMatch(/TELLTALE_ADMIN_PASSWORD_FILE .*\/not\/there: there is no such file/);
    expect(told.join('\n')).toContain('log.level');
  });

  test('[RST-3] what is no YAML is told with its line', () => {
    expect(problems({ yaml: 'http:\n  port: [1\nmqtt: {}\n' })[0]).toMatch(/^gateway\.yaml:\d+: /);
    expect(problems({ yaml: '- a\n- b\n' })).toEqual(['gateway.yaml:1: expected keys such as http: and mqtt:']);
  });

  test.each(['[::1', '@host', '{'])(
    '[RST-3] a flag or variable of %j, which is no YAML, is told with its place',
    text => {
      expect(problems({ flags: [`http.host=${text}`] })[0]).toMatch(/^--set http\.host: /);
      expect(problems({ environment: { TELLTALE_HTTP__HOST: text } })[0]).toMatch(/^TELLTALE_HTTP__HOST: /);
    },
  );

  test('a file that is not there is named', () => {
    expect(() => loadConfig({ file: '/not/there.yaml', environment: {}, flags: [] })).toThrow(
      'cannot read the configuration /not/there.yaml: there is no such file',
    );
  });

  test('[RST-3] __proto__ is an unknown key like any other', () => {
    const told = problems({ flags: ['__proto__.spoiled=1'] });
    const spoiled = Object.hasOwn(Object.prototype, 'spoiled');
    Reflect.deleteProperty(Object.prototype, 'spoiled');
    expect(spoiled).toBe(false);
    expect(told).toHaveLength(1);
  });
});

describe('a password', () => {
  test.each([
    ['a short one in the file', { yaml: 'access:\n  adminPassword: hunter2\n' }],
    ['one of the wrong type', { yaml: 'access:\n  adminPassword: [hunter2]\n' }],
    ['one that YAML takes for an alias', { yaml: 'access:\n  adminPassword: *hunter2\n' }],
    ['one in the environment', { environment: { TELLTALE_ADMIN_PASSWORD: 'hunter2' } }],
    ['one in a flag', { flags: ['access.adminPassword=hunter2'] }],
  ] as [string, Given][])('%s is refused and never repeated', (_what, given) => {
    const told = problems(given).join('\n');
    expect(told).not.toBe('');
    expect(told).not.toContain('hunter2');
  });

  test('of eleven characters is too short, of twelve is not', () => {
    expect(problems({ environment: { TELLTALE_ADMIN_PASSWORD: 'x'.repeat(11) } })).toEqual([
      'TELLTALE_ADMIN_PASSWORD: access.adminPassword: expected at least 12 characters',
    ]);
    expect(problems({ environment: { TELLTALE_ADMIN_PASSWORD: 'x'.repeat(12) } })).toEqual([]);
  });
});

describe('the open profile', () => {
  test.each([
    'mqtt.host=0.0.0.0',
    'http.host=0.0.0.0',
    'mqtt.host=::',
    'http.host=192.168.1.5',
    'mqtt.host=plant.example',
  ])('[ACC-1] is refused with %s', flag => {
    const told = problems({ yaml: 'mqtt: {}\naccess:\n  devices: open\n', flags: [flag] });
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^gateway\.yaml:3: access\.devices: open .*loopback/);
    expect(told[0]).toContain(flag.split('=')[1]);
  });

  test('[ACC-1] alone has denied filters, and each has to be one', () => {
    const set =
      (...flags: string[]) =>
      () =>
        loadConfig({ file: null, environment: {}, flags });
    expect(set('access.devices=open', 'access.deniedFilters=[secret/+, a/#, "#", +/b]')().access.deniedFilters).toEqual(
      ['secret/+', 'a/#', '#', '+/b'],
    );
    expect(set('access.deniedFilters=[a]')).toThrow('only with access.devices: open');
    for (const wrong of ['[a+]', '["a/#/b"]', '["a#"]', '[""]', 'a']) {
      expect(set('access.devices=open', `access.deniedFilters=${wrong}`), wrong).toThrow(/topic filter|list/);
    }
  });

  test('[ACC-1] is taken on loopback', () => {
    expect(problems({ flags: ['access.devices=open', 'mqtt.host=::1', 'http.host=localhost'] })).toEqual([]);
  });

  test('[ACC-1] an address is loopback only where no other machine reaches it', () => {
    expect(['127.0.0.1', '127.8.8.8', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true, true]);
    for (const host of ['0.0.0.0', '::', '', '128.0.0.1', 'localhost.example', '127.0.0.1.example', '10.127.0.0.1']) {
      expect(isLoopback(host), host).toBe(false);
    }
  });
});
