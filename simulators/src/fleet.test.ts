import { afterEach, expect, test } from 'vitest';
import { openFleet } from './fleet.ts';
import { planFleet } from './fleet-plan.ts';
import { kindNames } from './models/kinds.ts';
import type { Registry } from './registry.ts';
import { openSecrets } from './state-file.ts';
import { type Admits, startBroker, type TestBroker } from './testing/broker.ts';

let broker: TestBroker | null = null;
afterEach(async () => {
  await broker?.close();
  broker = null;
});

const plans = (devices: number) =>
  planFleet({
    kinds: kindNames.map(kind => ({ kind, count: null })),
    devices,
    prefix: 't-',
    seed: 1,
    intervalMs: 50,
    faults: [],
    faultShare: 1,
  });

async function start(admits?: Admits): Promise<TestBroker> {
  broker = await startBroker(admits);
  return broker;
}

/** A registry that knows devices and their secrets in memory. */
function memoryRegistry() {
  const current = new Map<string, string>();
  let made = 0;
  const next = (id: string) => {
    const secret = `${id}-${++made}`;
    current.set(id, secret);
    return secret;
  };
  const registry: Registry = {
    create: async id => (current.has(id) ? null : next(id)),
    renewSecret: async id => next(id),
  };
  return { registry, current };
}

test('a fleet registers, connects with its secrets, and says offline for every device at the end', async () => {
  const { registry, current } = memoryRegistry();
  const { line, untilConnects, heard } = await start((id, password) => current.get(id) === password);
  const secrets = await openSecrets(undefined);
  const fleet = await openFleet({
    plans: plans(21),
    seed: 1,
    line,
    registration: { registry, secrets },
    connectRate: 500,
  });
  await untilConnects(21);
  await expect.poll(() => fleet.totals.connected).toBe(21);
  await fleet.close();
  expect(fleet.totals).toMatchObject({ devices: 21, connected: 0, inFlight: 0, refused: 0 });
  expect(fleet.totals.acknowledged).toBe(fleet.totals.sent);
  expect(heard.filter(message => message.payload === 'offline' && message.retain)).toHaveLength(21);
});

test('a secret that is remembered and out of date is renewed', async () => {
  const { registry, current } = memoryRegistry();
  const { line, untilConnects } = await start((id, password) => current.get(id) === password);
  const secrets = await openSecrets(undefined);
  for (const { id } of plans(2)) {
    await registry.create(id, id);
    secrets.set(id, 'of another day');
  }
  const fleet = await openFleet({
    plans: plans(2),
    seed: 1,
    line,
    registration: { registry, secrets },
    connectRate: 50,
  });
  await untilConnects(2);
  expect(secrets.get('t-cold-room-1')).toBe(current.get('t-cold-room-1'));
  await fleet.close();
});

test('a gateway that admits nobody is said, with the address and exit status 78', async () => {
  const { line } = await start(() => false);
  await expect(openFleet({ plans: plans(3), seed: 1, line, connectRate: 50 })).rejects.toMatchObject({
    status: 78,
    message: expect.stringMatching(/^Cannot connect the first device to mqtt:\/\/127\.0\.0\.1:\d+: .*password/),
  });
});

test('a gateway that is not there is said, with exit status 1', async () => {
  const line = { protocol: 'mqtt', host: '127.0.0.1', port: 1 } as const;
  await expect(openFleet({ plans: plans(3), seed: 1, line, connectRate: 50 })).rejects.toMatchObject({
    status: 1,
    message: 'Cannot connect the first device to mqtt://127.0.0.1:1: nothing listens there',
  });
});

test('opening ends when it is told to', async () => {
  const { line, holdAcks } = await start(() => false);
  holdAcks(true);
  const stop = new AbortController();
  const opening = openFleet({ plans: plans(3), seed: 1, line, connectRate: 50, signal: stop.signal });
  stop.abort();
  await expect(opening).rejects.toThrow();
});

test('devices are switched on at the rate that was asked for', async () => {
  const { line, untilConnects } = await start();
  const began = performance.now();
  const fleet = await openFleet({ plans: plans(11), seed: 1, line, connectRate: 25 });
  await untilConnects(11);
  expect(performance.now() - began).toBeGreaterThan(300);
  await fleet.close();
});
