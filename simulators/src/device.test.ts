import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Body } from './body.ts';
import { Device, type DeviceSetup } from './device.ts';
import type { Fault } from './faults/fault.ts';
import { faults } from './faults/names.ts';
import type { Kind } from './models/kinds.ts';
import { kinds } from './models/kinds.ts';
import { Random } from './random.ts';
import { startBroker, type TestBroker } from './testing/broker.ts';
import { createTotals, type Totals } from './totals.ts';

let broker: TestBroker;
let totals: Totals;
let devices: Device[] = [];

beforeEach(async () => {
  broker = await startBroker();
  totals = createTotals(1);
  devices = [];
});
afterEach(async () => {
  await Promise.all(devices.map(device => device.close(500)));
  await broker.close();
});

const quiet = { online: () => undefined, refused: () => undefined, failed: () => undefined };

function start(kind: Kind, intervalMs: number, faults: Fault[] = [], more: Partial<DeviceSetup> = {}): Device {
  const random = new Random(1, 'd1');
  const model = kinds[kind]({ random: new Random(1, 'd1', 'model'), secondOfDay: 0, intervalMs });
  const device = new Device({
    id: 'd1',
    secret: 'secret',
    serial: 'TT-1',
    line: broker.line,
    body: new Body(model, faults, intervalMs),
    random,
    outboxReadingsMax: 1000,
    totals,
    watch: quiet,
    ...more,
  });
  devices.push(device);
  return device;
}

const telemetry = () => broker.heard.filter(message => message.topic === 'devices/d1/telemetry');
const readings = () =>
  telemetry().flatMap(message => {
    const body = JSON.parse(message.payload) as { ts: number; values: Record<string, unknown> };
    return Array.isArray(body) ? (body as (typeof body)[]) : [body];
  });
const order = (name: string, params: unknown = {}, expiresAt = Date.now() + 30_000) =>
  JSON.stringify({ name, params, expiresAt });

/** Sends a command as soon as the device listens, and gives the answer. */
async function send(id: string, payload: string): Promise<unknown> {
  await broker.publish(`devices/d1/commands/${id}`, payload);
  const { payload: answer } = await broker.until(message => message.topic === `devices/d1/commands/${id}/result`);
  return JSON.parse(answer);
}

/** Waits until the device has sent `count` messages of telemetry; by then it has subscribed. */
async function settled(count: number): Promise<void> {
  await broker.until(() => telemetry().length >= count);
}

describe('a device on its line', () => {
  test('says that it is online, describes itself once, and sends its readings', async () => {
    start('cold-room', 20);
    await settled(5);
    const online = broker.heard.find(message => message.topic === 'devices/d1/status');
    expect(online).toMatchObject({ payload: 'online', retain: true });
    const described = broker.heard.filter(message => message.topic === 'devices/d1/attributes');
    expect(described).toHaveLength(1);
    expect(JSON.parse(described[0]!.payload)).toMatchObject({
      model: 'FrostLine CR-20',
      serial: 'TT-1',
      commands: 'setTarget {value}, defrost',
      units: { temperature: '°C' },
    });
    const times = readings().map(reading => reading.ts);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(Math.abs(Date.now() - times.at(-1)!)).toBeLessThan(5_000);
    expect(readings()[0]!.values).toHaveProperty('temperature');
    await expect.poll(() => totals.acknowledged).toBeGreaterThanOrEqual(5);
  });

  test('carries out a command and shows what it did; a repeat is answered the same and not carried out', async () => {
    start('power-meter', 60_000);
    await broker.until(message => message.topic === 'devices/d1/attributes');
    await expect.poll(() => totals.inFlight).toBe(0);
    const first = await send('c1', order('resetEnergy'));
    expect(first).toEqual({ ok: true, result: { before: expect.any(Number) } });
    // What has flowed since is a watt hour or two, and was thousands before.
    await expect.poll(() => readings().at(-1)?.values.energy).toBeLessThan(0.01);
    await broker.publish('devices/d1/commands/c1', order('resetEnergy'));
    await expect.poll(() => totals.commandsRepeated).toBe(1);
    const answers = () => broker.heard.filter(message => message.topic.endsWith('/c1/result'));
    await expect.poll(() => answers().length).toBe(2);
    expect(answers()[1]!.payload).toBe(answers()[0]!.payload);
    expect(totals.commandsAnswered).toBe(1);
  });

  test('answers an expired command without carrying it out', async () => {
    start('cold-room', 20);
    await settled(3);
    const before = readings().at(-1)!.values.target;
    expect(await send('c2', order('setTarget', { value: -9 }, Date.now() - 50))).toEqual({
      ok: false,
      error: expect.stringContaining('expired'),
    });
    await settled(telemetry().length + 3);
    expect(readings().at(-1)!.values.target).toBe(before);
  });

  test('reports as often as it is told to from the command on', async () => {
    start('weather-station', 60_000);
    await broker.until(message => message.topic === 'devices/d1/attributes');
    await expect.poll(() => totals.inFlight).toBe(0);
    expect(await send('c3', order('setInterval', { ms: 200 }))).toMatchObject({ ok: true });
    await settled(3);
  });
});

