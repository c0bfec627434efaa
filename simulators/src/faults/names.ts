// The faults by the names that `--faults` takes, each with one line for people.
import { createBadClock, createBurst, createGarbage, createLate } from './data.ts';
import type { Fault, FaultSetup } from './fault.ts';
import { createAway, createDrop } from './line.ts';

type FaultEntry = { create: (setup: FaultSetup) => Fault; says: string };

/** Name to fault. */
export const faults = Object.freeze({
  drop: { create: createDrop, says: 'the connection breaks every 45 s or so' },
  away: { create: createAway, says: 'goes away for 40 s every two or three minutes' },
  'bad-clock': { create: createBadClock, says: 'its clock says 1970' },
  garbage: { create: createGarbage, says: 'one message in twenty cannot be understood' },
  late: { create: createLate, says: 'keeps readings back and sends them in late batches' },
  mute: { create: (): Fault => ({ mute: true }), says: 'carries out commands and never answers' },
  burst: { create: createBurst, says: 'now and then 200 readings at once' },
} satisfies Record<string, FaultEntry>);

/** The name of a fault. */
export type FaultName = keyof typeof faults;

/** All names. */
export const faultNames = Object.freeze(Object.keys(faults) as FaultName[]);

/** True for the name of a fault. */
export function isFaultName(text: string): text is FaultName {
  return Object.hasOwn(faults, text);
}
