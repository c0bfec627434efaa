// The plant that the demonstration shows: fifteen devices as a small factory with a greenhouse would have them.
import type { DevicePlan } from '../fleet-plan.ts';

/** The device that is registered for whoever tries the gateway with a client of their own. */
export const ownDevice = Object.freeze({ id: 'my-device', name: 'My device' });

/** The same plant each time. */
export const plantSeed = 1;

/**
 * The devices. One is on a weak link, so that presence and staleness can be seen; one takes its time over commands, and
 * one says ok and does nothing, so that it can be seen how commands are proved.
 */
export const plant: readonly DevicePlan[] = [
  { id: 'cold-room-1', name: 'Cold room 1 (dairy)', kind: 'cold-room', intervalMs: 2000, faults: [] },
  { id: 'cold-room-2', name: 'Cold room 2 (vegetables)', kind: 'cold-room', intervalMs: 2000, faults: [] },
  { id: 'freezer-1', name: 'Freezer 1', kind: 'freezer', intervalMs: 2000, faults: [] },
  { id: 'pump-1', name: 'Pump 1 (well)', kind: 'pump', intervalMs: 1000, faults: [] },
  { id: 'pump-2', name: 'Pump 2 (cooling circuit)', kind: 'pump', intervalMs: 1000, faults: [] },
  { id: 'pump-3', name: 'Pump 3 (irrigation)', kind: 'pump', intervalMs: 1000, faults: [] },
  { id: 'pump-4', name: 'Pump 4 (slow controller)', kind: 'pump', intervalMs: 1000, faults: ['slow'] },
  { id: 'meter-main', name: 'Main power meter', kind: 'power-meter', intervalMs: 1000, faults: [] },
  { id: 'meter-hall', name: 'Power meter, packing hall', kind: 'power-meter', intervalMs: 2000, faults: [] },
  { id: 'weather-roof', name: 'Weather station on the roof', kind: 'weather-station', intervalMs: 5000, faults: [] },
  { id: 'tank-1', name: 'Tank 1 (fresh water)', kind: 'tank', intervalMs: 2000, faults: [] },
  { id: 'tank-2', name: 'Tank 2 (rain water)', kind: 'tank', intervalMs: 2000, faults: [] },
  { id: 'tank-3', name: 'Tank 3 (says ok, does nothing)', kind: 'tank', intervalMs: 2000, faults: ['liar'] },
  { id: 'greenhouse-1', name: 'Greenhouse 1', kind: 'greenhouse', intervalMs: 3000, faults: [] },
  {
    id: 'greenhouse-2',
    name: 'Greenhouse 2 (weak radio link)',
    kind: 'greenhouse',
    intervalMs: 3000,
    faults: ['away'],
  },
];