describe('a line that breaks', () => {
  test('readings of the time away arrive afterwards with their own times, none missing', async () => {
    start('pump', 10);
    await settled(5);
    broker.cutAll();
    await broker.untilConnects(2);
    const cutEnd = Date.now();
    await broker.until(message => message.topic === 'devices/d1/telemetry' && message.payload.startsWith('['));
    await settled(telemetry().length + 5);
    const times = [...new Set(readings().map(reading => reading.ts))].sort((a, b) => a - b);
    const steps = times.slice(1).map((ts, i) => ts - times[i]!);
    expect(Math.max(...steps)).toBeLessThan(400);
    expect(times.filter(ts => ts < cutEnd).length).toBeGreaterThan(20);
    expect(totals).toMatchObject({ reconnects: 1, connected: 1, readingsDropped: 0 });
    expect(broker.heard.some(message => message.topic === 'devices/d1/status' && message.payload === 'offline')).toBe(
      true,
    );
    const online = broker.heard.filter(message => message.payload === 'online');
    expect(online.length).toBeGreaterThanOrEqual(2);
  });

  test('the outbox is bounded, and what had to go is counted', async () => {
    start('pump', 5, [], { outboxReadingsMax: 10 });
    await settled(3);
    broker.cutAll();
    await broker.untilConnects(2);
    expect(totals.readingsDropped).toBeGreaterThan(10);
  });

  test('without acknowledgements it stops sending, and goes on with a batch', async () => {
    start('pump', 5, [], { outboxReadingsMax: 20 });
    await settled(3);
    broker.holdAcks(true);
    // The outbox runs over only after nothing more may be sent.
    await expect.poll(() => totals.readingsDropped).toBeGreaterThan(0);
    expect(totals.inFlight).toBe(16);
    broker.holdAcks(false);
    await broker.until(message => message.topic === 'devices/d1/telemetry' && message.payload.startsWith('['));
  });

  test('a fault can send it away and bring it back', async () => {
    let cuts = 0;
    start('pump', 10, [
      {
        sampled(_nowMs, hands) {
          if (totals.acknowledged < 3 || cuts > 0) return;
          cuts++;
          hands.cut(30);
        },
      },
    ]);
    await broker.untilConnects(2);
    expect(cuts).toBe(1);
  });

  test('a refused device says so, and comes in with another secret', async () => {
    const strict = await startBroker((_id, password) => password === 'right');
    const refused = Promise.withResolvers<string>();
    const watch = { ...quiet, refused: (_device: Device, reason: string) => refused.resolve(reason) };
    const device = start('pump', 1000, [], { line: strict.line, secret: 'wrong', watch });
    expect(await refused.promise).toContain('Bad username or password');
    device.useSecret('right');
    await strict.untilConnects(1);
    expect(totals.refused).toBeGreaterThanOrEqual(1);
    await device.close(500);
    await strict.close();
  });
});

describe('taking its leave', () => {
  test('it sends what waits, says offline and disconnects, all acknowledged', async () => {
    const device = start('tank', 10);
    await settled(3);
    await device.close(2_000);
    const status = broker.heard.filter(message => message.topic === 'devices/d1/status');
    expect(status.map(message => message.payload)).toEqual(['online', 'offline']);
    expect(status[1]).toMatchObject({ retain: true, clientId: 'd1' });
    expect(totals).toMatchObject({ inFlight: 0, connected: 0 });
    expect(totals.acknowledged).toBe(totals.sent);
  });

  test('where the gateway does not answer it goes in time all the same', async () => {
    const device = start('tank', 10);
    await settled(3);
    broker.holdAcks(true);
    const began = performance.now();
    await device.close(300);
    expect(performance.now() - began).toBeLessThan(800);
    expect(totals.connected).toBe(0);
  });

  test('before it ever connected it just goes', async () => {
    const device = start('tank', 10, [], { line: { protocol: 'mqtt', host: '127.0.0.1', port: 1 } });
    await device.close(300);
  });
});

test('a mute device carries out and does not answer', async () => {
  start('cold-room', 20, [faults.mute.create()]);
  await settled(3);
  await broker.publish('devices/d1/commands/c9', order('setTarget', { value: -7 }));
  await broker.until(() => readings().at(-1)?.values.target === -7);
  expect(broker.heard.some(message => message.topic.endsWith('/result'))).toBe(false);
});

/** The messages on one of the device's topics, as what they say. */
const told = (topic: string) =>
  broker.heard.filter(message => message.topic === `devices/d1/${topic}`).map(message => JSON.parse(message.payload));

/** Starts a device that samples once a minute, and waits until it listens. */
async function listening(kind: Kind, conducts: Fault[] = []): Promise<void> {
  start(kind, 60_000, conducts);
  await broker.until(message => message.topic === 'devices/d1/attributes');
  await expect.poll(() => totals.inFlight).toBe(0);
}

