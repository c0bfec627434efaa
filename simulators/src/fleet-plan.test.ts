import { expect, test } from 'vitest';
import { type FleetSpec, planFleet } from './fleet-plan.ts';
import { kindNames } from './models/kinds.ts';

const spec: FleetSpec = {
  kinds: kindNames.map(kind => ({ kind, count: null })),
  devices: 100,
  prefix: 'sim-',
  seed: 1,
  intervalMs: 1000,
  faults: [],
  faultShare: 1,
};

test('the kinds take turns, and every id is there once', () => {
  const plans = planFleet(spec);
  expect(plans).toHaveLength(100);
  expect(new Set(plans.map(plan => plan.id)).size).toBe(100);
  expect(new Set(plans.map(plan => plan.kind)).size).toBe(kindNames.length);
  expect(plans[0]).toEqual({
    id: 'sim-cold-room-1',
    name: 'Cold room 1',
    kind: 'cold-room',
    intervalMs: 1000,
    faults: [],
  });
});

test('a larger fleet begins with the smaller one, faults included', () => {
  const faulty: FleetSpec = { ...spec, faults: ['drop', 'burst'], faultShare: 0.3 };
  const small = planFleet({ ...faulty, devices: 40 });
  expect(planFleet(faulty).slice(0, 40)).toEqual(small);
  const share = planFleet({ ...faulty, devices: 1000 }).filter(plan => plan.faults.length === 2).length / 1000;
  expect(share).toBeGreaterThan(0.24);
  expect(share).toBeLessThan(0.36);
});

test('kinds with a number of their own have that many', () => {
  const kinds = [
    { kind: 'pump', count: 3 },
    { kind: 'tank', count: null },
  ] as const;
  const plans = planFleet({ ...spec, kinds, devices: 2 });
  expect(plans.map(plan => plan.id)).toEqual(['sim-pump-1', 'sim-pump-2', 'sim-pump-3', 'sim-tank-1', 'sim-tank-2']);
});
