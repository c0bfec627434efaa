// A group's counts as parts of a bar, in the order in which people ask: what is done, what is open, what went wrong.
import type { CommandGroup, GroupOutcome } from '@telltale/gateway/contract';

/** How a part is drawn. said: the device says so, and nothing proves it. off: it was withdrawn. */
export type GroupTone = 'done' | 'said' | 'bad' | 'unsure' | 'off' | 'open' | 'ahead';
export type GroupPart = { outcome: GroupOutcome; tone: GroupTone; count: number };

const order: readonly (readonly [outcome: GroupOutcome, tone: GroupTone])[] = [
  ['verified', 'done'],
  ['acknowledged', 'said'],
  ['contradicted', 'bad'],
  ['rejected', 'bad'],
  ['failed', 'bad'],
  ['refused', 'bad'],
  ['timed-out', 'unsure'],
  ['unknown', 'unsure'],
  ['expired', 'unsure'],
  ['cancelled', 'off'],
  ['superseded', 'off'],
  ['sent', 'open'],
  ['queued', 'open'],
  ['pending', 'ahead'],
];

/** Those that are not nought. */
export function groupParts({ counts }: Pick<CommandGroup, 'counts'>): GroupPart[] {
  return order.flatMap(([outcome, tone]) => {
    const count = counts[outcome] ?? 0;
    return count === 0 ? [] : [{ outcome, tone, count }];
  });
}
