// The example for firmware authors, as it stands on their page, against a gateway.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Command, DesiredChange, Device, DeviceState, Latest } from '../src/contract/index.ts';
import { doublingRelay } from './instruments/doubling-relay.ts';
import { type GatewayProgram, gatewayProgram, newFolder, type Rest } from './instruments/gateway.ts';

const path = (name: string) => fileURLToPath(new URL(`../../simulators/${name}`, import.meta.url));
const example = path('src/example/minimal-device.ts');
const patient = { timeout: 20_000, interval: 100 };

/** Switches the device on. */
function run(port: number, secret: string) {
  const child = spawn(process.execPath, [example], {
    // It says why each attempt to connect failed.
    stdio: 'ignore',
    env: { ...process.env, TELLTALE_MQTT: `mqtt://127.0.0.1:${port}`, DEVICE_ID: 'fridge', DEVICE_SECRET: secret },
  });
  const gone = new Promise(resolve => child.once('close', resolve));
  const switchOff = () => {
    child.kill('SIGKILL');
    return gone;
  };
  onTestFinished(async () => void (await switchOff()));
  return switchOff;
}

const latest = async (rest: Rest) =>
  Object.fromEntries(
    (await rest.get<Latest>('/devices/fridge/latest')).values.map(({ metric, value }) => [metric, value]),
  );

/** The command once it has this state. */
async function reached(rest: Rest, { id }: Command, state: string): Promise<Command> {
  await expect.poll(() => rest.get<Command>(`/commands/${id}`), patient).toMatchObject({ state });
  return rest.get<Command>(`/commands/${id}`);
}

test('the code on the page for firmware authors is the program that is tested here', () => {
  const blocks = [...readFileSync(path('FIRMWARE.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ([, code]) => code,
  );
  expect(blocks).toEqual([readFileSync(example, 'utf8')]);
});

test('a device in one page carries out each command once although each comes twice, and reports what is now', async () => {
  const gateway = await gatewayProgram(newFolder());
  const { rest } = gateway;
  const relay = await doublingRelay(() => gateway.mqttPort);
  const secret = await rest.device('fridge');
  const switchOff = run(relay.port, secret);
  await expect.poll(() => latest(rest), patient).toMatchObject({ temperature: 4.5, target: 4, defrosts: 0 });
  expect(await rest.get<Device>('/devices/fridge')).toMatchObject({ presence: { state: 'online' } });

  const send = (name: string, params: unknown = {}) =>
    rest.post<Command>('/devices/fridge/commands', { name, params, ttlMs: 30_000 });
  const first = await reached(rest, await send('defrost'), 'acknowledged');
  const second = await reached(rest, await send('defrost'), 'acknowledged');
  expect([first.result, second.result]).toEqual([{ defrosts: 1 }, { defrosts: 2 }]);
  await reached(rest, await send('setTarget', { value: 6 }), 'acknowledged');
  await expect.poll(() => latest(rest), patient).toMatchObject({ target: 6, defrosts: 2 });
  await expect.poll(() => rest.get<Device>('/devices/fridge'), patient).toMatchObject({ attributes: { target: 6 } });
  expect(await reached(rest, await send('setTarget', { value: 99 }), 'rejected')).toMatchObject({
    error: 'expected value to be a number from 2 to 8',
  });
  expect(relay.doubled).toBe(4);

  await switchOff();
  await expect
    .poll(() => rest.get<Device>('/devices/fridge'), patient)
    .toMatchObject({ presence: { state: 'offline' } });
}, 90_000);

test('what is desired of it while it is off it takes when it is on, and what it cannot take stays a difference', async () => {
  const gateway = await gatewayProgram(newFolder());
  const { rest } = gateway;
  const secret = await rest.device('fridge');
  const desire = async (fields: DesiredChange['fields']) => {
    const init = { method: 'PATCH', headers: { 'If-Match': '*' }, body: JSON.stringify({ fields }) };
    expect((await rest.fetch('/devices/fridge/state/desired', init)).ok).toBe(true);
  };
  const state = () => rest.get<DeviceState>('/devices/fridge/state');
  await desire({ target: 6, colour: 'red' });
  run(gateway.mqttPort, secret);
  await expect
    .poll(state, patient)
    .toMatchObject({ reported: { target: { value: 6 } }, difference: { colour: 'red' } });
  await desire({ target: 99 });
  await desire({ colour: null });
  await desire({ target: 3 });
  await expect.poll(state, patient).toMatchObject({ version: 4, reported: { target: { value: 3 } }, difference: {} });
  await expect.poll(() => latest(rest), patient).toMatchObject({ target: 3, defrosts: 0 });
}, 90_000);

test('what it measures while the gateway is gone it keeps, and the gateway has it afterwards', async () => {
  const dir = newFolder();
  const first = await gatewayProgram(dir);
  let gateway: GatewayProgram | null = first;
  const relay = await doublingRelay(() => gateway?.mqttPort ?? null);
  run(relay.port, await first.rest.device('fridge'));
  await expect.poll(() => latest(first.rest), patient).toMatchObject({ temperature: 4.5 });
  gateway = null;
  await first.kill('SIGKILL');
  const goneFrom = Date.now();
  // It tries once a second, and measures as often.
  await relay.turnedAway(3);
  const goneTo = Date.now();
  const second = await gatewayProgram(dir);
  gateway = second;
  type History = { readings: [number, number][] };
  const measured = async () => {
    const query = `/history?device=fridge&metric=temperature&from=${goneFrom}&to=${goneTo}`;
    return (await second.rest.get<History>(query)).readings.length;
  };
  await expect.poll(measured, patient).toBeGreaterThan(0);
}, 90_000);
