import { describe, expect, test } from 'vitest';
import { type Command, type CommandState, commandStates, commandTransitions, isOpen } from './command.ts';

/** The table of SPEC.md, typed in once more by hand. */
const promised: [from: CommandState, to: CommandState[]][] = [
  ['queued', ['queued', 'sent', 'expired', 'cancelled', 'superseded', 'failed']],
  [
    'sent',
    [
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
  ],
  ['acknowledged', ['verified', 'contradicted', 'timed-out']],
  ['verified', ['verified']],
  ['contradicted', ['contradicted']],
  ['timed-out', ['acknowledged', 'rejected']],
  ['unknown', ['unknown', 'sent', 'acknowledged', 'rejected', 'verified', 'contradicted']],
  ['rejected', []],
  ['failed', []],
  ['expired', []],
  ['cancelled', []],
  ['superseded', []],
];

describe('the states of a command', () => {
  test.each(promised)('[CMD-2] %s goes on to %j and nowhere else', (from, to) => {
    expect([...commandTransitions[from]].sort()).toEqual([...to].sort());
  });

  test('[CMD-2] the table names every state', () => {
    expect(promised.map(([from]) => from).sort()).toEqual([...commandStates].sort());
    expect(Object.keys(commandTransitions).sort()).toEqual([...commandStates].sort());
  });

  test('[CMD-2] once it was answered or proved, a command is never sent again', () => {
    const reach = (state: CommandState, seen: Set<CommandState>): Set<CommandState> => {
      for (const next of commandTransitions[state]) if (!seen.has(next)) reach(next, seen.add(next));
      return seen;
    };
    for (const state of commandStates) {
      const canBeSent = ['queued', 'sent', 'unknown'].includes(state);
      expect(reach(state, new Set()).has('sent'), state).toBe(canBeSent);
    }
  });

  test('a command is open while it is to be sent, answered or proved', () => {
    const openOf = (given: Pick<Command, 'expect' | 'proof'> & { retries?: number }) =>
      commandStates.filter(state => isOpen({ state, attempts: 1, retries: 0, ...given }));
    const expected = { metric: 'target', equals: 21, withinMs: 1 };
    const proof = { metric: 'target', ts: 1, value: 21, met: true };
    expect(openOf({ expect: [], proof: null })).toEqual(['queued', 'sent']);
    expect(openOf({ expect: [expected], proof: null })).toEqual(['queued', 'sent', 'acknowledged', 'unknown']);
    expect(openOf({ expect: [expected], proof: [proof] })).toEqual(['queued', 'sent']);
    expect(openOf({ expect: [], proof: null, retries: 1 })).toEqual(['queued', 'sent', 'unknown']);
  });
});
