// A command's life: its states, and the only ways from one to the next ([CMD-2]).
import type { Millis } from './words.ts';

export const commandStates = [
  'queued',
  'sent',
  'acknowledged',
  'rejected',
  'failed',
  'expired',
  'timed-out',
  'cancelled',
  'unknown',
] as const;
/**
 * queued: in the log, not sent. sent: published to the device's connection. acknowledged: the device answered `ok`.
 * rejected: the device answered no. failed: it could not be sent. expired: its life ended before it was sent.
 * timed-out: sent, and no answer came. cancelled: withdrawn before it was sent. unknown: sent, and the gateway was
 * restarted before an answer came.
 */
export type CommandState = (typeof commandStates)[number];

/** From each state to those that may follow. An answer may still come after `timed-out` and `unknown`, and is kept. */
export const commandTransitions: Readonly<Record<CommandState, readonly CommandState[]>> = Object.freeze({
  queued: ['sent', 'expired', 'cancelled', 'failed'],
  sent: ['acknowledged', 'rejected', 'timed-out', 'unknown', 'failed'],
  acknowledged: [],
  rejected: [],
  failed: [],
  expired: [],
  'timed-out': ['acknowledged', 'rejected'],
  cancelled: [],
  unknown: ['acknowledged', 'rejected'],
});

/** True while the gateway still has something to do for a command in this state. */
export function isOpen(state: CommandState): boolean {
  return state === 'queued' || state === 'sent';
}

export const transitionCauses = [
  'requested',
  'device-connected',
  'answer',
  'late-answer',
  'ttl',
  'no-answer',
  'withdrawn',
  'restart',
  'connection',
] as const;
export type TransitionCause = (typeof transitionCauses)[number];

export type Transition = { state: CommandState; at: Millis; cause: TransitionCause };

/** A command as the ledger shows it. */
export type Command = {
  id: string;
  device: string;
  name: string;
  params: unknown;
  state: CommandState;
  createdAt: Millis;
  updatedAt: Millis;
  expiresAt: Millis;
  /** Who asked, and from which address ([CMD-5]). */
  by: string;
  from: string;
  reason: string | null;
  key: string | null;
  result: unknown;
  error: string | null;
  transitions: Transition[];
};

/** What the device receives on `devices/{id}/commands/{commandId}`. */
export type CommandPayload = { name: string; params: unknown; expiresAt: Millis };
/** What the device answers on `devices/{id}/commands/{commandId}/result`. */
export type CommandAnswer = { ok: true; result?: unknown } | { ok: false; error: string };
