// What a misbehaviour is: a few hooks that a device calls at the places where real devices go wrong. Which of them do
// anything, and when, comes from the fault's own seeded stream.
import type { Millis } from '@telltale/gateway/contract';
import type { Random } from '../random.ts';

/** What a fault can do to the device it sits in. */
export type Hands = {
  /** Sends this text as telemetry, whatever it is. */
  sendRaw(payload: string): void;
  /** Takes a reading of all sensors and files it under the given time. */
  record(ts: Millis): void;
  /** Cuts the connection without a farewell, and stays away for this long; 0 comes back as after any broken line. */
  cut(awayMs: number): void;
};

/** What a fault is made from. */
export type FaultSetup = { random: Random; startMs: Millis };

/** What a device does with a command or a desired state that it is told. */
export type Conduct = {
  /** It says that all is well and does nothing. */
  lies: boolean;
  /** Time until it is carried out. */
  beforeMs: Millis;
  /** Times from then until each answer; none at all for a device that never answers. */
  answersAfterMs: readonly Millis[];
  /** It loses its line for `awayMs` before it answers, with the command carried out or forgotten. */
  dies: { awayMs: Millis; carriedOut: boolean } | null;
};

/** At once, and one answer. */
export const goodConduct: Conduct = Object.freeze({ lies: false, beforeMs: 0, answersAfterMs: [0], dies: null });

/** A misbehaviour. Hooks that are left out behave well. */
export type Fault = {
  /** The time that the device believes it to be. */
  stamp?(ts: Millis): Millis;
  /** True while readings are kept back although the line is up. */
  holding?(nowMs: Millis): boolean;
  /** Called after each sample. */
  sampled?(nowMs: Millis, hands: Hands): void;
  /** What becomes of the conduct that other faults left, for one command; `expiresAt` is the end of its life. */
  conduct?(soFar: Conduct, expiresAt: Millis, nowMs: Millis): Conduct;
};
