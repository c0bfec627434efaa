// What is said of a command: never more than is proved.
import { type Command, commandStates } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { commandOf as command } from '../../test/commands.ts';
import { deliveryWords, outcomeSigns, outcomeWords } from './outcome-words.ts';

const target = { metric: 'target', withinMs: 10_000, equals: 21 };
const said = (more: Partial<Command>) => {
  const { title, meaning } = outcomeWords(command(more));
  return `${title}. ${meaning}`;
};

describe('the outcome of a command', () => {
  it('is done only where it was verified, and loudest where its readings contradict it', () => {
    const toned = (tone: string) => commandStates.filter(state => outcomeSigns[state].tone === tone);
    expect(toned('done')).toEqual(['verified']);
    expect(toned('wrong')).toEqual(['contradicted']);
    expect(toned('said')).toEqual(['acknowledged']);
    expect(said({ state: 'verified' })).toContain('Done, verified');
  });

  it('is not proved by an answer alone', () => {
    const state = 'acknowledged';
    expect(said({ state })).toMatch(/^Not proved\. .*Nothing was expected/);
    expect(said({ state, expect: [target] })).toMatch(/^Acknowledged\. .*have yet to show it/);
    const proof = [{ metric: 'target', ts: null, value: null, met: false }];
    expect(said({ state, expect: [target], proof })).toMatch(/^Not proved\. .*after its time/);
    expect(said({ state: 'timed-out', answeredAt: 1, expect: [target], proof })).toMatch(/^Not proved\. .*no reading/);
    expect(said({ state: 'timed-out' })).toMatch(/^No answer\./);
    expect(said({ state: 'sent' })).toContain('has not answered');
    expect(said({ state: 'sent', deliveredAt: 1 })).toContain('The device has it');
    expect(said({ state: 'timed-out', deliveredAt: 1 })).toContain('The device got it');
    expect(said({ state: 'sent', reply: false, expect: [target] })).toContain('only its readings');
  });

  it('says for whom a command waits, and whose took its place', () => {
    expect(said({ needsApproval: true })).toContain('Waits for another person');
    expect(said({})).not.toContain('person');
    expect(said({ state: 'expired', needsApproval: true })).toContain('Nobody else agreed');
    expect(said({ state: 'expired' })).not.toContain('Nobody');
    const transitions: Command['transitions'] = [{ state: 'superseded', at: 1, cause: 'newer', by: 'ben' }];
    expect(said({ state: 'superseded', transitions })).toContain('A later command of ben');
  });
});

it('says how often a command was sent, and while it may be sent again how often still', () => {
  const words = (more: Partial<Command>) => deliveryWords(command(more));
  expect(words({})).toBe('To be sent at most once');
  expect(words({ retries: 2 })).toBe('To be sent up to 3 times');
  expect(words({ state: 'sent', attempts: 1 })).toBe('Sent once, at most once');
  expect(words({ state: 'sent', attempts: 1, retries: 2 })).toBe('Sent once, up to 2 times more without an answer');
  expect(words({ state: 'sent', attempts: 3, retries: 2 })).toBe('Sent 3 times, not again');
  expect(words({ state: 'verified', attempts: 3, retries: 2 })).toBe('Sent 3 times');
  expect(words({ state: 'cancelled' })).toBe('');
});
