// The first promise, proved by breaking: an acknowledged reading is never lost.
import { expect, test } from 'vitest';
import type { HistoryReadings } from '../src/contract/index.ts';
import { gatewayProgram, newFolder } from './instruments/gateway.ts';
import { publishPacket, types, Wire } from './instruments/mqtt-wire.ts';

const devices = ['k1', 'k2', 'k3'];
const start = 1763820000000;
const rounds = 4;

/** Publishes numbered readings, many in flight, until the connection breaks; returns the numbers acknowledged. */
async function publishUntilKilled(wire: Wire, device: string, first: number, enough: () => void): Promise<number[]> {
  const acknowledged: number[] = [];
  let next = first;
  const sent = new Map<number, number>();
  const send = () => {
    const id = (next % 60_000) + 1;
    sent.set(id, next);
    wire.send(publishPacket(`devices/${device}/telemetry`, `{"ts":${start + next},"values":{"n":${next}}}`, 1, id));
    next++;
  };
  for (let i = 0; i < 200; i++) send();
  try {
    for (;;) {
      const id = (await wire.next(types.puback)).body.readUInt16BE(0);
      acknowledged.push(sent.get(id) as number);
      if (acknowledged.length === 1_500) enough();
      send();
    }
  } catch {
    return acknowledged;
  }
}

async function allReadings(rest: { get<Body>(path: string): Promise<Body> }, device: string): Promise<number[]> {
  const values: number[] = [];
  let cursor = '';
  do {
    const page = await rest.get<HistoryReadings>(`/history?device=${device}&metric=n&from=0&limit=10000${cursor}`);
    for (const [ts, value] of page.readings) {
      expect(ts).toBe(start + (value as number));
      values.push(value as number);
    }
    cursor = page.next === null ? '' : `&cursor=${page.next}`;
  } while (cursor !== '');
  return values;
}

test('[ING-1] [STO-1] SIGKILL under load, several times: every acknowledged reading is in history, and none twice', async () => {
  const dir = newFolder();
  const secrets = new Map<string, string>();
  const acknowledged = new Map<string, number[]>(devices.map(device => [device, []]));

  for (let round = 0; round < rounds; round++) {
    const gateway = await gatewayProgram(dir);
    if (round === 0) for (const device of devices) secrets.set(device, await gateway.rest.device(device));
    let busy = devices.length;
    let allBusy: () => void = () => {};
    const enough = new Promise<void>(resolve => {
      allBusy = resolve;
    });
    const work = devices.map(async device => {
      const wire = await Wire.connect(gateway.mqttPort, { user: device, secret: secrets.get(device), id: device });
      const numbers = await publishUntilKilled(wire, device, round * 1_000_000, () => {
        if (--busy === 0) allBusy();
      });
      acknowledged.get(device)?.push(...numbers);
    });
    await enough;
    await gateway.kill('SIGKILL');
    await Promise.all(work);
  }

  const gateway = await gatewayProgram(dir);
  for (const device of devices) {
    const stored = await allReadings(gateway.rest, device);
    const expected = acknowledged.get(device) ?? [];
    expect(expected.length).toBeGreaterThanOrEqual(rounds * 1_500);
    const kept = new Set(stored);
    expect(kept.size).toBe(stored.length);
    expect(expected.filter(number => !kept.has(number))).toEqual([]);
  }
}, 120_000);

test('[STO-1] a start after SIGKILL has the same epoch, the latest values, and offsets without holes', async () => {
  const dir = newFolder();
  const first = await gatewayProgram(dir);
  const secret = await first.rest.device('d1');
  const wire = await Wire.connect(first.mqttPort, { user: 'd1', secret });
  await wire.publish('devices/d1/telemetry', '{"temperature":5}');
  await first.kill('SIGKILL');
  const second = await gatewayProgram(dir);
  expect(await second.rest.get('/devices/d1/latest')).toMatchObject({
    presence: { state: 'offline', cause: 'restart' },
    values: [{ metric: 'temperature', value: 5 }],
  });
});

test('SIGTERM commits and acknowledges what was taken in, and ends with status 0', async () => {
  const dir = newFolder();
  const gateway = await gatewayProgram(dir, ['store.commitIntervalMs=500']);
  const wire = await Wire.connect(gateway.mqttPort, { user: 'd1', secret: await gateway.rest.device('d1') });
  await wire.publish('devices/d1/telemetry', '{"n":0}', 1);
  // The first commit was a moment ago, so that this one waits for half a second.
  const last = wire.publish('devices/d1/telemetry', '{"n":1}', 2);
  await gateway.rest.get('/devices');
  expect(await gateway.kill('SIGTERM')).toBe(0);
  expect(await last).toBe(2);
});
