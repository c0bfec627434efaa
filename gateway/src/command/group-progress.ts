// How far a group of commands has come: an outcome for each of its devices, counted as they change.
// Invariant: the counts add up to the number of devices ([CMD-10]). Costs five bytes a device beside the list of ids.
import { type CommandGroup, commandStates, type GroupOutcome, groupFailures } from '../contract/index.ts';

const outcomes: readonly GroupOutcome[] = ['pending', 'refused', ...commandStates];
const codeOf = new Map(outcomes.map((outcome, code) => [outcome, code]));
const failureCodes = groupFailures.map(outcome => codeOf.get(outcome) as number);

/** What is known of a device's command. `steps` is the number of its transitions: of two accounts the longer counts. */
export type GroupStep = {
  device: string;
  /** The command's id. */
  id: string;
  state: Exclude<GroupOutcome, 'pending' | 'refused'>;
  steps: number;
  open: boolean;
};

export class GroupProgress {
  readonly devices: readonly string[];
  private readonly outcome: Uint8Array;
  private readonly steps: Uint16Array;
  /** 1 while a device takes one of the places of those that are open at once. */
  private readonly placed: Uint8Array;
  private readonly asked: Uint8Array;
  private readonly numbers = outcomes.map(() => 0);
  /** Ids of commands that are open, by device. */
  private readonly openIds = new Map<string, string>();
  private nextAt = 0;
  private placesTaken = 0;

  /** `devices` are in order, each once. */
  constructor(devices: readonly string[]) {
    this.devices = devices;
    this.outcome = new Uint8Array(devices.length);
    this.steps = new Uint16Array(devices.length);
    this.placed = new Uint8Array(devices.length);
    this.asked = new Uint8Array(devices.length);
    this.numbers[0] = devices.length;
  }

  /** Those that are not nought. */
  counts(): CommandGroup['counts'] {
    return Object.fromEntries(
      outcomes.map((outcome, code) => [outcome, this.numbers[code]]).filter(([, n]) => n !== 0),
    );
  }

  failures(): number {
    return failureCodes.reduce((sum, code) => sum + (this.numbers[code] as number), 0);
  }

  /** Devices whose command is open or on its way to the ledger. */
  openCount(): number {
    return this.placesTaken;
  }

  /** The next device that was not asked; it takes a place from now on. Null where all were asked. */
  take(): string | null {
    while (this.nextAt < this.devices.length && this.asked[this.nextAt] === 1) this.nextAt++;
    const device = this.devices[this.nextAt];
    if (device === undefined) return null;
    this.asked[this.nextAt] = 1;
    this.place(this.nextAt, true);
    return device;
  }

  /** The device was not asked after all, for want of room somewhere: it is the next again. */
  giveBack(device: string): void {
    const at = this.find(device);
    if (at < 0 || this.steps[at] !== 0) return;
    this.asked[at] = 0;
    this.nextAt = Math.min(this.nextAt, at);
    this.place(at, false);
  }

  /** True where every device was asked and nothing is open any more. */
  isDone(): boolean {
    while (this.nextAt < this.devices.length && this.asked[this.nextAt] === 1) this.nextAt++;
    return this.placesTaken === 0 && this.nextAt === this.devices.length;
  }

  /** Takes in what became of a command, and says whether that was news. */
  heard({ device, id, state, steps, open }: GroupStep): boolean {
    const at = this.find(device);
    if (at < 0 || steps <= (this.steps[at] as number)) return false;
    this.steps[at] = Math.min(steps, 65_535);
    this.asked[at] = 1;
    this.count(at, state);
    this.place(at, open);
    if (open) this.openIds.set(device, id);
    else this.openIds.delete(device);
    return true;
  }

  /** The device was asked nothing, after all. Changes nothing where there is a command of it. */
  refused(device: string): boolean {
    const at = this.find(device);
    if (at < 0 || this.steps[at] !== 0) return false;
    this.count(at, 'refused');
    this.place(at, false);
    return true;
  }

  /** Ids of the commands that wait for their devices. */
  queued(): string[] {
    const queued = codeOf.get('queued');
    const ids: string[] = [];
    for (const [device, id] of this.openIds) if (this.outcome[this.find(device)] === queued) ids.push(id);
    return ids;
  }

  private count(at: number, outcome: GroupOutcome): void {
    const code = codeOf.get(outcome) as number;
    const before = this.outcome[at] as number;
    this.numbers[before] = (this.numbers[before] as number) - 1;
    this.numbers[code] = (this.numbers[code] as number) + 1;
    this.outcome[at] = code;
  }

  private place(at: number, taken: boolean): void {
    this.placesTaken += Number(taken) - (this.placed[at] as number);
    this.placed[at] = Number(taken);
  }

  /** Where a device is in the list, which is in order; -1 where it is not. */
  private find(device: string): number {
    let low = 0;
    let high = this.devices.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.devices[middle] as string;
      if (found === device) return middle;
      if (found < device) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}
