import { beforeEach, expect, test } from 'vitest';
import { makeApp } from './fake-ports.fixture.ts';

let ask: ReturnType<typeof makeApp>['ask'];
let asked: unknown[][];
beforeEach(() => {
  ({ ask, asked } = makeApp());
});

const get = async (path: string) => (await ask(`/api/v1${path}`, { as: 'viewer' })).json();

test('storage is told with its parts and what is written', async () => {
  expect(await get('/storage')).toMatchObject({ bytes: { file: 4096, wal: 512 }, written: { perDay: 9.5 } });
});

test('storage by series pages by the store’s own id, which nobody is told as a field', async () => {
  const item = { device: 'a', metric: 't', readings: 5, bytes: 60 };
  expect(await get('/storage/series?limit=1')).toEqual({ items: [item], next: '3' });
  expect(await get('/storage/series?limit=2&cursor=3')).toEqual({ items: [item], next: null });
  expect(asked).toEqual([
    ['series', -1, 1],
    ['series', 3, 2],
  ]);
});

test('[RST-1] a cursor that is none is told', async () => {
  const response = await ask('/api/v1/storage/series?cursor=x', { as: 'viewer' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ where: 'query.cursor', got: '"x"' }] });
});

test('the OpenAPI document has voids, storage, and gaps in both forms of history', async () => {
  const document = (await (await ask('/api/v1/openapi.json')).json()) as {
    paths: Record<string, Record<string, { responses: object }>>;
    components: { schemas: Record<string, { properties?: object; required?: string[] }> };
  };
  const answers = (method: string, path: string) => Object.keys(document.paths[path]?.[method]?.responses ?? {});
  expect(answers('post', '/voids')).toEqual(['201', '404']);
  expect(answers('get', '/voids')).toEqual(['200']);
  expect(answers('post', '/voids/{id}/restore')).toEqual(['200', '404', '422']);
  expect(answers('get', '/storage')).toEqual(['200']);
  expect(answers('get', '/storage/series')).toEqual(['200']);
  const { schemas } = document.components;
  for (const name of ['Readings', 'Buckets']) {
    expect(schemas[name]?.required).toEqual(expect.arrayContaining(['gaps', 'voids']));
  }
  expect(schemas.VoidRequest?.required).toEqual(['device', 'metric', 'from', 'to', 'reason']);
  expect(Object.keys(schemas)).toEqual(expect.arrayContaining(['Void', 'Voids', 'RestoreRequest', 'Storage']));
});
