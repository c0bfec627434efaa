// What is read from a device's own list of commands.
import { describe, expect, it } from 'vitest';
import { describeOffered, offeredCommands } from './offered-commands.ts';

const offered = (commands: string | number) => offeredCommands({ commands });

describe('the commands that a device says it knows', () => {
  it('have a name, and parameters where they take some', () => {
    expect(offered('setTarget {value}, defrost')).toEqual([
      { name: 'setTarget', params: ['value'] },
      { name: 'defrost', params: [] },
    ]);
    expect(offered('move{x,y}, stop').map(describeOffered)).toEqual(['move {x, y}', 'stop']);
  });

  it('are none where the device does not say, or says something else', () => {
    expect(offeredCommands({})).toEqual([]);
    expect(offered(3)).toEqual([]);
    expect(offered('')).toEqual([]);
    expect(offered('{ , } {{')).toEqual([]);
  });

  it('are each offered once, and not without end', () => {
    expect(offered('start, start {rpm}')).toEqual([{ name: 'start', params: [] }]);
    expect(offered(Array.from({ length: 100 }, (_, index) => `c${index}`).join(', '))).toHaveLength(24);
    expect(
      offered(`go {${Array.from({ length: 100 }, (_, index) => `p${index}`).join(', ')}}`)[0]!.params,
    ).toHaveLength(16);
  });
});
