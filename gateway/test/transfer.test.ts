// Files of readings, in and out of real gateways: over REST, and by the command line with and without one.
import { readFileSync, writeFileSync } from 'node:fs';
import { get, request } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Device, HistoryReadings, Latest } from '../src/contract/index.ts';
import {
  gatewayHere,
  gatewayProgram,
  makeToken,
  newFolder,
  Rest,
  runProgram,
  type TestGateway,
} from './instruments/gateway.ts';
import { Wire } from './instruments/mqtt-wire.ts';

const head = 'time,device,metric,value\r\n';
const start = Date.UTC(2025, 0, 1);

type Report = {
  readings: number;
  refused: number;
  errors: { line: number; expected: string; got: string }[];
  devicesCreated: number;
};

type Body = string | AsyncIterable<Uint8Array>;

function post(rest: Rest, body: Body, type = 'text/csv'): Promise<Response> {
  const stream = typeof body === 'string' ? body : ReadableStream.from(body);
  const init = { method: 'POST', body: stream, duplex: 'half', headers: { 'Content-Type': type } };
  return rest.fetch('/import', init as RequestInit);
}

async function importInto(rest: Rest, body: Body, type?: string): Promise<Report> {
  const response = await post(rest, body, type);
  expect(response.status).toBe(200);
  return (await response.json()) as Report;
}

async function exportFrom(rest: Rest, query = ''): Promise<string> {
  const response = await rest.fetch(`/export?${query}`);
  expect(response.status).toBe(200);
  return response.text();
}

