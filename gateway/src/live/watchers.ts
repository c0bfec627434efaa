// Who watches which device, and telling them of each other and of who has the device ([CMD-11]). Somebody watches a
// device with a subscription that names it alone; whoever looks at many by patterns or lists costs nothing here.
// Full: bounded by the viewers and their subscriptions. Names told of a device are `limits.watchingMax`.
import { type DeviceControl, type Lease, limits, personOf, type ServerFrame } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';

/** What changes of a device within this time is told together. */
const roundMs = 250;
/** How long somebody is still there who has gone: longer than from one long poll, or one page, to the next. */
const lingerMs = 2_000;
/** Of how many that is remembered; the next are gone at once. */
const lingeringMax = 10_000;

export type WatcherPorts = { clock: Clock; lease(device: string): Lease | null };

/** A viewer, once for each device that it watches. */
export type Watcher = {
  readonly name: string;
  /** Something is to be told of this device; `version` says which state of it. */
  controlChanged(device: string, version: number): void;
};

/** `people`: by name, how many of their viewers are there, or were a moment ago. */
type Watched = { people: Map<string, number>; watchers: Set<Watcher>; version: number };

export class Watchers {
  private readonly devices = new Map<string, Watched>();
  /** Devices of which something is to be told with the next round. */
  private readonly changed = new Set<string>();
  private roundIsSet = false;
  private lingering = 0;
  private version = 0;
  private readonly ports: WatcherPorts;

  constructor(ports: WatcherPorts) {
    this.ports = ports;
  }

  /** Number of the newest change of any device. */
  newest(): number {
    return this.version;
  }

  join(device: string, watcher: Watcher): void {
    let watched = this.devices.get(device);
    if (watched === undefined) {
      watched = { people: new Map(), watchers: new Set(), version: 0 };
      this.devices.set(device, watched);
    }
    watched.watchers.add(watcher);
    const person = personOf(watcher.name);
    const count = watched.people.get(person) ?? 0;
    watched.people.set(person, count + 1);
    if (count === 0) this.change(device);
  }

  leave(device: string, watcher: Watcher): void {
    const watched = this.devices.get(device);
    if (watched?.watchers.delete(watcher) !== true) return;
    const person = personOf(watcher.name);
    if (this.lingering >= lingeringMax) return this.gone(device, watched, person);
    this.lingering++;
    this.ports.clock.after(lingerMs, () => {
      this.lingering--;
      this.gone(device, watched, person);
    });
  }

  /** Something is to be told of a device, together with what else changes of it in a moment. */
  change(device: string): void {
    const watched = this.devices.get(device);
    if (watched === undefined) return;
    watched.version = ++this.version;
    this.changed.add(device);
    if (this.roundIsSet) return;
    this.roundIsSet = true;
    this.ports.clock.after(roundMs, () => this.round());
  }

  /** Which state of a device a viewer is told of now; 0 where nobody watches it. */
  versionOf(device: string): number {
    return this.devices.get(device)?.version ?? 0;
  }

  /** Those who watch a device, first come first. */
  of(device: string): DeviceControl {
    const people = this.devices.get(device)?.people.keys() ?? [];
    return {
      device,
      watching: Array.from(people).slice(0, limits.watchingMax),
      lease: this.ports.lease(device),
    };
  }

  frame(device: string): ServerFrame & { t: 'control' } {
    return { t: 'control', ...this.of(device) };
  }

  private round(): void {
    this.roundIsSet = false;
    const devices = [...this.changed];
    this.changed.clear();
    for (const device of devices) {
      const watched = this.devices.get(device);
      for (const watcher of watched?.watchers ?? []) watcher.controlChanged(device, watched?.version ?? 0);
    }
  }

  private gone(device: string, watched: Watched, person: string): void {
    const left = (watched.people.get(person) ?? 1) - 1;
    if (left > 0) return void watched.people.set(person, left);
    watched.people.delete(person);
    if (watched.people.size === 0) this.devices.delete(device);
    else this.change(device);
  }
}
