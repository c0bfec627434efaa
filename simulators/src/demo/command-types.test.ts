import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { simulatedTypes } from '../models/command-types.ts';
import { addCommandTypes } from './command-types.ts';

/** A server that has these types, or none at all, and remembers what was put. */
async function serve(ids: string[] | null, putStatus = 200) {
  const put = new Map<string, unknown>();
  const server = createServer(async (request, response) => {
    const path = request.url?.replace('/api/v1/command-types', '') ?? '';
    let status = ids === null ? 404 : 200;
    if (request.method === 'PUT') {
      put.set(path.slice(1), await json(request));
      status = putStatus;
    }
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(status === 200 ? { items: (ids ?? []).map(id => ({ id })), next: null } : {}));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { put, setup: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'the-token' } };
}

test('the types that are not there are made, the others are left as they are', async () => {
  const { put, setup } = await serve(['pump-stop', 'somebody-elses']);
  expect(await addCommandTypes(setup, simulatedTypes)).toBe(simulatedTypes.length - 1);
  expect(put.has('pump-stop')).toBe(false);
  const { id: _id, ...type } = simulatedTypes.find(({ id }) => id === 'cold-room-target')!;
  expect(put.get('cold-room-target')).toEqual(type);
});

test('a gateway without command types is left alone', async () => {
  const { put, setup } = await serve(null);
  expect(await addCommandTypes(setup, simulatedTypes)).toBe(0);
  expect(put.size).toBe(0);
});

test('what the gateway does not take is said in one sentence', async () => {
  const { setup } = await serve([], 422);
  await expect(addCommandTypes(setup, simulatedTypes)).rejects.toThrow(
    'Making the command type cold-room-target failed: expected 200, the gateway answered 422',
  );
});
