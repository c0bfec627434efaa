// What the ledger makes of devices that misbehave: the simulated ones, as --faults has them, all at once.
import { expect, onTestFinished, test } from 'vitest';
import { openFleet } from '../../simulators/src/fleet.ts';
import { createRegistry } from '../../simulators/src/registry.ts';
import { openSecrets } from '../../simulators/src/state-file.ts';
import type { Command } from '../src/contract/index.ts';
import { gatewayHere } from './instruments/gateway.ts';

const faults = ['liar', 'slow', 'twice', 'late-answer', 'dies', 'mute'] as const;
/** With this one `dies` loses its line twice, for five seconds each: before it carries out, and before it answers. */
const seed = 970;

test('[CMD-2] [CMD-6] devices that lie, are slow, answer twice, late or never, or die are told apart by what they show', async () => {
  const { http, mqttPort, rest } = await gatewayHere();
  const fleet = await openFleet({
    plans: faults.map(fault => ({ id: fault, name: fault, kind: 'cold-room', intervalMs: 500, faults: [fault] })),
    seed,
    line: { protocol: 'mqtt', host: '127.0.0.1', port: mqttPort },
    registration: {
      registry: createRegistry({ url: http, token: rest.token }),
      secrets: await openSecrets(undefined),
    },
    connectRate: 100,
  });
  onTestFinished(() => fleet.close());
  await expect.poll(() => fleet.totals.connected, { timeout: 20_000 }).toBe(faults.length);

  const send = (device: string, more: object) =>
    rest.post<Command>(`/devices/${device}/commands`, {
      name: 'setTarget',
      params: { value: -9 },
      ttlMs: 60_000,
      expect: [{ metric: 'target', equals: -9, withinMs: 3_000 }],
      ...more,
    });
  const asked = {
    liar: await send('liar', {}),
    slow: await send('slow', {}),
    twice: await send('twice', {}),
    'late-answer': await send('late-answer', { ttlMs: 1_000, expect: [] }),
    dies: await send('dies', { retries: 5, retryAfterMs: 1_000 }),
    mute: await send('mute', { ttlMs: 1_000 }),
  };
  const now = (fault: keyof typeof asked) => rest.get<Command>(`/commands/${asked[fault].id}`);
  const becomes = async (fault: keyof typeof asked, state: string) => {
    await expect.poll(() => now(fault), { timeout: 60_000, interval: 200 }).toMatchObject({ state });
    return now(fault);
  };

  expect(await becomes('twice', 'verified')).toMatchObject({ result: { target: -9 }, attempts: 1 });
  expect(await becomes('liar', 'contradicted')).toMatchObject({
    result: null,
    proof: [{ metric: 'target', met: false }],
  });
  // What it does shows before it says so.
  await expect
    .poll(() => now('slow'), { timeout: 60_000, interval: 200 })
    .toMatchObject({ state: 'verified', result: { target: -9 } });
  const slow = await now('slow');
  expect(slow.answeredAt! - slow.sentAt!).toBeGreaterThan(2_000);
  expect(await becomes('mute', 'verified')).toMatchObject({ answeredAt: null, proof: [{ value: -9, met: true }] });
  const late = await becomes('late-answer', 'acknowledged');
  // It took the command at once, and is silent for longer than a second.
  const causes = ['requested', 'requested', 'delivered', 'no-answer', 'late-answer'];
  expect(late.transitions.map(({ cause }) => cause)).toEqual(causes);
  expect(late.deliveredAt).toBeLessThan(late.answeredAt!);
  // Sent again when it was back the first time, for it had forgotten the command; then its readings tell.
  const died = await becomes('dies', 'verified');
  expect(died.attempts).toBeGreaterThanOrEqual(2);
  expect(died.proof).toMatchObject([{ value: -9, met: true }]);
  // One each, and one more for the command that was forgotten.
  expect(fleet.totals.commandsAnswered).toBe(faults.length + 1);
}, 120_000);
