// What the model of the ledger knows of one command.
import type { Command, Value } from '../contract/index.ts';

export type Reading = { metric: string; value: Value; ts: number; at: number };

/** What is known of one command. Times are elapsed, but for `ts` and `sentWall`. */
export type Facts = {
  asked: Command;
  overAt: number;
  /** When it was handed over. */
  handed: number[];
  /** How often it was when the gateway was started last. */
  handedBefore: number;
  /** When the log took the last *sent*, whether anything was handed over or not. */
  sentAt: number;
  /** When the log has to say that the device has it; null where the device did not say so to this gateway. */
  takenBy: number | null;
  sentWall: number;
  readings: Reading[];
  early: Reading[];
  answer: { ok: boolean; at: number } | null;
  cancelled: boolean;
  approved: boolean;
  superseded: 'no' | 'perhaps' | 'yes';
  /** A later one of its supersede key is there. */
  later: boolean;
  /** It was there when the ledger decided to send this one. */
  isLate: boolean;
  /** The gateway was started anew since it was handed over last. */
  restarted: boolean;
  provedAt: number | null;
  /** The clock has said that its life was over, be it set back since. */
  wasExpired: boolean;
  /** When the ledger decided to send it, by the wall clock; NaN before that. */
  decidedWall: number;
  /** Something happened after which more than one way to go on is right: a refused commit, a clock that was set. */
  blurred: boolean;
};

/** What is known of a command that was just asked for. */
export function newFacts(asked: Command, overAt: number): Facts {
  return {
    asked,
    overAt,
    handed: [],
    handedBefore: 0,
    sentAt: Number.NaN,
    takenBy: null,
    sentWall: Number.NaN,
    readings: [],
    early: [],
    answer: null,
    cancelled: false,
    approved: false,
    superseded: 'no',
    later: false,
    isLate: false,
    restarted: false,
    provedAt: null,
    wasExpired: false,
    decidedWall: Number.NaN,
    blurred: false,
  };
}
