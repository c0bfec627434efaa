import { describe, expect, test } from 'vitest';
import { Random } from '../random.ts';
import { type Fault, goodConduct, type Hands } from './fault.ts';
import { type FaultName, faults } from './names.ts';

const startMs = 1_700_000_000_000;

/** Ten minutes of samples, one a second, and all that the fault did in them. */
function run(name: FaultName, seed = 1) {
  const fault: Fault = faults[name].create({ random: new Random(seed, name), startMs });
  const deeds: (string | number)[][] = [];
  let heldS = 0;
  for (let nowMs = startMs; nowMs < startMs + 600_000; nowMs += 1000) {
    const hands: Hands = {
      sendRaw: payload => deeds.push(['raw', payload]),
      record: ts => deeds.push(['record', ts - nowMs]),
      cut: awayMs => deeds.push(['cut', awayMs]),
    };
    if (fault.holding?.(nowMs)) heldS++;
    fault.sampled?.(nowMs, hands);
  }
  return { fault, deeds, heldS };
}

describe('faults', () => {
  test('the same seed misbehaves the same', () => {
    for (const name of ['drop', 'away', 'garbage', 'late', 'burst'] as const) {
      expect(run(name, 4).deeds).toEqual(run(name, 4).deeds);
      expect(run(name, 4).heldS).toBe(run(name, 4).heldS);
    }
  });

  test('drop breaks the line and lets it come back at once', () => {
    const { deeds } = run('drop');
    expect(deeds.length).toBeGreaterThan(4);
    expect(deeds.length).toBeLessThan(40);
    expect(deeds.every(deed => deed[0] === 'cut' && deed[1] === 0)).toBe(true);
  });

  test('away stays away for 40 s, a few times in ten minutes', () => {
    const { deeds } = run('away');
    expect(deeds.length).toBeGreaterThan(0);
    expect(deeds.length).toBeLessThan(7);
    expect(deeds.every(deed => deed[1] === 40_000)).toBe(true);
  });

  test('a bad clock began in 1970', () => {
    const { fault } = run('bad-clock');
    expect(fault.stamp?.(startMs + 5_000)).toBe(5_000);
  });

  test('garbage comes now and then', () => {
    const { deeds } = run('garbage');
    expect(deeds.length).toBeGreaterThan(10);
    expect(deeds.length).toBeLessThan(60);
    expect(new Set(deeds.map(deed => deed[1])).size).toBeGreaterThan(3);
  });

  test('late holds readings back, and not for ever', () => {
    const { heldS } = run('late');
    expect(heldS).toBeGreaterThan(30);
    expect(heldS).toBeLessThan(400);
  });

  test('a burst is 200 readings of the last fifth of a second', () => {
    const { deeds } = run('burst');
    expect(deeds.length % 200).toBe(0);
    expect(deeds.length).toBeGreaterThan(0);
    expect(deeds[0]).toEqual(['record', -200]);
    expect(deeds[199]).toEqual(['record', -1]);
  });
});

describe('faults of commands', () => {
  /** The conduct at twenty commands that live for half a minute. */
  const conducts = (name: FaultName, seed = 1, lifeMs = 30_000) => {
    const fault: Fault = faults[name].create({ random: new Random(seed, name), startMs });
    return Array.from({ length: 20 }, () => fault.conduct!(goodConduct, startMs + lifeMs, startMs));
  };

  test('the same seed misbehaves the same', () => {
    for (const name of ['slow', 'twice', 'late-answer', 'dies'] as const) {
      expect(conducts(name, 4)).toEqual(conducts(name, 4));
      expect(conducts(name, 4)).not.toEqual(conducts(name, 5));
    }
  });

  test('mute never answers', () => {
    expect(conducts('mute')[0]).toEqual({ ...goodConduct, answersAfterMs: [] });
  });

  test('a liar does nothing', () => {
    expect(conducts('liar')[0]).toEqual({ ...goodConduct, lies: true });
  });

  test('slow takes 2 to 5 s and answers after that, always the same, so that order is kept', () => {
    const [first, ...more] = conducts('slow');
    expect(first!.beforeMs).toBeGreaterThanOrEqual(2_000);
    expect(first!.beforeMs).toBeLessThanOrEqual(5_000);
    expect(first!.answersAfterMs[0]).toBeGreaterThanOrEqual(500);
    for (const conduct of more) expect(conduct).toEqual(first);
  });

  test('twice answers at once and again a little later', () => {
    for (const { answersAfterMs } of conducts('twice')) {
      expect(answersAfterMs).toHaveLength(2);
      expect(answersAfterMs[0]).toBe(0);
      expect(answersAfterMs[1]).toBeGreaterThan(0);
    }
  });

  test('late-answer carries out at once and answers when the life of the command is over, however short that was', () => {
    for (const [lifeMs, waitedMs] of [
      [30_000, 30_000],
      [500, 10_000],
    ] as const) {
      for (const { beforeMs, answersAfterMs } of conducts('late-answer', 1, lifeMs)) {
        expect(beforeMs).toBe(0);
        expect(answersAfterMs[0]).toBeGreaterThan(waitedMs);
      }
    }
  });

  test('dies stays away for 5 to 15 s, with and without having carried out', () => {
    const deaths = conducts('dies').map(({ dies }) => dies!);
    expect(new Set(deaths.map(({ carriedOut }) => carriedOut))).toEqual(new Set([true, false]));
    for (const { awayMs } of deaths) {
      expect(awayMs).toBeGreaterThanOrEqual(5_000);
      expect(awayMs).toBeLessThanOrEqual(15_000);
    }
  });
});
