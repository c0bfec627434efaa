import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBroker, type TestBroker } from '../testing/broker.ts';

const program = fileURLToPath(new URL('minimal-device.ts', import.meta.url));
let broker: TestBroker;
let child: ChildProcess;

beforeEach(async () => {
  broker = await startBroker((_id, password) => password === 'right');
  const { host, port } = broker.line;
  const env = { ...process.env, TELLTALE_MQTT: `mqtt://${host}:${port}`, DEVICE_ID: 'd1', DEVICE_SECRET: 'right' };
  child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'inherit', 'ignore'] });
});
afterEach(async () => {
  child.kill('SIGKILL');
  await broker.close();
});

const told = (topic: string) => broker.heard.filter(message => message.topic === `devices/d1/${topic}`);
const bodies = (topic: string) => told(topic).map(({ payload }) => JSON.parse(payload));
/** Resolves once so many messages came on a topic, and gives them as what they say. */
async function untilTold(topic: string, count: number) {
  await broker.until(() => told(topic).length >= count);
  return bodies(topic);
}
const desire = (version: number, fields: unknown) =>
  broker.publish('devices/d1/desired', JSON.stringify({ version, fields }));

/** Resolves once it listens: it says what it is after it has asked for its subscriptions. */
const listening = () => untilTold('attributes', 1);

test('it takes desired state, ignores what it does not know or cannot do, and reports what is now', async () => {
  expect((await listening())[0]).toEqual({ model: 'Minimal refrigerator', target: 4 });
  await desire(1, { target: 6, colour: 'red' });
  expect((await untilTold('attributes', 2))[1]).toMatchObject({ target: 6 });
  await desire(2, { target: 99 });
  expect((await untilTold('attributes', 3))[2]).toMatchObject({ target: 6 });
  await broker.until(() => bodies('telemetry').at(-1)?.values.target === 6);
});

test('it says online and leaves a will, is back after a break, and listens again', async () => {
  await listening();
  expect(told('status')[0]).toMatchObject({ payload: 'online', retain: true });
  broker.cutAll();
  await broker.until(message => message.topic === 'devices/d1/status' && message.payload === 'offline');
  await untilTold('attributes', 2);
  await desire(1, { target: 5 });
  expect((await untilTold('attributes', 3)).at(-1)).toMatchObject({ target: 5 });
});

test('a command that comes twice is carried out once, one that comes too late never', async () => {
  await listening();
  const defrost = (id: string, expiresAt: number) =>
    broker.publish(`devices/d1/commands/${id}`, JSON.stringify({ name: 'defrost', params: null, expiresAt }));
  await defrost('c1', Date.now() + 30_000);
  await defrost('c1', Date.now() + 30_000);
  await defrost('c2', Date.now() - 1);
  expect(await untilTold('commands/c1/result', 2)).toEqual(Array(2).fill({ ok: true, result: { defrosts: 1 } }));
  expect(await untilTold('commands/c2/result', 1)).toEqual([{ ok: false, error: 'expired, and not carried out' }]);
  // The readings after it show the effect, and nothing of what was not carried out.
  const readings = bodies('telemetry').length;
  expect((await untilTold('telemetry', readings + 1)).at(-1).values.defrosts).toBe(1);
});

test('the answers that it remembers are bounded: the oldest goes, and nothing else', async () => {
  await listening();
  const command = (id: number) =>
    broker.publish(
      `devices/d1/commands/c${id}`,
      JSON.stringify({ name: 'defrost', params: null, expiresAt: Date.now() + 60_000 }),
    );
  for (let id = 1; id <= 101; id++) await command(id);
  await command(2);
  expect((await untilTold('commands/c2/result', 2))[1]).toEqual({ ok: true, result: { defrosts: 2 } });
  await command(1);
  expect((await untilTold('commands/c1/result', 2))[1]).toEqual({ ok: true, result: { defrosts: 102 } });
});
