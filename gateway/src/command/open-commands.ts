// The commands that something is still to be done for, in memory, with what only this run of the gateway knows of them.
import { type Command, limits, type Proof, Refusal } from '../contract/index.ts';

/** Times are elapsed ones: a clock that is set must prolong nothing ([CMD-3]). */
export type Entry = {
  command: Command;
  /** When its life ends. */
  overAt: number;
  /** When it was sent first, and last. */
  firstSentAt: number;
  lastSentAt: number;
  /** It may be sent again from then on, where it may be; for ever later where the device has to come first. */
  retryAt: number;
  /** Since when its proof is waited for; null while its answer is. */
  provingSince: number | null;
  /** By expectation, the newest reading that counted; null where nothing is expected. */
  newest: (Proof | null)[] | null;
  /** How far the device's clock is ahead, as far as it is known. */
  clockAheadMs: number | null;
};

export class OpenCommands {
  private readonly byId = new Map<string, Entry>();
  private readonly byDevice = new Map<string, Map<string, Entry>>();

  get(id: string): Entry | undefined {
    return this.byId.get(id);
  }

  size(): number {
    return this.byId.size;
  }

  /** Those of a device, in order of their requests. */
  of(device: string): Entry[] {
    const own = this.byDevice.get(device);
    // One that was taken up again after it had ended stands behind newer ones.
    return own === undefined ? [] : [...own.values()].sort((a, b) => (a.command.id < b.command.id ? -1 : 1));
  }

  /** Refuses one more where there are too many. */
  checkRoom(device: string): void {
    if (this.byId.size >= limits.commandsOpenMax) {
      throw new Refusal('too_many', `at most ${limits.commandsOpenMax} open commands`);
    }
    if ((this.byDevice.get(device)?.size ?? 0) >= limits.commandsPerDeviceMax) {
      throw new Refusal('too_many', `at most ${limits.commandsPerDeviceMax} open commands a device`);
    }
  }

  add(command: Command, overAt: number): Entry {
    const entry: Entry = {
      command,
      overAt,
      firstSentAt: Number.NEGATIVE_INFINITY,
      lastSentAt: Number.NEGATIVE_INFINITY,
      retryAt: Number.POSITIVE_INFINITY,
      provingSince: null,
      newest: null,
      clockAheadMs: null,
    };
    this.byId.set(command.id, entry);
    const own = this.byDevice.get(command.device) ?? new Map<string, Entry>();
    this.byDevice.set(command.device, own.set(command.id, entry));
    return entry;
  }

  remove({ id, device }: Command): void {
    this.byId.delete(id);
    const own = this.byDevice.get(device);
    own?.delete(id);
    if (own?.size === 0) this.byDevice.delete(device);
  }
}
