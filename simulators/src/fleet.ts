// A fleet of simulated devices: registers them, switches them on one after the other, and takes all of them down
// again within a bounded time. A device whose remembered secret is refused gets a new one, once.
import { Body } from './body.ts';
import { Device, type Line, type Watch } from './device.ts';
import { ExpectedFailure, exitStatus, lineReason } from './expected-failure.ts';
import { faults } from './faults/names.ts';
import type { DevicePlan } from './fleet-plan.ts';
import { kinds } from './models/kinds.ts';
import { Random } from './random.ts';
import { type Known, registerAll } from './registration.ts';
import type { Registry } from './registry.ts';
import type { Secrets } from './state-file.ts';
import { createTotals, type Totals } from './totals.ts';

/** Readings that wait in all outboxes together: about 100 MB when every line is down. */
const fleetOutboxReadingsMax = 500_000;
/** Of one device: enough for minutes without a line, also where the fleet is large; never more than an hour's. */
const outboxReadingsLow = 50;
const outboxReadingsHigh = 3_600;
const firstConnectionMs = 20_000;
/** Devices are switched on in steps of this length. */
const connectStepMs = 50;
const closeWithinMs = 2_500;

/** How a fleet gets its secrets. */
export type Registration = { registry: Registry; secrets: Secrets };

/** What a fleet is made from. */
export type FleetSetup = {
  plans: readonly DevicePlan[];
  seed: number;
  line: Line;
  /** Left out where the gateway admits devices without a secret: then nothing is registered. */
  registration?: Registration;
  /** Devices switched on in a second. */
  connectRate: number;
  /** Told after each device how many are registered. */
  heardOf?: (registered: number) => void;
  /** Ends the opening early. */
  signal?: AbortSignal;
};

/** A fleet that runs. */
export type Fleet = {
  readonly totals: Totals;
  /** Says `offline` for every device and disconnects all, within 3 s. */
  close(): Promise<void>;
};

function secondOfDay(now: Date): number {
  return now.getHours() * 3600 + now.getMinutes() * 60 + now.getSeconds();
}

/** The thing behind a device, with the seeded streams of its own. */
function createBody(plan: DevicePlan, seed: number): Body {
  const now = new Date();
  const stream = (name: string) => new Random(seed, plan.id, name);
  const setup = { random: stream('model'), secondOfDay: secondOfDay(now), intervalMs: plan.intervalMs };
  const misbehaviours = plan.faults.map(name =>
    faults[name].create({ random: stream(`fault ${name}`), startMs: now.getTime() }),
  );
  return new Body(kinds[plan.kind](setup), misbehaviours, plan.intervalMs);
}

function serialOf(seed: number, id: string): string {
  return `TT-${new Random(seed, id, 'serial').whole(100_000, 999_999)}`;
}

/** Waits until the first device is connected; says in one sentence why it cannot be. */
function firstConnection(line: Line, signal: AbortSignal | undefined) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const address = `${line.protocol}://${line.host}:${line.port}`;
  const fail = (why: string, status: number) => {
    reject(new ExpectedFailure(`Cannot connect the first device to ${address}: ${why}`, status));
  };
  const timer = setTimeout(
    () => fail(`no answer within ${firstConnectionMs / 1000} s`, exitStatus.failed),
    firstConnectionMs,
  );
  const aborted = () => reject(signal?.reason);
  signal?.addEventListener('abort', aborted, { once: true });
  const settled = promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', aborted);
  });
  return {
    settled,
    online: () => resolve(),
    refused: (why: string) => fail(why, exitStatus.configuration),
    failed: (error: Error) => fail(lineReason(error), exitStatus.failed),
  };
}

/** Renews refused secrets; each device gets one new secret, so that two fleets do not take turns for ever. */
function createSecretRepair(setup: FleetSetup, known: ReadonlyMap<string, Known>) {
  const renewals = new Map<string, 'under way' | 'over'>();
  const renew = async (device: Device, { registry, secrets }: Registration) => {
    const secret = await registry.renewSecret(device.id);
    secrets.set(device.id, secret);
    device.useSecret(secret);
    await secrets.save();
  };
  /** True while there is hope for the device. */
  return (device: Device): boolean => {
    const { registration } = setup;
    if (!registration || !known.get(device.id)?.remembered) return false;
    const renewal = renewals.get(device.id);
    if (renewal !== undefined) return renewal === 'under way';
    renewals.set(device.id, 'under way');
    // Where that fails too, the device stays refused, and the progress line counts it.
    renew(device, registration)
      .catch(() => undefined)
      .finally(() => renewals.set(device.id, 'over'));
    return true;
  };
}

/** Switches devices on in small steps, so that a gateway is not met by thousands in one instant. */
function startInSteps(plans: readonly DevicePlan[], rate: number, start: (plan: DevicePlan) => void): () => void {
  const began = performance.now();
  let next = 0;
  const timer = setInterval(() => {
    const due = Math.min(plans.length, Math.ceil(((performance.now() - began) / 1000) * rate));
    while (next < due) start(plans[next++]!);
    if (next === plans.length) clearInterval(timer);
  }, connectStepMs);
  return () => clearInterval(timer);
}

/** Registers the devices, connects the first and begins with the others, which go on connecting after this returns. */
export async function openFleet(setup: FleetSetup): Promise<Fleet> {
  const { plans, seed, line, registration, signal } = setup;
  const [firstPlan, ...otherPlans] = plans;
  if (!firstPlan) throw new ExpectedFailure('The fleet has no devices', exitStatus.configuration);
  const totals = createTotals(plans.length);
  const known = registration
    ? await registerAll(registration.registry, registration.secrets, plans, setup.heardOf)
    : new Map<string, Known>();
  signal?.throwIfAborted();
  const share = Math.floor(fleetOutboxReadingsMax / plans.length);
  const outboxReadingsMax = Math.min(outboxReadingsHigh, Math.max(outboxReadingsLow, share));
  const devices: Device[] = [];
  const first = firstConnection(line, signal);
  const repair = createSecretRepair(setup, known);
  const watch: Watch = {
    online: first.online,
    refused(device, reason) {
      if (!repair(device)) first.refused(reason);
    },
    failed: (_device, error) => first.failed(error),
  };
  const start = (plan: DevicePlan) => {
    const random = new Random(seed, plan.id, 'device');
    const secret = known.get(plan.id)?.secret;
    const serial = serialOf(seed, plan.id);
    const body = createBody(plan, seed);
    devices.push(new Device({ id: plan.id, secret, serial, line, body, random, outboxReadingsMax, totals, watch }));
  };

  const closeAll = () => Promise.all(devices.map(device => device.close(closeWithinMs))).then(() => undefined);
  start(firstPlan);
  try {
    await first.settled;
  } catch (error) {
    await closeAll();
    throw error;
  }
  const stopStarting = startInSteps(otherPlans, setup.connectRate, start);
  return {
    totals,
    close() {
      stopStarting();
      return closeAll();
    },
  };
}
