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
  queued: 'It waits to be sent. The device knows nothing of it yet.',
  sent: 'The device has not answered yet.',
  acknowledged: 'The device says that it has done it. Nothing was expected of its readings that would prove it.',
  verified: 'Its own readings show it.',
  contradicted: 'The device’s own readings show that it was not done, whatever it answered.',
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
  delivered: 'the device has it',
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

/** Where more is known than the state alone says. */
const special = {
  waits: {
    title: 'Waits for another person',
    meaning: 'Nothing is sent before somebody else than who asked has agreed.',
  },
  nobodyAgreed: 'Nobody else agreed in time. Nothing was sent.',
  noReply: 'This device does not answer: only its readings will show it.',
  taken: 'The device has it, and has not answered yet.',
  takenOnly: 'The device got it and did not answer; whether it did it is not known.',
  proving: 'The device says that it has done it. Its readings have yet to show it.',
  unproved: 'Not proved',
  verified: 'Done, verified',
  late: 'The device says, after its time, that it has done it. No reading proved it.',
  noReading: 'Its time is over, and no reading came that tells whether the device did it.',
  superseded: (who: string) => `A later command of ${who} took its place before it was sent.`,
};

const delivery = {
  sent: (times: number) => (times === 1 ? 'Sent once' : `Sent ${times} times`),
  once: 'at most once',
  waits: (times: number) => (times === 1 ? 'To be sent at most once' : `To be sent up to ${times} times`),
  left: (left: number) =>
    left === 0
      ? 'not again'
      : left === 1
        ? 'once more without an answer'
        : `up to ${left} times more without an answer`,
  and: ', ',
};

export const command = {
  part: 'Commands',
  title: 'Send a command',
  types: 'This device takes',
  other: 'Other command',
  noTypes: 'This device takes no commands: there is no command type for it, and the gateway sends nothing else.',
  dangers: { caution: 'with caution', danger: 'dangerous' },
  recent: 'Recent commands',
  earlier: (count: number) => `${count} earlier`,
  older: 'Older commands',
  offered: 'This device knows',
  remembered: 'Sent before',
  none: 'None yet.',
  name: 'Command',
  params: 'Parameters (JSON)',
  paramsExample: '{"on": true}',
  paramsBad: (why: string) => `Not JSON: ${why}`,
  paramsTooLong: 'Too long.',
  paramsMissing: (names: string) => `Fill in: ${names}.`,
  choose: 'Choose…',
  leftOut: 'Not given',
  number: {
    between: (min: string, max: string) => `${min} to ${max}`,
    atLeast: (min: string) => `at least ${min}`,
    moreThan: (min: string) => `more than ${min}`,
    atMost: (max: string) => `at most ${max}`,
    lessThan: (max: string) => `less than ${max}`,
    whole: 'whole numbers',
    step: (step: string) => `in steps of ${step}`,
  },
  notJson: 'Not JSON.',
  expected: (what: string) => `Expected ${what}.`,
  effect: {
    proved: (what: string, within: string) => `Done when the device reports ${what} within ${within}.`,
    none: 'Nothing will prove that it was done: only the device’s answer is seen.',
    is: (metric: string, value: string) => `${metric} = ${value}`,
    between: (metric: string, min: string, max: string) => `${metric} from ${min} to ${max}`,
    atLeast: (metric: string, min: string) => `${metric} at least ${min}`,
    atMost: (metric: string, max: string) => `${metric} at most ${max}`,
    and: ' and ',
    reported: (value: string, time: string) => `the device reported ${value} at ${time}`,
    nothing: 'the device reported nothing that tells',
  },
  caution: 'This command asks for caution: look twice before you send it.',
  danger: 'This command is dangerous. It is sent once you have typed the device’s id and a reason.',
  secondPerson: (within: string | null) =>
    within === null
      ? 'Another person has to agree before it is sent.'
      : `Another person has to agree within ${within}; it is sent then.`,
  confirm: 'Send…',
  confirmTitle: (command: string) => `${command}: are you sure?`,
  confirmId: (device: string) => `To send it to ${device}, type that id`,
  confirmReason: 'Reason',
  ask: 'Ask for agreement',
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
  result: 'The device answered',
  refusal: (why: string) => `The device says: ${why}`,
  stepBy: (who: string) => `by ${who}`,
  /** Since it was asked for. */
  after: (duration: string) => `+${duration}`,
  by: (who: string) => `By ${who}`,
  identity: (name: string, id: string, from: string) => `${name}, command ${id}, asked from ${from}`,
  state: commandState,
  meaning: commandMeaning,
  cause: transitionCause,
  special,
  delivery,
  proof: 'What the readings showed',
  finding: (expected: string, said: string) => `Expected ${expected}: ${said}.`,
  approvedBy: (who: string) => `Approved by ${who}`,
  group: 'Part of a group',
  approve: 'Approve…',
  approveTitle: (command: string) => `Approve ${command}?`,
  approveWarning: (who: string, what: string, reason: string | null, device: string) =>
    `${who} asked for ${what}${reason === null ? '' : ` (${reason})`}. It goes to ${device} as soon as you agree.`,
  approveSubmit: 'Approve and send',
  waitsOwn: 'You asked for it: another operator has to approve it.',
};
