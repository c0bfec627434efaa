// Freshness as it is seen from outside: the same wherever it is asked for, and the same after a kill.
import { expect, test } from 'vitest';
import type { Freshness, Latest } from '../src/contract/index.ts';
import { gatewayHere, gatewayProgram, newFolder, type Rest } from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';
import { TestViewer } from './instruments/viewer.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** One message of readings of a metric, at these times. */
const readings = (metric: string, times: number[]) =>
  JSON.stringify(times.map(ts => ({ ts, values: { [metric]: 1 } })));
/** So many times before `end`, `everyMs` apart, the last one at `end`. */
const until = (end: number, count: number, everyMs: number) =>
  Array.from({ length: count }, (_, i) => end - (count - 1 - i) * everyMs);

/** Freshness by metric, in the snapshot of a viewer that has just come. */
async function freshnessInSnapshot(http: string, rest: Rest): Promise<Record<string, Freshness>> {
  const viewer = await TestViewer.connect(http, rest.token);
  viewer.send({ t: 'sub', sub: 's' });
  const snap = await viewer.frame('snap', ({ done }) => done);
  const names = new Map(
    viewer.of('def').flatMap(({ series }) => series.map(([index, , metric]) => [index, metric] as const)),
  );
  return Object.fromEntries(snap.rows.map(([index, , , freshness]) => [names.get(index), freshness]));
}

test('[LIV-4] REST, CSV and the snapshot of the live stream say the same', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd1', secret: await rest.device('d1') });
  const now = Date.now();
  await wire.publish('devices/d1/attributes', '{"units":{"announced":"V","late":"°C"}}');
  const ages = { live: 0, late: 4 * minute, stale: 10 * minute };
  for (const [metric, age] of Object.entries(ages)) {
    await wire.publish('devices/d1/telemetry', readings(metric, [now - age]));
  }
  const expected = { announced: 'never', live: 'live', late: 'late', stale: 'stale' };

  const { values } = await rest.get<Latest>('/devices/d1/latest');
  expect(Object.fromEntries(values.map(({ metric, freshness }) => [metric, freshness]))).toEqual(expected);
  expect(values[0]).toMatchObject({ metric: 'announced', unit: 'V', ts: null, value: null, receivedAt: null });

  const csv = await (await rest.fetch('/devices/d1/latest?format=csv')).text();
  const time = (age: number) => `${now - age},${new Date(now - age).toISOString()}`;
  expect(csv.split('\r\n')).toEqual([
    'metric,unit,ts,time,value,freshness,cadence_ms',
    '"announced","V",,,,never,',
    `"late","°C",${time(ages.late)},1,late,`,
    `"live",,${time(ages.live)},1,live,`,
    `"stale",,${time(ages.stale)},1,stale,`,
    '',
  ]);

  expect(await freshnessInSnapshot(http, rest)).toEqual(expected);
});

test('[LIV-4] [STO-1] cadence and freshness are after SIGKILL what they were: from the checkpoint, and from the log', async () => {
  const dir = newFolder();
  const set = ['freshness=[{ metric: door, every: 1h }]'];
  const first = await gatewayProgram(dir, set);
  const secret = await first.rest.device('d1');
  const wire = await Wire.connect(first.mqttPort, { user: 'd1', secret });
  const now = Date.now();
  await wire.publish('devices/d1/telemetry', readings('door', [now - hour]));
  await wire.publish('devices/d1/telemetry', readings('quick', until(now - hour, 60, second)));
  const ends = until(now - 20 * minute, 6, 20 * minute);
  const bursts = ends.flatMap(end => until(end, 5, 10));
  await wire.publish('devices/d1/telemetry', readings('bursts', bursts.slice(0, -5)));
  await wire.publish('devices/d1/telemetry', readings('slow', until(now, 12, 10 * minute)));
  // Whoever closes writes a checkpoint; what comes after it has to be in the log.
  expect(await first.kill('SIGTERM')).toBe(0);

  const again = await gatewayProgram(dir, set);
  const back = await Wire.connect(again.mqttPort, { user: 'd1', secret });
  await back.publish('devices/d1/telemetry', readings('bursts', bursts.slice(-5)));
  await back.publish('devices/d1/telemetry', readings('slow', [Date.now()]));
  const before = await again.rest.get<Latest>('/devices/d1/latest');
  const expected = [
    { metric: 'bursts', cadenceMs: 20 * minute - 40, freshness: 'live' },
    { metric: 'door', cadenceMs: hour, freshness: 'live' },
    { metric: 'quick', cadenceMs: second, freshness: 'stale' },
    { metric: 'slow', cadenceMs: 10 * minute, freshness: 'live' },
  ];
  expect(before.values).toMatchObject(expected);
  await again.kill('SIGKILL');

  const third = await gatewayProgram(dir, set);
  const { values } = await third.rest.get<Latest>('/devices/d1/latest');
  expect(values).toEqual(before.values);
  expect(await freshnessInSnapshot(third.http, third.rest)).toEqual(
    Object.fromEntries(expected.map(({ metric, freshness }) => [metric, freshness])),
  );
});
