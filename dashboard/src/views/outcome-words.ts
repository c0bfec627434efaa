// What a command's state means, in words and as a tone. Only what readings have proved is called done.
import { type Command, type CommandState, isOpen, type Transition } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import type { IconName } from '../ui/icons.tsx';

const words = text.command;

/** done: proved. wrong: the readings say otherwise. bad: it did not happen. said: the device claims it. */
export type OutcomeTone = 'open' | 'done' | 'said' | 'wrong' | 'bad' | 'unsure' | 'off';

export const outcomeSigns: Record<CommandState, { icon: IconName; tone: OutcomeTone }> = {
  queued: { icon: 'hourglass', tone: 'open' },
  sent: { icon: 'arrow', tone: 'open' },
  acknowledged: { icon: 'said', tone: 'said' },
  verified: { icon: 'check', tone: 'done' },
  contradicted: { icon: 'warning', tone: 'wrong' },
  rejected: { icon: 'cross', tone: 'bad' },
  failed: { icon: 'cross', tone: 'bad' },
  expired: { icon: 'clock', tone: 'off' },
  'timed-out': { icon: 'question', tone: 'unsure' },
  cancelled: { icon: 'stale', tone: 'off' },
  superseded: { icon: 'stale', tone: 'off' },
  unknown: { icon: 'question', tone: 'unsure' },
};

/** The state and what it comes to, with what is known of this command. */
export function outcomeWords(command: Command): { title: string; meaning: string } {
  const { state, needsApproval, deliveredAt, answeredAt, reply, expect } = command;
  const title = words.state[state];
  const meaning = words.meaning[state];
  const { special } = words;
  switch (state) {
    case 'queued':
      return needsApproval ? special.waits : { title, meaning };
    case 'expired':
      return { title, meaning: needsApproval ? special.nobodyAgreed : meaning };
    case 'sent':
      if (!reply) return { title, meaning: special.noReply };
      return { title, meaning: deliveredAt === null ? meaning : special.taken };
    case 'acknowledged':
      if (isOpen(command)) return { title, meaning: special.proving };
      return { title: special.unproved, meaning: expect.length === 0 ? meaning : special.late };
    case 'verified':
      return { title: special.verified, meaning };
    case 'timed-out':
      // It answered, or does not answer at all: what is missing is a reading.
      if (answeredAt !== null || !reply) return { title: special.unproved, meaning: special.noReading };
      return { title, meaning: deliveredAt === null ? meaning : special.takenOnly };
    case 'superseded': {
      const who = lastOf(command, 'newer')?.by;
      return { title, meaning: who === undefined ? meaning : special.superseded(who) };
    }
    default:
      return { title, meaning };
  }
}

/** `Sent 3 times`, and while that may go on how often still; nothing where there is nothing to say. */
export function deliveryWords(command: Pick<Command, 'state' | 'expect' | 'proof' | 'attempts' | 'retries'>): string {
  const { attempts, retries, state } = command;
  const { delivery } = words;
  const mayBeSent = isOpen(command) && state !== 'acknowledged';
  if (attempts === 0) return mayBeSent ? delivery.waits(retries + 1) : '';
  const sent = delivery.sent(attempts);
  if (!mayBeSent) return sent;
  return sent + delivery.and + (retries === 0 ? delivery.once : delivery.left(retries + 1 - attempts));
}

function lastOf({ transitions }: Command, cause: Transition['cause']): Transition | undefined {
  return transitions.findLast(step => step.cause === cause);
}
