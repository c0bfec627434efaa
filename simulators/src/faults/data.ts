// Faults of the data: a clock that was never set, payloads that nobody can read, batches that come late, bursts.
import type { Fault, FaultSetup } from './fault.ts';

const garbageShare = 0.05;
const lateEveryMs = 60_000;
const lateLowMs = 10_000;
const lateHighMs = 40_000;
const burstEveryMs = 30_000;
/** Readings of one burst. They are filed one millisecond apart, up to now. */
const burstReadings = 200;

const garbage = Object.freeze([
  '',
  '{"temperature":',
  'ERR:-127',
  '[[[[[[[[[[[[1]]]]]]]]]]]]',
  '{"temperature":null}',
  '{"values":"none"}',
  '{"ts":"yesterday","values":{"temperature":1}}',
  `{"text":"${'x'.repeat(4000)}"}`,
  'null',
]);

/** A clock that starts at 1970 with each start of the device. */
export function createBadClock({ startMs }: FaultSetup): Fault {
  return { stamp: ts => ts - startMs };
}

/** One message in twenty is followed by one that cannot be understood. */
export function createGarbage({ random }: FaultSetup): Fault {
  return {
    sampled(_nowMs, hands) {
      if (random.chance(garbageShare)) hands.sendRaw(garbage[random.whole(0, garbage.length - 1)]!);
    },
  };
}

/** Keeps readings back for 10 to 40 s now and then, and sends them all at once. */
export function createLate({ random, startMs }: FaultSetup): Fault {
  let beginMs = startMs + random.wait(lateEveryMs);
  let endMs = beginMs + random.between(lateLowMs, lateHighMs);
  return {
    holding(nowMs) {
      if (nowMs >= endMs) {
        beginMs = nowMs + random.wait(lateEveryMs);
        endMs = beginMs + random.between(lateLowMs, lateHighMs);
      }
      return nowMs >= beginMs;
    },
  };
}

/** Takes 200 readings at once every 30 s on average. */
export function createBurst({ random, startMs }: FaultSetup): Fault {
  let nextMs = startMs + random.wait(burstEveryMs);
  return {
    sampled(nowMs, hands) {
      if (nowMs < nextMs) return;
      nextMs = nowMs + random.wait(burstEveryMs);
      for (let i = burstReadings; i > 0; i--) hands.record(nowMs - i);
    },
  };
}
