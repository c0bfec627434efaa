import { commandStates } from '@telltale/gateway/contract';
import { expect, it } from 'vitest';
import { groupParts } from './group-parts.ts';

it('shows every outcome that there is, and none that is nought', () => {
  const all = ['pending', 'refused', ...commandStates] as const;
  const counts = Object.fromEntries(all.map(outcome => [outcome, 1]));
  expect(
    groupParts({ counts })
      .map(({ outcome }) => outcome)
      .sort(),
  ).toEqual([...all].sort());
  expect(groupParts({ counts: { verified: 3, rejected: 0 } })).toEqual([
    { outcome: 'verified', tone: 'done', count: 3 },
  ]);
});
