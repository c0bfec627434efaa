// Sees to it that each device is registered and that its secret is known: newly made, remembered, or renewed.
import type { Registry } from './registry.ts';
import type { Secrets } from './state-file.ts';

/** Requests under way at once: the gateway commits those that come together as one, other clients still get a turn. */
const concurrencyMax = 32;
/** Secrets are kept after this many new ones, so that a run that is killed has lost few. */
const saveEvery = 500;

/** A device to be registered. */
export type Registrant = { id: string; name: string };

/** A device's secret, and whether it was remembered from before: then it may be out of date. */
export type Known = { secret: string; remembered: boolean };

async function registerOne(registry: Registry, secrets: Secrets, device: Registrant): Promise<Known> {
  const created = await registry.create(device.id, device.name);
  const remembered = created === null ? secrets.get(device.id) : undefined;
  if (remembered !== undefined) return { secret: remembered, remembered: true };
  const secret = created ?? (await registry.renewSecret(device.id));
  secrets.set(device.id, secret);
  return { secret, remembered: false };
}

/**
 * Registers all devices and gives their secrets by id. What was learned is saved even where it ends early. After each
 * device `heardOf` is told how many are done.
 */
export async function registerAll(
  registry: Registry,
  secrets: Secrets,
  devices: readonly Registrant[],
  heardOf: (registered: number) => void = () => undefined,
): Promise<Map<string, Known>> {
  const known = new Map<string, Known>();
  let next = 0;
  let failed = false;
  const work = async () => {
    while (next < devices.length && !failed) {
      const device = devices[next++]!;
      known.set(device.id, await registerOne(registry, secrets, device));
      heardOf(known.size);
      if (known.size % saveEvery === 0) await secrets.save();
    }
  };
  const workers = Array.from({ length: Math.min(concurrencyMax, devices.length) }, () =>
    work().catch(error => {
      failed = true;
      throw error;
    }),
  );
  try {
    await Promise.all(workers);
  } finally {
    await Promise.allSettled(workers);
    await secrets.save();
  }
  return known;
}
