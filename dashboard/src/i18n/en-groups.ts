// Words about groups of commands.
import type { CommandGroup, GroupOutcome } from '@telltale/gateway/contract';
import { command } from './en-command.ts';

const outcome: Record<GroupOutcome, string> = {
  ...command.state,
  pending: 'Not asked',
  refused: 'Refused by the gateway',
};

const state: Record<CommandGroup['state'], string> = {
  waiting: 'Waits for approval',
  running: 'Running',
  stopped: 'Stopped',
  finished: 'Finished',
};

const stopped: Record<NonNullable<CommandGroup['stopped']>, string> = {
  withdrawn: 'Stopped by hand.',
  failures: 'Stopped: too many did not work.',
  restored: 'Stopped: the database was restored from a backup, and what was asked since is not known.',
};

const devices = (count: string) => (count === '1' ? '1 device' : `${count} devices`);

export const groups = {
  intro: 'One command to many devices, some at a time, with a count of what became of each.',
  none: 'None yet.',
  add: 'New group…',
  addTitle: 'One command to many devices',
  patterns: 'Patterns of device ids',
  patternsHint: 'One a line. * stands for any run of characters.',
  tags: 'Tags',
  tagsHint: 'One a line. Devices with any of them.',
  preview: (count: string, ids: string) => `${devices(count)}: ${ids}`,
  previewMore: (count: string, ids: string) => `${devices(count)}: ${ids}, …`,
  previewNone: 'No device fits.',
  previewMany: (count: string, max: string) => `${devices(count)}, more than the ${max} that a group may have.`,
  previewWaits: 'Say which devices.',
  counting: 'Counting…',
  types: 'These devices take',
  danger: 'This command is dangerous. A reason is needed for it.',
  concurrency: 'At a time',
  concurrencyHint: 'How many are open at once.',
  failuresMax: 'Stop after',
  failuresMaxHint: 'With more than so many that did not work. Left empty: a tenth of the devices.',
  confirm: (count: string) => `Type ${count}, the number of devices, to confirm`,
  submit: 'Ask all of them',
  uncertain: 'No answer came, so it is not known whether the gateway took it. Asking again cannot send anything twice.',
  devices,
  asked: 'Asked',
  by: (who: string) => `by ${who}`,
  approvedBy: (who: string) => `approved by ${who}`,
  target: (devices: readonly string[], tags: readonly string[]) =>
    [devices.join(', '), tags.length === 0 ? '' : `tagged ${tags.join(', ')}`].filter(part => part !== '').join(' · '),
  bar: (words: string) => `Outcomes: ${words}`,
  part: (count: string, words: string) => `${words.toLowerCase()} ${count}`,
  limitsAre: (concurrency: string, failuresMax: string) =>
    `${concurrency} at a time; stops with more than ${failuresMax} that did not work.`,
  waits: 'Nothing was asked yet: another person than who asked has to agree.',
  waitsOwn: 'Nothing was asked yet. You asked for it, so another person has to agree.',
  approve: 'Approve…',
  approveTitle: 'Let this group begin?',
  approveWarning: (name: string, count: string) => `${name} goes to ${devices(count)}, beginning now.`,
  approveSubmit: 'Approve',
  stop: 'Stop…',
  stopTitle: 'Stop this group?',
  stopWarning:
    'No further device is asked, and what waits for its device is withdrawn. What was sent runs on and is still counted.',
  stopReason: 'Reason (optional)',
  stopSubmit: 'Stop the group',
  failed: 'Did not work',
  failedNone: 'None so far.',
  failedAllWorked: 'None.',
  refused: 'Refused by the gateway.',
  refusedMore: (count: string) => `And ${count} more that the gateway refused.`,
  outcome,
  state,
  stopped,
};
