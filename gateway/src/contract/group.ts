// Groups of commands over REST: what is asked for, what is shown beforehand, and what did not work.
import type { CommandState } from './command.ts';
import type { CommandGroup, GroupTarget } from './control.ts';
import type { CommandRequest, Page } from './rest.ts';

/**
 * One command to all devices that fit a pattern or have a tag; at least one of both is named. `confirm` is the number
 * of devices as text, typed by who sends something dangerous; where it is given it has to be right.
 */
export type GroupRequest = CommandRequest &
  Partial<GroupTarget> & {
    /** How many are open at once. */
    concurrency?: number;
    /** With more than so many that did not work it stops; a tenth of the devices, at least one, where left out. */
    failuresMax?: number;
  };

/** What a target comes to: how many devices, and the first of them in order of id. */
export type GroupPreview = { total: number; devices: string[] };
export type GroupPage = Page<CommandGroup>;
export type GroupStop = { reason?: string };

/** What a device's part of a group may come to: a command's state, or none because it is still to be or was refused. */
export type GroupOutcome = keyof CommandGroup['counts'];

/** Outcomes that count towards `failuresMax`; `unknown` does only once nothing may be heard of the command any more. */
export const groupFailures = [
  'rejected',
  'contradicted',
  'failed',
  'expired',
  'timed-out',
  'unknown',
  'refused',
] as const satisfies readonly (CommandState | 'refused')[];

/** How many of a group's commands did not work, with those that are unknown for now. */
export function failuresOf(counts: CommandGroup['counts']): number {
  return groupFailures.reduce((sum, outcome) => sum + (counts[outcome] ?? 0), 0);
}
