// Streams and long polls as far as the API decides on them.
import { expect, test } from 'vitest';
import { createApp } from './app.ts';
import { fakePorts } from './fake-ports.fixture.ts';

test.each(['/stream', '/log'])('[ACC-11] of %s whoever left meanwhile does not become a viewer', async path => {
  const { ports, asked } = fakePorts();
  const pages = { hosts: [], origins: [], hostsOnly: false };
  const app = createApp({ dashboardDir: null, pages, trustedProxies: [] }, ports);
  const ask = (destroyed: boolean) => {
    const outgoing = { destroyed, setHeader: () => {} };
    const init = { headers: { Authorization: 'Bearer viewer' } };
    return app.request(`/api/v1${path}`, init, { incoming: { socket: {} }, outgoing });
  };
  await ask(true);
  expect(asked).toEqual([]);
  await ask(false);
  expect(asked).toHaveLength(1);
});
