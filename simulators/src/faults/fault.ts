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

/** A misbehaviour. Hooks that are left out behave well. */
export type Fault = {
  /** The time that the device believes it to be. */
  stamp?(ts: Millis): Millis;
  /** True while readings are kept back although the line is up. */
  holding?(nowMs: Millis): boolean;
  /** Called after each sample. */
  sampled?(nowMs: Millis, hands: Hands): void;
  /** True where commands are carried out and never answered. */
  readonly mute?: boolean;
};
