// Decides which devices a fleet has. A device's id, kind and faults depend on its place alone, so a larger fleet of
// the same seed begins with the smaller one.
import { type FaultName, faultNames } from './faults/names.ts';
import type { Kind } from './models/kinds.ts';
import { Random } from './random.ts';

/** One device that is to be simulated. */
export type DevicePlan = {
  id: string;
  name: string;
  kind: Kind;
  /** Time between two samples. */
  intervalMs: number;
  faults: readonly FaultName[];
};

/** A kind, and how many of it; null shares the total evenly among those without a number. */
export type KindCount = { kind: Kind; count: number | null };

/** What a fleet is planned from. */
export type FleetSpec = {
  kinds: readonly KindCount[];
  /** Devices in all, for the kinds without a number of their own. */
  devices: number;
  prefix: string;
  seed: number;
  intervalMs: number;
  faults: readonly FaultName[];
  /** The share of devices that have the faults, 0 to 1. */
  faultShare: number;
};

function nameOf(kind: Kind, number: number): string {
  const words = kind.replaceAll('-', ' ');
  return `${words[0]!.toUpperCase()}${words.slice(1)} ${number}`;
}

/** The kind of each device, in order: the kinds take turns until each has its number. */
function* kindsInTurn(spec: FleetSpec): Generator<Kind> {
  const counted = spec.kinds.filter(entry => entry.count !== null);
  const shared = spec.kinds.filter(entry => entry.count === null);
  for (const { kind, count } of counted) for (let i = 0; i < count!; i++) yield kind;
  if (shared.length > 0) for (let i = 0; i < spec.devices; i++) yield shared[i % shared.length]!.kind;
}

/** The devices of a fleet. */
export function planFleet(spec: FleetSpec): DevicePlan[] {
  const numbers = new Map<Kind, number>();
  const plans: DevicePlan[] = [];
  for (const kind of kindsInTurn(spec)) {
    const number = (numbers.get(kind) ?? 0) + 1;
    numbers.set(kind, number);
    const id = `${spec.prefix}${kind}-${number}`;
    const faulty = new Random(spec.seed, id, 'faulty').chance(spec.faultShare);
    const faults = faulty ? faultNames.filter(name => spec.faults.includes(name)) : [];
    plans.push({ id, name: nameOf(kind, number), kind, intervalMs: spec.intervalMs, faults });
  }
  return plans;
}
