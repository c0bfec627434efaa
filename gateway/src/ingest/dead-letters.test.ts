import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { type DeadLetter, limits } from '../contract/index.ts';
import { DeadLetterBox, excerptOf } from './dead-letters.ts';

const letter = { device: 'a', topic: 'devices/a/telemetry', code: 'payload_not_json', hint: 'expected JSON' } as const;

function makeBox() {
  const clock = new ManualClock(1_000_000);
  const kept: Omit<DeadLetter, 'id'>[] = [];
  const trims: (number | null)[] = [];
  const box = new DeadLetterBox({
    clock,
    keepLetter: async (one, trimTo) => {
      kept.push(one);
      trims.push(trimTo);
    },
  });
  return { clock, kept, trims, box };
}

describe('the dead-letter box', () => {
  test('[ING-2] keeps a letter with its reason, its hint and what came', async () => {
    const { box, kept } = makeBox();
    await box.add(letter, Buffer.from('{oops'));
    expect(kept).toEqual([{ ...letter, at: 1_000_000, payload: '{oops', payloadBytes: 5 }]);
  });

  test('[ING-2] of a flood 20 a second are kept, and all are counted', async () => {
    const { box, kept, clock } = makeBox();
    for (let i = 0; i < 100; i++) await box.add(letter, Buffer.from('x'));
    expect([box.refused, kept.length]).toEqual([100, 20]);
    clock.advance(999);
    await box.add(letter, Buffer.from('x'));
    expect([box.refused, kept.length]).toEqual([101, 20]);
    clock.advance(1);
    for (let i = 0; i < 100; i++) await box.add(letter, Buffer.from('x'));
    expect([box.refused, kept.length]).toEqual([201, 40]);
  });

  test('[ING-2] is trimmed to the newest thousand, beginning with the first letter after a start', async () => {
    const { box, trims, clock } = makeBox();
    for (let i = 0; i < 120; i++) {
      await box.add(letter, Buffer.from('x'));
      clock.advance(1_000);
    }
    expect(limits.deadLettersMax).toBe(1_000);
    expect(trims[0]).toBe(1_000);
    expect(trims.filter(trimTo => trimTo !== null)).toEqual([1_000, 1_000, 1_000]);
  });

  test('says where a letter could not be kept', async () => {
    const full = Object.assign(new Error('full'), { code: 'store_full' });
    const box = new DeadLetterBox({ clock: new ManualClock(), keepLetter: () => Promise.reject(full) });
    await expect(box.add(letter, Buffer.from('x'))).rejects.toBe(full);
    expect(box.refused).toBe(1);
  });
});

describe('the excerpt of a payload', () => {
  test('is its text, or hex where it is none', () => {
    expect(excerptOf(Buffer.from('21.5 °C'))).toBe('21.5 °C');
    expect(excerptOf(Buffer.from([0xff, 0x00, 0x41]))).toBe('0xff0041');
    expect(excerptOf(Buffer.alloc(0))).toBe('');
  });

  test('is at most so many bytes long, and a character that the cut falls into is left out', () => {
    expect(excerptOf(Buffer.from('x'.repeat(2_000)))).toBe('x'.repeat(limits.deadLetterBytesMax));
    expect(excerptOf(Buffer.from(`x${'°'.repeat(1_000)}`))).toBe(`x${'°'.repeat(255)}`);
    expect(excerptOf(Buffer.alloc(2_000, 0xff))).toBe(`0x${'ff'.repeat(limits.deadLetterBytesMax)}`);
  });
});
