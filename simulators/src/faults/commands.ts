// Faults of a device that is told something: it lies, is slow, answers twice, late or never, or dies in the middle.
import { limits } from '@telltale/gateway/contract';
import type { Fault, FaultSetup } from './fault.ts';

const slowLowMs = 2_000;
const slowHighMs = 5_000;
const slowAnswerLowMs = 500;
const slowAnswerHighMs = 2_000;
const secondAnswerLowMs = 50;
const secondAnswerHighMs = 2_000;
/** Whoever sent a command of a short life waits at least this long for its answer. */
const answerAwaitedMs = 10_000;
const afterLifeLowMs = 1_000;
const afterLifeHighMs = 5_000;
const deadLowMs = 5_000;
const deadHighMs = 15_000;

/** Answers `ok` to everything and does nothing. */
export function createLiar(): Fault {
  return { conduct: soFar => ({ ...soFar, lies: true }) };
}

/** Carries out after some seconds, and answers some time after that; a device is always as slow, so order is kept. */
export function createSlow({ random }: FaultSetup): Fault {
  const beforeMs = Math.round(random.between(slowLowMs, slowHighMs));
  const answerMs = Math.round(random.between(slowAnswerLowMs, slowAnswerHighMs));
  return {
    conduct: soFar => ({
      ...soFar,
      beforeMs: soFar.beforeMs + beforeMs,
      answersAfterMs: soFar.answersAfterMs.map(afterMs => afterMs + answerMs),
    }),
  };
}

/** Gives each answer a second time. */
export function createTwice({ random }: FaultSetup): Fault {
  return {
    conduct: soFar => {
      const laterMs = Math.round(random.between(secondAnswerLowMs, secondAnswerHighMs));
      return { ...soFar, answersAfterMs: soFar.answersAfterMs.flatMap(afterMs => [afterMs, afterMs + laterMs]) };
    },
  };
}

/** Carries out in time, and answers when nobody waits for it any more. */
export function createLateAnswer({ random }: FaultSetup): Fault {
  return {
    conduct: (soFar, expiresAt, nowMs) => {
      const lifeMs = Math.min(Math.max(expiresAt - nowMs, answerAwaitedMs), limits.commandTtlMsMax);
      const lateMs = Math.round(lifeMs + random.between(afterLifeLowMs, afterLifeHighMs));
      return { ...soFar, answersAfterMs: soFar.answersAfterMs.map(afterMs => afterMs + lateMs) };
    },
  };
}

/** Loses its line with every command, half of them carried out, and is back after 5 to 15 s. */
export function createDies({ random }: FaultSetup): Fault {
  return {
    conduct: soFar => {
      const awayMs = Math.round(random.between(deadLowMs, deadHighMs));
      return { ...soFar, dies: { awayMs, carriedOut: random.chance(0.5) } };
    },
  };
}

/** Carries out and never answers. */
export function createMute(): Fault {
  return { conduct: soFar => ({ ...soFar, answersAfterMs: [] }) };
}
