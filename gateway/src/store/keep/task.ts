// What keeping the store is made of: tasks that do a slice, say what is to be written, and go on when it is.
import type { KeepEffect } from '../statements.ts';

/** One slice of a task: the effects are committed together before the task goes on. Each slice is complete in itself. */
export type Task = Generator<KeepEffect[], void, void>;

/** A slice is written when it has come to so much: some milliseconds of a slow card, so that no commit waits long. */
const sliceBytesMax = 256 * 1024;
const sliceEffectsMax = 500;

/** Effects that gather until they are worth a slice. */
export class Slice {
  private effects: KeepEffect[] = [];
  private bytes = 0;

  add(...effect: KeepEffect): void {
    this.effects.push(effect);
    for (const param of effect) if (param instanceof Uint8Array) this.bytes += param.byteLength;
  }

  isFull(): boolean {
    return this.bytes >= sliceBytesMax || this.effects.length >= sliceEffectsMax;
  }

  take(): KeepEffect[] {
    const taken = this.effects;
    this.effects = [];
    this.bytes = 0;
    return taken;
  }
}
