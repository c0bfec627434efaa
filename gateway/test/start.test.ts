// What a person sees who starts the program, rightly and wrongly.
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { gatewayProgram, newFolder, runProgram } from './instruments/gateway.ts';

const ports = ['--set', 'http.port=0', '--set', 'mqtt.port=0'];

test('a port that is taken: one sentence and status 1', async () => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  for (const key of ['http.port', 'mqtt.port']) {
    const { status, err } = await runProgram('--set', `store.dir=${newFolder()}`, ...ports, '--set', `${key}=${port}`);
    expect(status).toBe(1);
    expect(err.trim().split('\n').at(-1)).toBe(
      `telltale: 127.0.0.1:${port} is taken by another program: stop that, or choose another with http.port or mqtt.port`,
    );
    expect(err).not.toContain('    at ');
  }
});

test('[RST-3] a configuration that cannot be read or understood: all problems with file and line, and status 78', async () => {
  const missing = await runProgram('--config', '/nowhere/gateway.yaml');
  expect(missing).toMatchObject({
    status: 78,
    err: 'telltale: cannot read the configuration /nowhere/gateway.yaml: there is no such file\n',
  });
  const file = join(newFolder(), 'gateway.yaml');
  writeFileSync(file, 'http:\n  port: eighty\nmqqt:\n  port: 1\nstore:\n  commitIntervalMs: -1\n');
  const { status, err } = await runProgram('--config', file);
  expect(status).toBe(78);
  expect(err).toContain(`${file}:2: http.port:`);
  expect(err).toContain(`${file}:4: there is no key mqqt`);
  expect(err).toContain(`${file}:6: store.commitIntervalMs:`);
  expect(err).not.toContain('    at ');
});

test('a data folder that cannot be used: one sentence and status 1', async () => {
  const file = join(newFolder(), 'a-file');
  writeFileSync(file, '');
  const { status, err } = await runProgram(...ports, '--set', `store.dir=${join(file, 'data')}`);
  expect(status).toBe(1);
  expect(err).toMatch(/^telltale: the data folder .* cannot be used: .*\n$/);
});

test('a data folder that another gateway uses: one sentence and status 1', async () => {
  const dir = newFolder();
  await gatewayProgram(dir);
  const { status, err } = await runProgram(...ports, '--set', `store.dir=${dir}`);
  expect(status).toBe(1);
  expect(err).toBe(`telltale: the data folder ${dir} is in use by another gateway (store.dir)\n`);
});

test('[ACC-1] the open profile is refused where others can reach it, and loud where it is on', async () => {
  const refused = await runProgram('--set', 'access.devices=open', '--set', 'mqtt.host=0.0.0.0');
  expect(refused.status).toBe(78);
  expect(refused.err).toContain('loopback');
});

test('[ACC-1] a sign-in link works once, beside the running gateway', async () => {
  const dir = newFolder();
  const gateway = await gatewayProgram(dir);
  const { out } = await runProgram('sign-in-link', '--set', `store.dir=${dir}`);
  const [, code = ''] = out.trim().split('#code=');
  const signIn = () =>
    fetch(`${gateway.http}/api/v1/session`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ code }),
    });
  const first = await signIn();
  expect(first.status).toBe(200);
  expect(await first.json()).toMatchObject({ user: 'admin', role: 'administrator' });
  expect(await (await signIn()).json()).toMatchObject({ status: 401, code: 'code_spent' });
});

test('a token made beside the running gateway works at once, and one that replaced it ends it', async () => {
  const dir = newFolder();
  const gateway = await gatewayProgram(dir);
  const make = async () =>
    (
      await runProgram('token', 'create', '--role', 'admin', '--name', 'ci', '--replace', '--set', `store.dir=${dir}`)
    ).out.trim();
  const status = async (token: string) =>
    (await fetch(`${gateway.http}/api/v1/devices`, { headers: { Authorization: `Bearer ${token}` } })).status;
  const first = await make();
  const second = await make();
  expect(await status(first)).toBe(401);
  expect(await status(second)).toBe(200);
});
