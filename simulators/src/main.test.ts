import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBroker, type TestBroker } from './testing/broker.ts';

const program = fileURLToPath(new URL('./main.ts', import.meta.url));

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.close());

function run(...args: string[]) {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TELLTALE_TOKEN: '' },
  });
  const printed = Promise.all([text(child.stdout!), text(child.stderr!)]);
  const ended = Promise.all([once(child, 'close'), printed]).then(([[status], [stdout, stderr]]) => {
    return { status: status as number | null, stdout, stderr };
  });
  return { child, ended };
}

const address = () => `mqtt://127.0.0.1:${broker.line.port}`;

test('help comes with examples', async () => {
  const { status, stdout } = await run('--help').ended;
  expect(status).toBe(0);
  expect(stdout).toContain('Examples:');
  expect(stdout).toContain('goes away for 40 s every two or three minutes');
});

test.each([
  [
    ['--devices', 'many', '--open'],
    78,
    /^option '--devices <count>' argument 'many' is invalid\. Expected a whole number/,
  ],
  [[], 78, /^A token is needed to register devices/],
  [
    ['--open', '--mqtt', 'mqtt://127.0.0.1:1'],
    1,
    /^Cannot connect the first device to mqtt:\/\/127\.0\.0\.1:1: nothing/,
  ],
  [
    ['--token', 't', '--http', 'http://127.0.0.1:2'],
    1,
    /^Cannot reach the gateway at http:\/\/127\.0\.0\.1:2: nothing/,
  ],
])('%j ends with one sentence and status %i', async (args, expected, sentence) => {
  const { status, stdout, stderr } = await run(...args).ended;
  expect(stderr).toMatch(sentence);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(status).toBe(expected);
});

test('it ends after its time, with a summary', async () => {
  const args = ['--open', '--mqtt', address(), '--devices', '5', '--interval', '50', '--duration', '0.5'];
  const { status, stdout, stderr } = await run(...args, '--prefix', 'time-').ended;
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^Ran for \d+ s: \d+ messages sent, \d+ acknowledged, 0 not, 0 readings dropped/);
  expect(status).toBe(0);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s says offline for every device and ends with 0', async signal => {
  const prefix = `${signal}-`;
  const { child, ended } = run('--open', '--mqtt', address(), '--kinds', 'pump=3', '--prefix', prefix, '--quiet');
  await broker.until(({ topic }) => topic === `devices/${prefix}pump-3/telemetry`);
  child.kill(signal);
  const { status, stdout } = await ended;
  expect(status).toBe(0);
  expect(stdout).toContain('0 not,');
  const goodbyes = broker.heard.filter(
    ({ topic, payload }) => topic.startsWith(`devices/${prefix}`) && payload === 'offline',
  );
  expect(goodbyes.map(message => message.clientId).sort()).toEqual([1, 2, 3].map(n => `${prefix}pump-${n}`));
});
