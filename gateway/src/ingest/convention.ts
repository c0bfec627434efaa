// What a convention is: how one family of devices says things over MQTT. Native JSON is the first; each further one
// is another object of this type, tried in order.
import type { Code, CommandAnswer, Millis, Value } from '../contract/index.ts';

/** Time of a reading as the device gave it: null where it gave none. */
export type SourceTime = Millis | null;

/** Readings of one message, in three columns that are used again for the next message. */
export type Decoded = { metrics: string[]; times: SourceTime[]; values: Value[] };

/** What was wrong with a payload, and what would have been right. */
export type Fault = { ok: false; code: Code; hint: string };
export type Done = { ok: true };

/** What a topic is for, by device. */
export type Target =
  | { kind: 'readings'; device: string; metric: string | null }
  | { kind: 'status'; device: string }
  | { kind: 'attributes'; device: string }
  | { kind: 'answer'; device: string; command: string }
  /** The convention's own ground, but not a topic that devices publish on. */
  | { kind: 'stray'; device: string; hint: string };

export type Convention = {
  name: string;
  /** Null where the topic is not of this convention. */
  target(topic: string): Target | null;
  readings(target: Target & { kind: 'readings' }, payload: string, into: Decoded): Done | Fault;
  status(payload: string): { ok: true; online: boolean } | Fault;
  attributes(payload: string, into: Map<string, Value>): Done | Fault;
  answer(payload: string): { ok: true; answer: CommandAnswer } | Fault;
};

export const done: Done = Object.freeze({ ok: true });

export function fault(code: Code, hint: string): Fault {
  return { ok: false, code, hint };
}
