// The dead-letter box: payloads that could not be understood, with the reason ([ING-2]). It is bounded, and what
// goes into it is sampled: a device that sends nothing else must not wear out the disk. All are counted.
import { isUtf8 } from 'node:buffer';
import { type DeadLetter, limits } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';

/** Letters kept in one second; further ones are only counted. */
const keptPerSecondMax = 20;
/** The box is trimmed once for so many letters. */
const trimEvery = 50;

export type DeadLetterPorts = {
  clock: Clock;
  /** Commits a letter; where `trimTo` is given, all but the newest so many go. */
  keepLetter(letter: Omit<DeadLetter, 'id'>, trimTo: number | null): Promise<void>;
};

/** The first bytes of a payload, as text where it is text, else as hex. */
export function excerptOf(payload: Uint8Array): string {
  const first = payload.subarray(0, limits.deadLetterBytesMax);
  // The cut may fall into a character, so the whole is judged, and the broken end is left out.
  if (isUtf8(payload)) return Buffer.from(first).toString().replace(/�+$/, '');
  return `0x${Buffer.from(first).toString('hex')}`;
}

export class DeadLetterBox {
  refused = 0;
  private kept = 0;
  private second = 0;
  private keptThisSecond = 0;
  private readonly ports: DeadLetterPorts;

  constructor(ports: DeadLetterPorts) {
    this.ports = ports;
  }

  /** Counts a letter, and keeps it where the second still has room. Resolves once it is on disk. */
  async add(letter: Omit<DeadLetter, 'id' | 'at' | 'payload' | 'payloadBytes'>, payload: Uint8Array): Promise<void> {
    this.refused++;
    const at = this.ports.clock.now();
    const second = Math.floor(at / 1000);
    if (second !== this.second) {
      this.second = second;
      this.keptThisSecond = 0;
    }
    if (++this.keptThisSecond > keptPerSecondMax) return;
    const trimTo = this.kept++ % trimEvery === 0 ? limits.deadLettersMax : null;
    const kept = { ...letter, at, payload: excerptOf(payload), payloadBytes: payload.byteLength };
    await this.ports.keepLetter(kept, trimTo);
  }
}