describe('what a device was told', () => {
  test('is in a reading that was taken after it, and in its attributes', async () => {
    await listening('cold-room');
    expect(told('attributes')[0]).toMatchObject({ model: 'FrostLine CR-20', target: expect.any(Number) });
    const before = Date.now();
    expect(await send('c1', order('setTarget', { value: -9 }))).toEqual({ ok: true, result: { target: -9 } });
    await broker.until(() => told('attributes').length === 2 && telemetry().length === 1);
    expect(told('attributes')[1]).toEqual({ target: -9 });
    expect(readings()[0]!.values.target).toBe(-9);
    expect(readings()[0]!.ts).toBeGreaterThanOrEqual(before);
  });

  test('what has to move reports while it moves, and then as often as before', async () => {
    await listening('tank');
    await send('c1', order('closeValve'));
    await broker.until(() => readings().at(-1)?.values.valve === 'closed');
    const count = readings().length;
    expect(count).toBeGreaterThan(4);
    expect(told('attributes').at(-1)).toEqual({ valve: 'closed' });
  });

  test('two answers come from one that answers twice', async () => {
    await listening('pump', [faults.twice.create({ random: new Random(1), startMs: 0 })]);
    await broker.publish('devices/d1/commands/c1', order('stop'));
    await broker.until(() => told('commands/c1/result').length === 2);
    expect(told('commands/c1/result')[0]).toEqual(told('commands/c1/result')[1]);
    expect(totals.commandsAnswered).toBe(1);
  });

  test.each([true, false])('one that dies loses its line before it answers; carried out: %s', async carriedOut => {
    let deaths = 0;
    const dying: Fault = {
      conduct: soFar => (++deaths > 1 ? soFar : { ...soFar, dies: { awayMs: 50, carriedOut } }),
    };
    await listening('cold-room', [dying]);
    await broker.publish('devices/d1/commands/c1', order('setTarget', { value: -9 }));
    // The broker has no PUBACK of it and delivers it again: from memory it is answered, or else it is carried out now.
    const answer = await broker.until(message => message.topic === 'devices/d1/commands/c1/result');
    expect(JSON.parse(answer.payload)).toEqual({ ok: true, result: { target: -9 } });
    const back = broker.heard.findLastIndex(message => message.payload === 'online');
    expect(broker.heard.slice(0, back).filter(message => message.payload === 'online')).toHaveLength(1);
    expect(broker.heard.indexOf(answer)).toBeGreaterThan(back);
    expect(totals).toMatchObject(
      carriedOut ? { commandsAnswered: 1, commandsRepeated: 1 } : { commandsAnswered: 2, commandsRepeated: 0 },
    );
    // What it could not tell when it died it tells when it is back.
    await broker.until(() => told('attributes').some(({ target }) => target === -9));
  });
});

describe('desired state', () => {
  const desire = (fields: unknown, version = 7) =>
    broker.publish('devices/d1/desired', JSON.stringify({ version, fields }));

  test('what it knows it takes, and reports what is now', async () => {
    await listening('pump');
    await desire({ targetSpeed: 900, on: false, colour: 'red', constructor: 1 });
    await broker.until(() => told('attributes').length === 2);
    expect(told('attributes')[1]).toEqual({ targetSpeed: 900, on: false });
    await broker.until(() => readings().some(({ values }) => values.targetSpeed === 900));
  });

  test('impossible values are not taken, and what it reports stays what it was', async () => {
    await listening('cold-room');
    const before: number = told('attributes')[0].target;
    for (const target of [99, 'cold', true, null]) await desire({ target });
    await broker.until(() => told('attributes').length === 5);
    expect(told('attributes').slice(1)).toEqual(Array(4).fill({ target: before }));
    for (const payload of [
      'nonsense',
      '[]',
      '{"version":1}',
      '{"fields":{"target":1}}',
      '{"version":1,"fields":[1]}',
    ]) {
      await broker.publish('devices/d1/desired', payload);
    }
    await desire({ target: before + 1 });
    await broker.until(() => told('attributes').length === 6);
    expect(told('attributes')[5]).toEqual({ target: before + 1 });
  });

  test('a liar stays as it is, and its reports say so', async () => {
    await listening('tank', [faults.liar.create()]);
    await desire({ valve: 'closed' });
    await broker.until(() => told('attributes').length === 2);
    expect(told('attributes')[1]).toEqual({ valve: 'open' });
  });

  test('a slow one takes it after a while', async () => {
    await listening('tank', [{ conduct: soFar => ({ ...soFar, beforeMs: 100 }) }]);
    await desire({ valve: 'closed' });
    expect(told('attributes')).toHaveLength(1);
    await broker.until(() => told('attributes').length === 2);
    expect(told('attributes')[1]).toEqual({ valve: 'closed' });
  });
});
