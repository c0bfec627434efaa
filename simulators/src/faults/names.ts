// The faults by the names that `--faults` takes, each with one line for people.
import { createDies, createLateAnswer, createLiar, createMute, createSlow, createTwice } from './commands.ts';
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
  mute: { create: createMute, says: 'carries out commands and never answers' },
  liar: { create: createLiar, says: 'answers ok to every command and does nothing' },
  slow: { create: createSlow, says: 'carries out commands after some seconds, and answers later still' },
  twice: { create: createTwice, says: 'answers each command twice' },
  'late-answer': {
    create: createLateAnswer,
    says: 'carries out commands in time, and answers after their life is over',
  },
  dies: { create: createDies, says: 'loses its line for 5 to 15 s at each command, carried out or not' },
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
