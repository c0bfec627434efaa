import { describe, expect, test } from 'vitest';
import { type CommandState, commandStates, commandTransitions, isOpen } from './command.ts';

/** The table of SPEC.md, typed in once more by hand. */
const promised: [from: CommandState, to: CommandState[]][] = [
  ['queued', ['sent', 'expired', 'cancelled', 'failed']],
  ['sent', ['acknowledged', 'rejected', 'timed-out', 'unknown', 'failed']],
  ['timed-out', ['acknowledged', 'rejected']],
  ['unknown', ['acknowledged', 'rejected']],
  ['acknowledged', []],
  ['rejected', []],
  ['failed', []],
  ['expired', []],
  ['cancelled', []],
];

describe('the states of a command', () => {
  test.each(promised)('[CMD-2] %s goes on to %j and nowhere else', (from, to) => {
    expect([...commandTransitions[from]].sort()).toEqual([...to].sort());
  });

  test('[CMD-2] the table names every state', () => {
    expect(promised.map(([from]) => from).sort()).toEqual([...commandStates].sort());
    expect(Object.keys(commandTransitions).sort()).toEqual([...commandStates].sort());
  });

  test('[CMD-2] no way leads back to a state that was left, so that every command comes to an end', () => {
    const reach = (state: CommandState, seen: Set<CommandState>): Set<CommandState> => {
      for (const next of commandTransitions[state]) {
        seen.add(next);
        reach(next, seen);
      }
      return seen;
    };
    for (const state of commandStates) expect(reach(state, new Set()).has(state), state).toBe(false);
  });

  test('only queued and sent leave the gateway something to do', () => {
    expect(commandStates.filter(isOpen)).toEqual(['queued', 'sent']);
  });
});
