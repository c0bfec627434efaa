import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Screen } from '../screen.ts';
import { parseReadyLine, runGatewayCommand, startGateway } from './gateway-process.ts';
import { plant } from './plant.ts';
import { welcomeText } from './welcome.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'telltale-demo-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that stands in for the gateway. */
function standIn(source: string): string {
  const path = join(folder, `stand-in-${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(path, source);
  return path;
}

function recorder() {
  const lines: string[] = [];
  const screen: Screen = {
    live: false,
    line: text => lines.push(text),
    pass: (_stream, text) => lines.push(`error: ${text.trimEnd()}`),
    status: () => undefined,
  };
  return { lines, screen };
}

describe('the ready line', () => {
  test('names both addresses, in either order and with more beside them', () => {
    const addresses = { http: 'http://127.0.0.1:8080', mqtt: 'mqtt://127.0.0.1:1883' };
    expect(parseReadyLine('ready http://127.0.0.1:8080 mqtt://127.0.0.1:1883')).toEqual(addresses);
    expect(parseReadyLine('ready in 812 ms: mqtt://127.0.0.1:1883 and http://127.0.0.1:8080/')).toEqual(addresses);
  });

  test('other lines are not it', () => {
    expect(parseReadyLine('The administrator is admin, the password hunter2')).toBeNull();
    expect(parseReadyLine('ready')).toBeNull();
    expect(parseReadyLine('already http://a mqtt://b')).toBeNull();
  });
});

describe('the gateway as a child', () => {
  test('its lines are shown, its addresses understood, and SIGTERM ends it', async () => {
    const { lines, screen } = recorder();
    const program = standIn(`
      process.on('SIGTERM', () => process.exit(0));
      console.log('password: once');
      console.error('a warning');
      console.log('ready http://127.0.0.1:1 mqtt://127.0.0.1:2 ' + process.argv.slice(2).join());
      console.log(process.env.TELLTALE_PARENT_PIPE);
      process.stdin.resume();`);
    const gateway = startGateway(program, ['--config', 'x'], screen);
    expect(await gateway.ready).toEqual({ http: 'http://127.0.0.1:1', mqtt: 'mqtt://127.0.0.1:2' });
    await gateway.close();
    expect(await gateway.ended).toBe(0);
    expect([...lines].sort()).toEqual(['1', 'error: a warning', 'password: once']);
  });

  test('one that ends by itself gives its status', async () => {
    const { lines, screen } = recorder();
    const gateway = startGateway(standIn("console.error('The port is taken'); process.exit(78)"), [], screen);
    expect(await gateway.ended).toBe(78);
    expect(lines).toEqual(['error: The port is taken']);
    await gateway.close();
  });

  test('a command gives its last line, and says why it failed', async () => {
    const { signal } = new AbortController();
    const good = standIn("console.log('Made for', process.argv[2]); console.log('tt_secret')");
    expect(await runGatewayCommand(good, ['token'], [], signal)).toBe('tt_secret');
    const bad = standIn("console.log('nothing'); console.error('The store is locked'); process.exit(1)");
    await expect(runGatewayCommand(bad, ['token', 'create'], [], signal)).rejects.toThrow(
      'The gateway\'s command "token create" failed: The store is locked',
    );
  });
});

describe('the plant', () => {
  test('has fifteen devices of at least five kinds: one on a weak link, one slow and one that lies', () => {
    expect(plant).toHaveLength(15);
    expect(new Set(plant.map(device => device.id)).size).toBe(15);
    expect(new Set(plant.map(device => device.kind)).size).toBeGreaterThanOrEqual(5);
    expect(plant.flatMap(device => device.faults).sort()).toEqual(['away', 'liar', 'slow']);
  });
});

test('the welcome has a command that a shell reads as it is meant', () => {
  const welcome = welcomeText({
    devices: 15,
    httpUrl: 'http://127.0.0.1:8080',
    mqttUrl: 'mqtt://127.0.0.1:1883',
    line: { protocol: 'mqtt', host: '127.0.0.1', port: 1883 },
    signInLink: 'http://127.0.0.1:8080/#code=abc',
    own: { id: 'my-device', secret: "it's$1" },
  });
  expect(welcome).toContain(
    "mosquitto_pub -h 127.0.0.1 -p 1883 -u my-device -P 'it'\\''s$1' -i my-device -t devices/my-device/telemetry -q 1 -m '{\"temperature\":21.5}'",
  );
  expect(welcome).toContain('npm run sign-in-link');
});
