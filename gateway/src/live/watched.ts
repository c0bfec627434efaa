// The devices that one viewer watches, and what it is still to be told of them. What finds no room is told as it is
// once there is room: of each device at most one thing waits ([LIV-3]).
import type { ChannelSpec, Sight } from './channel.ts';
import type { Outlet } from './subscription.ts';
import type { Watcher, Watchers } from './watchers.ts';

export type WatchedPorts = { watchers: Watchers; sight?: Sight };

/** `subscriptions` of the viewer name it, and it was told of this `version`. */
type Told = { subscriptions: number; version: number };

/** The device that a subscription is to, where it is to one alone. */
function onlyDevice({ device }: Pick<ChannelSpec, 'device'>): string | null {
  const [name] = device ?? [];
  return device?.length === 1 && name !== undefined && !name.includes('*') ? name : null;
}

export class Watched implements Watcher {
  readonly name: string;
  /** Changes up to this one were told on the connection before; null where that is not known. */
  toldBefore: number | null = null;
  private readonly devices = new Map<string, Told>();
  private readonly waiting = new Set<string>();
  private readonly ports: WatchedPorts;
  private readonly outlet: Pick<Outlet, 'send'> & { hasRoom(): boolean };

  constructor(name: string, ports: WatchedPorts, outlet: Watched['outlet']) {
    this.name = name;
    this.ports = ports;
    this.outlet = outlet;
  }

  /** A subscription begins: where it is to one device, who else is there is told at once. */
  begin(spec: ChannelSpec): void {
    const device = onlyDevice(spec);
    // What lies outside of the sight is not there, nor is anybody who looks at it ([ACC-6]).
    if (device === null || this.ports.sight?.sees(device) === false) return;
    const { watchers } = this.ports;
    const known = this.devices.get(device);
    if (known === undefined) {
      this.devices.set(device, { subscriptions: 1, version: 0 });
      watchers.join(device, this);
    } else known.subscriptions++;
    const version = watchers.versionOf(device);
    // A long poll waits for what is new: what was told with the answer before is not.
    this.tell(device, version, this.toldBefore !== null && version > this.toldBefore);
  }

  end(spec: ChannelSpec): void {
    const device = onlyDevice(spec);
    const known = device === null ? undefined : this.devices.get(device);
    if (device === null || known === undefined || --known.subscriptions > 0) return;
    this.devices.delete(device);
    this.waiting.delete(device);
    this.ports.watchers.leave(device, this);
  }

  controlChanged(device: string, version: number): void {
    if (version > (this.devices.get(device)?.version ?? version)) this.tell(device, version, true);
  }

  /** Changes up to this one were told; null where nothing is watched. */
  toldThrough(): number | null {
    const { watchers } = this.ports;
    let through = watchers.newest();
    for (const [device, { version }] of this.devices) {
      if (version < watchers.versionOf(device)) through = Math.min(through, version);
    }
    return this.devices.size === 0 ? null : through;
  }

  /** Tells what waits, as far as there is room. */
  pump(): void {
    for (const device of this.waiting) {
      if (!this.outlet.hasRoom()) return;
      this.waiting.delete(device);
      this.tell(device, this.ports.watchers.versionOf(device), true);
    }
  }

  private tell(device: string, version: number, news: boolean): void {
    const known = this.devices.get(device);
    if (known === undefined) return;
    if (!this.outlet.hasRoom()) return void this.waiting.add(device);
    known.version = version;
    this.outlet.send(JSON.stringify(this.ports.watchers.frame(device)), news);
  }
}
