import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { readInvocation } from './arguments.ts';
import { ConfigError } from './load.ts';

const dir = mkdtempSync(join(tmpdir(), 'telltale-arguments-'));
const file = join(dir, 'gateway.yaml');
writeFileSync(file, 'http:\n  port: 1001\n');
afterAll(() => rmSync(dir, { recursive: true }));

const read = (...argv: string[]) => readInvocation(argv, {});

describe('the command line', () => {
  test('without a word runs the gateway with its defaults', () => {
    expect(read()).toMatchObject({ command: 'run', config: { http: { port: 8080 } } });
  });

  test('takes a file, and keys over it, the last of which wins', () => {
    expect(read('-c', file)).toMatchObject({ config: { http: { port: 1001 } } });
    expect(read('--config', file, '-s', 'http.port=1', '--set', 'http.port=2')).toMatchObject({
      config: { http: { port: 2 } },
    });
  });

  test('makes a token with role and name; it lives for ever where no days are given', () => {
    expect(read('token', 'create', '--role', 'admin', '--name', 'export')).toMatchObject({
      command: 'token-create',
      role: 'admin',
      name: 'export',
      days: null,
      devices: [],
      tags: [],
      replace: false,
    });
    const more = read('token', 'create', '--role', 'viewer', '--name', 'x', '--days', '30', '--replace');
    expect(more).toMatchObject({ days: 30, replace: true });
    const few = ['--devices', 'cold-*', '--devices', 'roof', '--tags', 'a'];
    expect(read('token', 'create', '--role', 'viewer', '--name', 'x', ...few)).toMatchObject({
      devices: ['cold-*', 'roof'],
      tags: ['a'],
    });
  });

  test('makes a link for the administrator, or for whom it is told', () => {
    expect(read('sign-in-link')).toMatchObject({ command: 'sign-in-link', user: 'admin' });
    expect(read('sign-in-link', '--user', 'ada')).toMatchObject({ user: 'ada' });
  });

  test('takes the shared flags before a subcommand and behind it', () => {
    const before = read('-c', file, '-s', 'http.host=::1', 'sign-in-link', '-s', 'mqtt.port=3');
    expect(before).toMatchObject({ config: { http: { port: 1001, host: '::1' }, mqtt: { port: 3 } } });
    expect(read('sign-in-link', '-c', file)).toMatchObject({ config: { http: { port: 1001 } } });
  });

  test.each([
    [['--nonsense'], '--nonsense'],
    [['nonsense'], 'nonsense'],
    [['token', 'create', '--name', 'x'], '--role'],
    [['token', 'create', '--role', 'viewer'], '--name'],
    [['-c'], '--config'],
  ])('[RST-3] %j is refused with a sentence that names it', (argv, named) => {
    expect(() => read(...argv)).toThrow(ConfigError);
    expect(() => read(...argv)).toThrow(named);
  });

  test('[RST-3] what is wrong with the configuration is told for every command', () => {
    expect(() => read('sign-in-link', '-s', 'http.prot=1')).toThrow('--set http.prot: there is no key http.prot');
  });

  test('shows help where it is asked for, and does nothing else', () => {
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    try {
      expect(read('--help')).toBeNull();
      expect(String(written.mock.calls[0]?.[0])).toContain('--set <key=value>');
    } finally {
      written.mockRestore();
    }
  });
});
