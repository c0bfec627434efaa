// A command's life: its states, and the only ways from one to the next ([CMD-2]).
import type { Expectation, Proof } from './proof.ts';
import type { Millis } from './words.ts';

export const commandStates = [
  'queued',
  'sent',
  'acknowledged',
  'verified',
  'contradicted',
  'rejected',
  'failed',
  'expired',
  'timed-out',
  'cancelled',
  'superseded',
  'unknown',
] as const;
/**
 * queued: in the log, not sent. sent: published to the device's connection. acknowledged: the device answered `ok`.
 * verified: the device's own readings then showed the effect that was expected. contradicted: they did not. rejected: the
 * device answered no. failed: it cannot be sent any more. expired: its life ended before it was sent. timed-out: sent, and
 * no answer came, or no proof after it. cancelled: withdrawn before it was sent. superseded: a later one took its place.
 * unknown: sent, and the gateway was restarted before an answer came.
 */
export type CommandState = (typeof commandStates)[number];

/**
 * From each state to those that may follow. A state that follows itself is one that something was added to: an approval,
 * a further attempt, its delivery, an answer that came after the proof.
 */
export const commandTransitions: Readonly<Record<CommandState, readonly CommandState[]>> = Object.freeze({
  queued: ['queued', 'sent', 'expired', 'cancelled', 'superseded', 'failed'],
  sent: [
    'sent',
    'queued',
    'acknowledged',
    'rejected',
    'verified',
    'contradicted',
    'timed-out',
    'unknown',
    'expired',
    'failed',
  ],
  acknowledged: ['verified', 'contradicted', 'timed-out'],
  verified: ['verified'],
  contradicted: ['contradicted'],
  rejected: [],
  failed: [],
  expired: [],
  'timed-out': ['acknowledged', 'rejected'],
  cancelled: [],
  superseded: [],
  unknown: ['unknown', 'sent', 'acknowledged', 'rejected', 'verified', 'contradicted'],
});

export const transitionCauses = [
  'requested',
  'approved',
  'device-connected',
  'retry',
  'answer',
  'late-answer',
  'reading',
  'no-proof',
  'ttl',
  'no-answer',
  'withdrawn',
  'newer',
  'restart',
  'restored',
  'connection',
  'delivered',
  'device-deleted',
] as const;
/**
 * Why a command's state changed. reading: a reading of the device decided. no-proof: the device reported nothing in time
 * that tells. newer: a later command of the same key. restored: the database was restored. connection: the device went
 * away before it could be handed over. delivered: its PUBACK came, and no answer soon after.
 */
export type TransitionCause = (typeof transitionCauses)[number];

/** `by` is who caused it and `from` that one's address, where somebody did. */
export type Transition = { state: CommandState; at: Millis; cause: TransitionCause; by?: string; from?: string };

/** Whether somebody else than who asked has to agree before a command is sent. */
export type Approval = { by: string; from: string; at: Millis };

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
  /** Id of the command type that it was checked against. */
  type: string | null;
  /** Id of the group that it belongs to. */
  group: string | null;
  /** Of those of a device with the same key only the last one waits. */
  supersede: string | null;
  /** How often it may be sent again without an answer; 0 is at most once. */
  retries: number;
  retryAfterMs: Millis;
  /** False for a device that does not answer; the proof alone ends it then. */
  reply: boolean;
  expect: Expectation[];
  /** True while somebody else has to agree before it is sent. */
  needsApproval: boolean;
  approval: Approval | null;
  /** How often it was sent, and when first. */
  attempts: number;
  sentAt: Millis | null;
  /** Since when it is known that the device has it, by its PUBACK or its answer; null where that is not known. */
  deliveredAt: Millis | null;
  answeredAt: Millis | null;
  result: unknown;
  error: string | null;
  /** The readings by which it was verified or contradicted; null before that. */
  proof: Proof[] | null;
  transitions: Transition[];
};

/** True while the gateway still has something to do for a command: to send it, to wait for its answer, for its proof. */
export function isOpen({
  state,
  expect,
  proof,
  attempts,
  retries,
}: Pick<Command, 'state' | 'expect' | 'proof' | 'attempts' | 'retries'>): boolean {
  if (state === 'queued' || state === 'sent') return true;
  if (state === 'unknown' && attempts <= retries) return true;
  return (state === 'acknowledged' || state === 'unknown') && expect.length > 0 && proof === null;
}

/** The person behind a name: of a token `user/token` the user. */
export function personOf(by: string): string {
  const slash = by.indexOf('/');
  return slash < 0 ? by : by.slice(0, slash);
}

/** What the device receives on `devices/{id}/commands/{commandId}`. */
export type CommandPayload = { name: string; params: unknown; expiresAt: Millis };
/** What the device answers on `devices/{id}/commands/{commandId}/result`. */
export type CommandAnswer = { ok: true; result?: unknown } | { ok: false; error: string };
