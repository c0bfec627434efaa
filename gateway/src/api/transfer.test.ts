import { expect, test } from 'vitest';
import { limits } from '../contract/index.ts';
import { fakePorts, makeApp } from './fake-ports.fixture.ts';

const csv = { 'Content-Type': 'text/csv; charset=utf-8' };

test('an import may be larger than any other body, and is handed on as a stream', async () => {
  const fakes = fakePorts();
  const { ask, asked } = makeApp(fakes);
  const body = 'x'.repeat(limits.requestBodyBytesMax * 4);
  const response = await ask('/api/v1/import', { method: 'POST', as: 'administrator', headers: csv, body });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ readings: 1, refused: 0, errors: [], devicesCreated: 0 });
  expect(asked).toContainEqual(['import', 'csv', body.length]);
});

test('an import is refused where its type is none of the two, it has no body, or the role is another', async () => {
  const { ask, asked } = makeApp();
  const send = (as: 'administrator' | 'operator', headers: Record<string, string>, body?: string) =>
    ask('/api/v1/import', { method: 'POST', as, headers, body });
  // A word that every object knows is no format either.
  expect((await send('administrator', { 'Content-Type': 'constructor' }, '{}')).status).toBe(400);
  const type = await send('administrator', { 'Content-Type': 'application/json' }, '{}');
  expect(await type.json()).toMatchObject({
    status: 400,
    detail: 'expected Content-Type text/csv or application/x-ndjson, got application/json',
  });
  expect((await send('administrator', csv)).status).toBe(400);
  expect((await send('operator', csv, 'x')).status).toBe(403);
  expect(asked).toEqual([]);
});

test('an export is a file of the form that was asked for', async () => {
  const { ask, asked } = makeApp();
  const response = await ask('/api/v1/export?device=a*&from=5&to=2025-01-01&format=ndjson', { as: 'viewer' });
  expect(response.headers.get('Content-Type')).toBe('application/x-ndjson');
  expect(response.headers.get('Content-Disposition')).toBe('attachment; filename="readings.ndjson"');
  await response.text();
  const to = Date.UTC(2025, 0, 1);
  expect(asked).toContainEqual(['export', { format: 'ndjson', device: 'a*', metric: '*', from: 5, to }]);
  expect((await ask('/api/v1/export')).status).toBe(401);
});

test('both are in the OpenAPI document', async () => {
  const { paths } = (await (await makeApp().ask('/api/v1/openapi.json')).json()) as {
    paths: Record<string, { post?: { requestBody: { content: object } }; get?: { parameters: { name: string }[] } }>;
  };
  expect(Object.keys(paths['/import']?.post?.requestBody.content ?? {})).toEqual(['text/csv', 'application/x-ndjson']);
  expect(paths['/export']?.get?.parameters.map(({ name }) => name)).toEqual([
    'device',
    'metric',
    'from',
    'to',
    'format',
  ]);
});