/** `count` lines of CSV in chunks, each behind the header by `padding` bytes of a column that nobody reads. */
async function* manyLines(count: number, padding = 0): AsyncGenerator<Uint8Array> {
  yield Buffer.from('time,device,metric,value,note\n');
  const note = 'x'.repeat(padding);
  let text = '';
  for (let i = 0; i < count; i++) {
    text += `${start + i},old-${i % 10},level,${i % 1000}.5,${note}\n`;
    if (text.length < 64 * 1024) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(text);
}

async function metric({ http, rest }: Pick<TestGateway, 'http' | 'rest'>, name: string): Promise<number> {
  const response = await fetch(`${http}/metrics`, { headers: { Authorization: `Bearer ${rest.token}` } });
  const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(await response.text());
  return Number(found?.[1]);
}

const all = [
  '1970-01-01T00:00:00.000Z,a,number,-0\r\n',
  '1970-01-01T00:00:00.001Z,a,number,1e-300\r\n',
  '2025-01-01T00:00:00.000Z,a,number,9007199254740992\r\n',
  '2025-01-01T00:00:00.999Z,a,number,0.30000000000000004\r\n',
  '2025-01-01T00:00:00.000Z,a,text,"true"\r\n',
  '2025-01-01T00:00:01.000Z,a,text,"say ""hi"",\r\nthen 21,5; läuft 🌡"\r\n',
  '2025-01-01T00:00:02.000Z,a,text,""\r\n',
  '2025-01-01T00:00:00.000Z,"b, c",switch,true\r\n',
  '2025-01-01T00:00:01.000Z,"b, c",switch,false\r\n',
];

test('[RST-4] an export, imported into an empty gateway, exports the same bytes; twice is once', async () => {
  const csv = head + all.join('');
  const { rest } = await gatewayHere();
  expect(await importInto(rest, csv)).toEqual({ readings: all.length, refused: 0, errors: [], devicesCreated: 2 });
  expect(await exportFrom(rest)).toBe(csv);
  expect(await importInto(rest, csv)).toMatchObject({ readings: all.length, devicesCreated: 0 });
  expect(await exportFrom(rest)).toBe(csv);

  const lines = await exportFrom(rest, 'format=ndjson');
  expect(lines).toContain('{"ts":"1970-01-01T00:00:00.000Z","device":"a","metric":"number","value":-0}\n');
  const other = await gatewayHere();
  expect(await importInto(other.rest, lines, 'application/x-ndjson')).toMatchObject({ readings: all.length });
  expect(await exportFrom(other.rest, 'format=ndjson')).toBe(lines);
  expect(await exportFrom(other.rest)).toBe(csv);
});

test('an export takes patterns and a range', async () => {
  const { rest } = await gatewayHere();
  await importInto(rest, head + all.join(''));
  expect(await exportFrom(rest, 'device=b*')).toBe(head + all.slice(7).join(''));
  expect(await exportFrom(rest, `metric=t*t&from=${start + 1000}&to=2025-01-01T00:00:02Z`)).toBe(head + all[5]);
  expect(await exportFrom(rest, 'device=nobody')).toBe(head);
  expect((await rest.fetch('/export?from=soon')).status).toBe(400);
});

test('[RST-4] a bad line loses no other line, and is told with its number', async () => {
  const { rest } = await gatewayHere();
  const report = await importInto(rest, `${head}1,d,m,1\r\nsoon,d,m,2\r\n3,d,m,"open\r\n4,d,m,4\r\n`);
  expect(report).toMatchObject({ readings: 2, refused: 2, devicesCreated: 1 });
  expect(report.errors.map(({ line, got }) => [line, got])).toEqual([
    [3, 'soon'],
    [4, '3,d,m,"open'],
  ]);
  const { readings } = await rest.get<HistoryReadings>('/history?device=d&metric=m&from=0');
  expect(readings).toEqual([
    [1000, 1],
    [4000, 4],
  ]);
});

test('an import needs the role administrator, a known type and a header', async () => {
  const { dir, http, rest } = await gatewayHere();
  expect((await post(new Rest(http, makeToken(dir, 'operator')), head)).status).toBe(403);
  expect((await post(rest, '{}', 'application/json')).status).toBe(400);
  const headless = await post(rest, '1,d,m,1\n');
  expect(headless.status).toBe(400);
  expect(await exportFrom(new Rest(http, makeToken(dir, 'viewer')))).toBe(head);
});

test('[ING-4] imported readings are history, and the latest value only where nothing is newer', async () => {
  const { mqttPort, rest } = await gatewayHere();
  const wire = await Wire.connect(mqttPort, { user: 'd', secret: await rest.device('d') });
  await wire.publish('devices/d/telemetry', '{"m":7}');
  await importInto(rest, `${head}2025-01-01,d,m,1\n2025-01-01,d,n,2\n`);
  const { values } = await rest.get<Latest>('/devices/d/latest');
  expect(values.map(({ metric, value }) => [metric, value])).toEqual([
    ['m', 7],
    ['n', 2],
  ]);
});

test('[ING-1] devices get their PUBACKs while a million readings are imported', { timeout: 120_000 }, async () => {
  const gateway = await gatewayProgram(newFolder());
  const { mqttPort, rest } = gateway;
  const wire = await Wire.connect(mqttPort, { user: 'd', secret: await rest.device('d') });
  let isDone = false;
  const importing = importInto(rest, manyLines(1_000_000)).finally(() => {
    isDone = true;
  });
  const waits: number[] = [];
  for (let id = 1; !isDone; id = (id % 60_000) + 1) {
    const sent = performance.now();
    await wire.publish('devices/d/telemetry', `{"count":${id}}`, id);
    waits.push(performance.now() - sent);
  }
  expect(await importing).toMatchObject({ readings: 1_000_000, refused: 0, devicesCreated: 10 });
  waits.sort((a, b) => a - b);
  expect(waits.length).toBeGreaterThan(20);
  // The test's own work of making lines is in these times, too.
  expect(waits[Math.floor(waits.length / 2)]).toBeLessThan(250);
  expect(waits.at(-1)).toBeLessThan(2_000);
});

test('[RST-4] an import of any size takes bounded memory', { timeout: 180_000 }, async () => {
  const gateway = await gatewayProgram(newFolder());
  const memory = () => metric(gateway, 'process_resident_memory_bytes');
  const before = await memory();
  let peak = before;
  let isDone = false;
  const importing = importInto(gateway.rest, manyLines(3_000_000, 150)).finally(() => {
    isDone = true;
  });
  while (!isDone) {
    peak = Math.max(peak, await memory());
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  expect(await importing).toMatchObject({ readings: 3_000_000 });
  // 570 MB went through. What history keeps of the recent past in memory is in this figure.
  expect(peak - before).toBeLessThan(400e6);
});

test('a client that goes away in the middle of an import or an export leaves the gateway well', async () => {
  const gateway = await gatewayHere();
  const { http, rest } = gateway;
  const headers = { Authorization: `Bearer ${rest.token}`, 'Content-Type': 'text/csv' };
  const importing = request(`${http}/api/v1/import`, { method: 'POST', headers });
  const gone = new Promise(resolve => importing.once('close', resolve));
  importing.on('error', () => {});
  for await (const chunk of manyLines(100_000)) importing.write(chunk);
  while ((await metric(gateway, 'telltale_import_readings_total')) < 1_000) {
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  importing.destroy();
  await gone;
  const kept = (await exportFrom(rest)).split('\r\n').length - 2;
  expect(kept).toBeGreaterThanOrEqual(1_000);

  expect(await importInto(rest, manyLines(100_000))).toMatchObject({ readings: 100_000, devicesCreated: 0 });
  await new Promise<void>(resolve => {
    const exporting = get(`${http}/api/v1/export`, { headers }, response => {
      response.once('data', () => exporting.destroy());
      response.once('close', () => resolve());
      response.on('error', () => {});
    });
  });
  expect((await exportFrom(rest)).split('\r\n').length - 2).toBe(100_000);
  await gateway.close();
});

test('[RST-4] the commands import and export, with and without a running gateway', { timeout: 90_000 }, async () => {
  const folder = newFolder();
  const csv = join(folder, 'readings.csv');
  writeFileSync(csv, head + all.join(''));
  const empty = join(folder, 'data');
  const first = await runProgram('import', csv, '--set', `store.dir=${empty}`);
  expect(first).toMatchObject({ status: 0, out: '' });
  expect(first.err).toContain(`${all.length} readings`);
  expect(first.err).toContain('2 new devices, 0 lines refused');
  const lines = join(folder, 'readings.ndjson');
  expect(await runProgram('export', lines, '--set', `store.dir=${empty}`)).toMatchObject({ status: 0 });

  const { dir, httpPort, rest } = await gatewayHere();
  const there = ['--set', `store.dir=${dir}`, '--set', `http.port=${httpPort}`];
  const second = await runProgram('import', lines, ...there);
  expect(second).toMatchObject({ status: 0 });
  expect(second.err).toContain(`${all.length} readings`);
  expect((await runProgram('export', '-', ...there)).out).toBe(readFileSync(csv, 'utf8'));
  expect((await runProgram('export', '-', '--device', 'b*', '--to', '2025-01-01T00:00:01Z', ...there)).out).toBe(
    head + all[7],
  );
  expect((await rest.get<{ items: Device[] }>('/devices')).items).toHaveLength(2);

  writeFileSync(csv, `${head}soon,d,m,1\n2025-01-01,d,m,1\n`);
  const third = await runProgram('import', csv, ...there);
  expect(third.status).toBe(1);
  expect(third.err).toContain('line 2: expected Unix seconds or milliseconds, or ISO 8601');
  expect(third.err).toContain('1 reading in');
  const wrong = await runProgram('import', csv, '--set', `store.dir=${dir}`, '--set', 'http.port=1');
  expect(wrong.status).toBe(1);
  expect(wrong.err).toContain('nothing answers at http://127.0.0.1:1');
});
