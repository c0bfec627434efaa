import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readOptions } from './options.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'telltale-options-'));
  vi.stubEnv('TELLTALE_TOKEN', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('the defaults are a hundred devices of all kinds on this machine', () => {
  vi.stubEnv('TELLTALE_TOKEN', 'secret');
  expect(readOptions([])).toMatchObject({
    spec: { devices: 100, prefix: 'sim-', seed: 1, intervalMs: 1000, faults: [] },
    line: { protocol: 'mqtt', host: '127.0.0.1', port: 1883 },
    httpUrl: 'http://127.0.0.1:8080',
    token: 'secret',
    durationS: null,
  });
});

test('kinds may have numbers of their own', () => {
  const options = readOptions(['--open', '--kinds', 'pump=2,tank', '--devices', '5']);
  expect(options?.spec).toMatchObject({
    kinds: [
      { kind: 'pump', count: 2 },
      { kind: 'tank', count: null },
    ],
    devices: 5,
  });
});

test('the token comes out of a file without its line end, and --open needs none', () => {
  const file = join(folder, 'token');
  writeFileSync(file, 'from-file\n');
  expect(readOptions(['--token-file', file])?.token).toBe('from-file');
  expect(readOptions(['--open'])?.token).toBeNull();
});

test.each([
  [['--fly'], "unknown option '--fly'"],
  [['--open', '--devices', '0'], 'Expected a whole number from 1 to 100000'],
  [['--open', '--devices', '1e9'], 'Expected a whole number'],
  [['--open', '--interval', ''], 'Expected a whole number'],
  [['--open', '--kinds', 'rocket'], 'Expected kinds out of cold-room'],
  [['--open', '--kinds', 'pump=2', '--devices', '3'], 'contradict each other'],
  [['--open', '--kinds', 'pump=100000,tank'], 'Expected at most 100000 devices, got 100100'],
  [['--open', '--faults', 'gremlin'], 'Expected faults out of drop'],
  [['--open', '--prefix', 'a/b'], 'Expected the beginning of a device id'],
  [['--open', '--mqtt', 'http://here'], 'Expected an address like mqtt://host:port'],
  [['--open', '--http', 'http://here/path'], 'Expected an address like http://host:port'],
  [['--open', '--http', 'http://user:pass@here'], 'Expected an address like http://host:port'],
  [[], 'A token is needed'],
  [['--token-file', '/nowhere/token'], 'The token file cannot be read'],
])('%j is refused in one sentence', (args, sentence) => {
  let failure: unknown;
  try {
    readOptions(args);
  } catch (error) {
    failure = error;
  }
  expect(failure).toMatchObject({ name: 'ExpectedFailure', status: 78, message: expect.stringContaining(sentence) });
  expect((failure as Error).message).not.toContain('\n');
});

test('a token that cannot be one is refused without being shown', () => {
  expect(() => readOptions(['--token', 'top secret'])).toThrow(/^The token cannot be right/);
  expect(() => readOptions(['--token', 'top secret'])).not.toThrow(/top secret/);
});
