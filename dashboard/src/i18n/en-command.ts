// Words about commands and what became of them.
import type { CommandState, TransitionCause } from '@telltale/gateway/contract';

const commandState: Record<CommandState, string> = {
  queued: 'Queued',
  sent: 'Sent',
  acknowledged: 'Acknowledged',
  verified: 'Verified',
  contradicted: 'Contradicted',
  rejected: 'Rejected',
  failed: 'Failed',
  expired: 'Expired',
  'timed-out': 'No answer',
  cancelled: 'Withdrawn',
  superseded: 'Superseded',
  unknown: 'Unknown',
};

const commandMeaning: Record<CommandState, string> = {
  queued: 'Waits for the device.',
  sent: 'The device has not answered yet.',
  acknowledged: 'The device says that it has done it. Nothing proves it.',
  verified: 'The device’s own readings show it.',
  contradicted: 'The device’s own readings do not show it, whatever it answered.',
  rejected: 'The device answered no.',
  failed: 'It cannot be sent any more.',
  expired: 'Its time was up before it could be sent. Nothing was sent.',
  superseded: 'A later command took its place before it was sent.',
  'timed-out': 'It was sent; whether the device did it is not known.',
  cancelled: 'Taken back before it was sent.',
  unknown: 'It was sent, then the gateway restarted before an answer came.',
};

const transitionCause: Record<TransitionCause, string> = {
  requested: 'requested',
  approved: 'approved by another person',
  retry: 'sent again',
  reading: 'the device’s own reading',
  'no-proof': 'no reading in time that tells',
  newer: 'a later command took its place',
  restored: 'the database was restored',
  'device-deleted': 'the device was deleted',
  'device-connected': 'the device connected',
  answer: 'answer of the device',
  'late-answer': 'late answer of the device',
  ttl: 'its time was up',
  'no-answer': 'no answer in time',
  withdrawn: 'withdrawn by a person',
  restart: 'the gateway restarted',
  connection: 'the device’s connection',
};

export const command = {
  part: 'Commands',
  title: 'Send a command',
  recent: 'Recent commands',
  offered: 'This device knows',
  remembered: 'Sent before',
  none: 'None yet.',
  name: 'Command',
  params: 'Parameters (JSON)',
  paramsExample: '{"on": true}',
  paramsBad: (why: string) => `Not JSON: ${why}`,
  paramsTooLong: 'Too long.',
  paramsMissing: (names: string) => `Fill in: ${names}.`,
  ttl: 'Expires after',
  reason: 'Reason (optional)',
  send: 'Send command',
  sending: 'Asking the gateway…',
  again: 'Ask again',
  uncertain:
    'No answer came, so it is not known whether the gateway took the command. Asking again cannot send it twice.',
  deviceAway: (duration: string) =>
    `The device is not online. The command waits for it, and expires after ${duration}.`,
  notLive: 'Without a connection these states may be out of date.',
  expires: (duration: string) => `Expires in ${duration}.`,
  withdraw: 'Withdraw',
  result: 'Result',
  by: (who: string) => `By ${who}`,
  identity: (id: string, from: string) => `Command ${id}, asked from ${from}`,
  state: commandState,
  meaning: commandMeaning,
  cause: transitionCause,
};
