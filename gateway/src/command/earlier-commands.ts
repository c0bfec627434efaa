// Commands as they lie in the store: those of earlier versions know less.
import { type Command, limits } from '../contract/index.ts';

/** What a command has that was asked for with nothing but a name. */
export const commandDefaults = Object.freeze({
  type: null,
  group: null,
  supersede: null,
  retries: 0,
  retryAfterMs: limits.commandRetryMsDefault,
  reply: true,
  expect: [],
  needsApproval: false,
  approval: null,
  attempts: 0,
  sentAt: null,
  deliveredAt: null,
  answeredAt: null,
  proof: null,
}) satisfies Partial<Command>;

type Earlier = Omit<Command, keyof typeof commandDefaults> & Partial<Command>;

/**
 * A command of this version or an earlier one. Whether one of those was sent, and answered, is in its steps: as one that
 * was never sent it would be sent once more ([CMD-4]).
 */
export function ofAnyVersion(command: Earlier): Command {
  if (command.attempts !== undefined) return { ...commandDefaults, ...command };
  const sent = command.transitions.find(({ state }) => state === 'sent');
  const answered = command.transitions.find(({ cause }) => cause === 'answer' || cause === 'late-answer');
  const answeredAt = answered?.at ?? null;
  const attempts = sent === undefined ? 0 : 1;
  const known = { attempts, sentAt: sent?.at ?? null, deliveredAt: answeredAt, answeredAt };
  return { ...commandDefaults, ...command, ...known };
}
