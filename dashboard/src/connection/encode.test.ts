// Messages to the gateway, which closes a connection whose message is too large.
import type { ClientFrame } from '@telltale/gateway/contract';
import { limits } from '@telltale/gateway/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messagesOf } from './encode.ts';

const unsub = (sub: string): ClientFrame => ({ t: 'unsub', sub });
const framesOf = (messages: readonly string[]) => messages.flatMap(text => JSON.parse(text) as ClientFrame[]);

describe('messages', () => {
  it('hold all frames where they fit, and one as it is', () => {
    expect(messagesOf([unsub('a'), unsub('b')], 1_000)).toEqual(['[{"t":"unsub","sub":"a"},{"t":"unsub","sub":"b"}]']);
    expect(messagesOf([unsub('a')], 1_000)).toEqual(['{"t":"unsub","sub":"a"}']);
    expect(messagesOf([], 1_000)).toEqual([]);
  });

  it('have no more frames than the gateway takes', () => {
    const messages = messagesOf(Array(limits.framesPerMessageMax + 1).fill(unsub('a')), 1_000_000);
    expect(messages.map(text => [JSON.parse(text)].flat().length)).toEqual([limits.framesPerMessageMax, 1]);
  });

  it('bring each frame in its order, and are no larger than they may be unless one frame is', () => {
    const names = fc.array(fc.string({ unit: 'grapheme', maxLength: 60 }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(names, fc.integer({ min: 100, max: 2_000 }), (subs, bytesMax) => {
        const messages = messagesOf(subs.map(unsub), bytesMax);
        expect(framesOf(messages)).toEqual(subs.map(unsub));
        for (const text of messages) {
          const isSingle = text.startsWith('{');
          if (!isSingle) expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(bytesMax);
        }
      }),
    );
  });
});
