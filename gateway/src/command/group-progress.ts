// How far a group of commands has come: an outcome for each of its devices, counted as they change.
// Invariant: the counts add up to the number of devices ([CMD-10]). Costs five bytes a device beside the list of ids.
import { type CommandGroup, commandStates, type GroupOutcome, groupFailures, type Millis } from '../contract/index.ts';

const outcomes: readonly GroupOutcome[] = ['pending', 'refused', ...commandStates];
const codeOf = new Map(outcomes.map((outcome, code) => [outcome, code]));
const failures: ReadonlySet<GroupOutcome> = new Set(groupFailures);
/** By code, 1 for what did not work. */
const isFailure = Uint8Array.from(outcomes, outcome => Number(failures.has(outcome)));

/** What is known of a device's command. `steps` is the number of its transitions: of two accounts the longer counts. */
export type GroupStep = {
  device: string;
  /** The command's id. */
  id: string;
  state: Exclude<GroupOutcome, 'pending' | 'refused'>;
  steps: number;
  open: boolean;
  /** Until when an answer is waited for where it is *unknown* and not open. */
  answerBy: Millis;
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
  private failed = 0;
  /** Asked, and put aside for want of room. */
  private readonly aside = new Set<string>();

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

  /** How many did not work. What may still be answered takes its place, and is none of them yet. */
  failures(): number {
    return this.failed;
  }

  /** Devices whose command is open, on its way to the ledger, or unknown and may still be answered. */
  openCount(): number {
    return this.placesTaken;
  }

  /** Devices that were put aside. */
  asideCount(): number {
    return this.aside.size;
  }

  /** The next device that was not asked; it takes a place from now on. Null where all were asked. */
  take(): string | null {
    const device = this.devices[this.next()];
    if (device === undefined) return null;
    this.asked[this.nextAt] = 1;
    this.put(this.nextAt, this.outcome[this.nextAt] as number, true);
    return device;
  }

  /** The device was not asked after all, for want of room somewhere: it is the next again. */
  giveBack(device: string): void {
    if (!this.vacate(device)) return;
    const at = this.find(device);
    this.asked[at] = 0;
    this.nextAt = Math.min(this.nextAt, at);
  }

  /** The same, but the others come first: it is asked again once those that were put aside are taken up. */
  putAside(device: string): void {
    if (this.vacate(device)) this.aside.add(device);
  }

  takeUp(): void {
    const aside = [...this.aside];
    this.aside.clear();
    for (const device of aside) this.giveBack(device);
  }

  /** True where every device was asked and nothing is open any more. */
  isDone(): boolean {
    return this.placesTaken === 0 && this.aside.size === 0 && this.next() === this.devices.length;
  }

  /** Takes in what became of a command, and says whether that was news. */
  heard({ device, id, state, steps, open }: GroupStep): boolean {
    const at = this.find(device);
    if (at < 0 || steps <= (this.steps[at] as number)) return false;
    this.steps[at] = Math.min(steps, 65_535);
    this.asked[at] = 1;
    this.aside.delete(device);
    this.put(at, codeOf.get(state) as number, open);
    if (open) this.openIds.set(device, id);
    else this.openIds.delete(device);
    return true;
  }

  /** The device's command is not open and something may be heard of it yet: it keeps its place. */
  wait(device: string): void {
    const at = this.find(device);
    if (at >= 0) this.put(at, this.outcome[at] as number, true);
  }

  /** Nothing of the device's command is waited for any more: it stays what it is. */
  giveUp(device: string): void {
    const at = this.find(device);
    if (at >= 0) this.put(at, this.outcome[at] as number, false);
  }

  /** The device was asked nothing, after all. Changes nothing where there is a command of it. */
  refused(device: string): boolean {
    const at = this.find(device);
    if (at < 0 || this.steps[at] !== 0) return false;
    this.asked[at] = 1;
    this.put(at, codeOf.get('refused') as number, false);
    return true;
  }

  /** Ids of the commands that wait for their devices. */
  queued(): string[] {
    const queued = codeOf.get('queued');
    const ids: string[] = [];
    for (const [device, id] of this.openIds) if (this.outcome[this.find(device)] === queued) ids.push(id);
    return ids;
  }

  private next(): number {
    while (this.nextAt < this.devices.length && this.asked[this.nextAt] === 1) this.nextAt++;
    return this.nextAt;
  }

  /** Takes away the place of a device of which there is no command. */
  private vacate(device: string): boolean {
    const at = this.find(device);
    if (at < 0 || this.steps[at] !== 0) return false;
    this.put(at, this.outcome[at] as number, false);
    return true;
  }

  private put(at: number, code: number, placed: boolean): void {
    const before = this.outcome[at] as number;
    const wasPlaced = this.placed[at] === 1;
    this.numbers[before] = (this.numbers[before] as number) - 1;
    this.numbers[code] = (this.numbers[code] as number) + 1;
    this.outcome[at] = code;
    this.placed[at] = Number(placed);
    this.placesTaken += Number(placed) - Number(wasPlaced);
    if (!wasPlaced) this.failed -= isFailure[before] as number;
    if (!placed) this.failed += isFailure[code] as number;
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
