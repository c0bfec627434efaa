// The commands that something is still to be done for, in memory, with what only this run of the gateway knows of them.
import { type Command, limits, type Proof, Refusal } from '../contract/index.ts';
import { type Due, noDeadline } from '../lib/deadlines.ts';

/** Times are elapsed ones: a clock that is set must prolong nothing ([CMD-3]). */
export type Entry = Due & {
  command: Command;
  /** When its life ends. */
  overAt: number;
  /** Null while it was not handed to anybody: most of those that wait for a device are like that. */
  sending: Sending | null;
  /** Who asked for a later one of its supersede key while it was called sent; null where nobody did. */
  newer: Pick<Command, 'by' | 'from'> | null;
  /** The log has refused it, and no step of it was taken since: nothing more is begun with it. */
  isRefused: boolean;
};

export type Sending = {
  /** When it was sent first, readings count from then on; and last, minus infinity where that was before a restart. */
  firstAt: number;
  lastAt: number;
  /** When the device's PUBACK came, by the wall; null before that. And when that becomes a step of its own. */
  takenAt: number | null;
  notedAt: number;
  /** It may be sent again from then on, where it may be; infinity where the device has to come first. */
  retryAt: number;
  /** Since when its proof is waited for; null while its answer is. */
  provingSince: number | null;
  /** By expectation, the newest reading that counted; null where no readings are looked at. */
  newest: (Proof | null)[] | null;
  /** How far the device's clock is ahead, as far as it is known. */
  clockAheadMs: number | null;
  /** What the device took until then, by its clock, it had kept while it was away; minus infinity where it kept nothing. */
  keptUntil: number;
};

/** A command that was sent at the given elapsed time; of one that was sent before, since when readings count for it. */
export function sentAt(firstAt: number): Sending {
  return {
    firstAt,
    lastAt: Number.NEGATIVE_INFINITY,
    takenAt: null,
    notedAt: Number.POSITIVE_INFINITY,
    retryAt: Number.POSITIVE_INFINITY,
    provingSince: null,
    newest: null,
    clockAheadMs: null,
    keptUntil: Number.NEGATIVE_INFINITY,
  };
}

export class OpenCommands {
  private readonly byId = new Map<string, Entry>();
  /** They are few for each device. */
  private readonly byDevice = new Map<string, Entry[]>();

  get(id: string): Entry | undefined {
    return this.byId.get(id);
  }

  size(): number {
    return this.byId.size;
  }

  /** Those of a device, in order of their requests. */
  of(device: string): Entry[] {
    // One that was taken up again after it had ended stands behind newer ones.
    return [...(this.byDevice.get(device) ?? [])].sort((a, b) => (a.command.id < b.command.id ? -1 : 1));
  }

  /** True where one of a device's is like that. */
  some(device: string, is: (entry: Entry) => boolean): boolean {
    return this.byDevice.get(device)?.some(is) ?? false;
  }

  /** Refuses one more where there are too many. */
  checkRoom(device: string): void {
    if (this.byId.size >= limits.commandsOpenMax) {
      throw new Refusal('too_many', `at most ${limits.commandsOpenMax} open commands`);
    }
    if ((this.byDevice.get(device)?.length ?? 0) >= limits.commandsPerDeviceMax) {
      throw new Refusal('too_many', `at most ${limits.commandsPerDeviceMax} open commands a device`);
    }
  }

  add(command: Command, overAt: number): Entry {
    const entry: Entry = { command, overAt, sending: null, newer: null, isRefused: false, ...noDeadline };
    this.byId.set(command.id, entry);
    const own = this.byDevice.get(command.device);
    if (own === undefined) this.byDevice.set(command.device, [entry]);
    else own.push(entry);
    return entry;
  }

  remove({ id, device }: Command): void {
    const entry = this.byId.get(id);
    const own = this.byDevice.get(device);
    if (entry === undefined || own === undefined) return;
    this.byId.delete(id);
    own.splice(own.indexOf(entry), 1);
    if (own.length === 0) this.byDevice.delete(device);
  }
}
