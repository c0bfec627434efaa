// From bytes on a socket to history over REST.
import { expect, test } from 'vitest';
import type { DeadLetterPage, HistoryBuckets, HistoryReadings, Latest } from '../src/contract/index.ts';
import { gatewayHere } from './instruments/gateway.ts';
import { packet } from './instruments/mqtt-bytes.ts';
import { publishPacket, types, Wire } from './instruments/mqtt-wire.ts';

const history = (metric: string, more = '') => `/history?device=d1&metric=${metric}&from=0${more}`;

test('[ING-1] a reading is in history when its PUBACK is there', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  expect(await wire.publish('devices/d1/telemetry', '{"ts":1763820000123,"values":{"temperature":21.5}}', 4711)).toBe(
    4711,
  );
  const { readings } = await rest.get<HistoryReadings>(history('temperature'));
  expect(readings).toEqual([[1763820000123, 21.5]]);
});

test('[ING-1] PUBACKs leave in the order of the publishes, whatever each of them was about', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  const payloads = ['{"a":1}', 'not json', '{"a":2}'];
  const packets = Array.from({ length: 60 }, (_, i) =>
    i % 4 === 3
      ? publishPacket('devices/d1/attributes', `{"n":${i}}`, 1, i + 1)
      : publishPacket('devices/d1/telemetry', payloads[i % 3] as string, 1, i + 1),
  );
  wire.send(Buffer.concat(packets));
  const ids: number[] = [];
  for (let i = 0; i < 60; i++) ids.push((await wire.next(types.puback)).body.readUInt16BE(0));
  expect(ids).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
});

test('[ING-1] a QoS 2 publish has its PUBREC after the commit, and the same one again is not a second reading', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  const publish = publishPacket('devices/d1/telemetry', '{"count":1}', 2, 9);
  wire.send(publish);
  await wire.next(types.pubrec);
  expect((await rest.get<HistoryReadings>(history('count'))).readings).toHaveLength(1);
  wire.send(publish);
  await wire.next(types.pubrec);
  wire.send(packet(0x62, Buffer.from([0, 9])));
  await wire.next(types.pubcomp);
  expect((await rest.get<HistoryReadings>(history('count'))).readings).toHaveLength(1);
});

test('[ING-2] a bad payload is acknowledged, and read back from the dead letters with reason and hint', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.publish('devices/d1/telemetry', 'oops', 1);
  await wire.publish('devices/d1/telemetry', '{"list":[1,2]}', 2);
  await wire.publish('devices/d1/telemetri', '{"a":1}', 3);
  await wire.publish('devices/d1/telemetry', Buffer.from([0xff, 0xfe]), 4);
  await wire.publish('devices/d1/telemetry', '{"good":1}', 5);
  const letters = await rest.get<DeadLetterPage>('/dead-letters');
  expect(letters.refused).toBe(4);
  expect(letters.items.map(({ code, payload }) => [code, payload])).toEqual([
    ['payload_not_utf8', '0xfffe'],
    ['topic_unknown', '{"a":1}'],
    ['value_type', '{"list":[1,2]}'],
    ['payload_not_json', 'oops'],
  ]);
  expect(letters.items.at(-1)).toMatchObject({ device: 'd1', topic: 'devices/d1/telemetry', payloadBytes: 4 });
  expect(letters.items.at(-1)?.hint).toContain('expected {"metric":value');
  const latest = await rest.get<Latest>('/devices/d1/latest');
  expect(latest.values.map(({ metric, value }) => [metric, value])).toEqual([['good', 1]]);
});

test('text and booleans are kept beside numbers, nested and plain ones too', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.publish(
    'devices/d1/telemetry',
    '{"door":"open","on":true,"motor":{"rpm":1450,"note":"läuft"},"none":null}',
  );
  await wire.publish('devices/d1/telemetry/level', '12.5');
  const { values } = await rest.get<Latest>('/devices/d1/latest');
  expect(Object.fromEntries(values.map(({ metric, value }) => [metric, value]))).toEqual({
    door: 'open',
    on: true,
    'motor.rpm': 1450,
    'motor.note': 'läuft',
    level: 12.5,
  });
  expect((await rest.get<HistoryReadings>(history('motor.note'))).readings[0]?.[1]).toBe('läuft');
});

test('[ING-4] a late reading goes into history and does not become the latest value', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  const send = (ts: number, value: number) =>
    wire.publish('devices/d1/telemetry', JSON.stringify({ ts, values: { temperature: value } }));
  await send(1763820010000, 2);
  await send(1763820000000, 1);
  await send(1763820010000, 3);
  const { readings } = await rest.get<HistoryReadings>(history('temperature'));
  expect(readings).toEqual([
    [1763820000000, 1],
    [1763820010000, 3],
  ]);
  const { values } = await rest.get<Latest>('/devices/d1/latest');
  expect(values[0]).toMatchObject({ ts: 1763820010000, value: 3, freshness: 'stale' });
});

test('[RST-2] raw readings page without missing or repeating one, and buckets hold exactly their readings', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  const start = 1763820000000;
  const batch = Array.from({ length: 500 }, (_, i) => ({ ts: start + i * 1000, values: { n: i } }));
  await wire.publish('devices/d1/telemetry', JSON.stringify(batch));

  const seen: number[] = [];
  let cursor = '';
  do {
    const page = await rest.get<HistoryReadings>(history('n', `&limit=77${cursor}`));
    seen.push(...page.readings.map(([, value]) => value as number));
    cursor = page.next === null ? '' : `&cursor=${page.next}`;
  } while (cursor !== '');
  expect(seen).toEqual(batch.map((_, i) => i));

  const range = `from=${start}&to=${start + 500_000}`;
  const { buckets, columns } = await rest.get<HistoryBuckets>(`/history?device=d1&metric=n&${range}&interval=1m`);
  expect(columns).toEqual(['start', 'count', 'min', 'max', 'mean', 'first', 'last']);
  expect(buckets[0]).toEqual([start, 60, 0, 59, 29.5, 0, 59]);
  expect(buckets.reduce((sum, [, count]) => sum + count, 0)).toBe(500);
});

test('history as CSV has the same readings, whole, with quoted text', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.publish('devices/d1/telemetry', '{"ts":1763820000000,"values":{"note":"say \\"hi\\", twice"}}');
  const response = await rest.fetch(history('note', '&format=csv'));
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
  expect(await response.text()).toBe(
    'ts,time,value,until,reason\r\n1763820000000,2025-11-22T14:00:00.000Z,"say ""hi"", twice",,\r\n',
  );
});

test('units and facts come from the attributes that a device publishes', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  await wire.publish('devices/d1/attributes', '{"firmware":"1.2","units":{"temperature":"°C"}}');
  await wire.publish('devices/d1/telemetry', '{"temperature":4}');
  const { values } = await rest.get<Latest>('/devices/d1/latest');
  expect(values[0]).toMatchObject({ metric: 'temperature', unit: '°C', value: 4, freshness: 'live' });
  expect(await rest.get('/devices/d1')).toMatchObject({ attributes: { firmware: '1.2', 'units.temperature': '°C' } });
});
