// Faults of the line: a connection that breaks now and then, and a device that goes away for a while.
import type { Fault, FaultSetup } from './fault.ts';

const dropEveryMs = 45_000;
const awayEveryMs = 45_000;
const awayForMs = 40_000;
/** Between two absences the device is there for at least this long. */
const awayPauseMs = 60_000;

/** The connection breaks every 45 s on average and comes back at once. */
export function createDrop({ random, startMs }: FaultSetup): Fault {
  let nextMs = startMs + random.wait(dropEveryMs);
  return {
    sampled(nowMs, hands) {
      if (nowMs < nextMs) return;
      nextMs = nowMs + random.wait(dropEveryMs);
      hands.cut(0);
    },
  };
}

/** The device goes away for 40 s every two or three minutes, as one on a weak radio link does. */
export function createAway({ random, startMs }: FaultSetup): Fault {
  let nextMs = startMs + awayPauseMs + random.wait(awayEveryMs);
  return {
    sampled(nowMs, hands) {
      if (nowMs < nextMs) return;
      nextMs = nowMs + awayForMs + awayPauseMs + random.wait(awayEveryMs);
      hands.cut(awayForMs);
    },
  };
}
