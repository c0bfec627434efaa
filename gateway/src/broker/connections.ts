// Which connection is which device: for presence, and for handing a command, or what is desired, to exactly one.
import { limits } from '../contract/index.ts';

/** Devices that one connection may speak for; a field gateway has some hundreds behind it. */
const devicesPerConnectionMax = 10_000;

/** What the gateway sends to one connection of a device. */
export type Received = 'commands' | 'desired';

export class Connections<Connection extends object> {
  private readonly byDevice = new Map<string, Set<Connection>>();
  private readonly devices = new Map<Connection, Set<string>>();
  private readonly receivers: Readonly<Record<Received, Map<string, Connection>>> = {
    commands: new Map(),
    desired: new Map(),
  };

  /** Notes that `connection` speaks for `device`; true where nobody did before. */
  add(connection: Connection, device: string): boolean {
    const mine = this.devices.get(connection) ?? new Set();
    if (mine.has(device) || mine.size >= devicesPerConnectionMax) return false;
    this.devices.set(connection, mine.add(device));
    const others = this.byDevice.get(device);
    if (others !== undefined) {
      others.add(connection);
      return false;
    }
    if (this.byDevice.size >= limits.devicesMax) return false;
    this.byDevice.set(device, new Set([connection]));
    return true;
  }

  has(connection: Connection, device: string): boolean {
    return this.devices.get(connection)?.has(device) ?? false;
  }

  /** Forgets a connection; returns the devices that nobody speaks for any more. */
  remove(connection: Connection): string[] {
    const alone: string[] = [];
    for (const device of this.devices.get(connection) ?? []) {
      this.dropReceiver(device, connection, 'commands');
      this.dropReceiver(device, connection, 'desired');
      const others = this.byDevice.get(device);
      others?.delete(connection);
      if (others?.size !== 0) continue;
      this.byDevice.delete(device);
      alone.push(device);
    }
    this.devices.delete(connection);
    return alone;
  }

  /** Forgets a device: nobody speaks for it any more, nor takes what it is sent. */
  forget(device: string): void {
    for (const connection of this.of(device)) this.devices.get(connection)?.delete(device);
    this.byDevice.delete(device);
    this.receivers.commands.delete(device);
    this.receivers.desired.delete(device);
  }

  /** Connections that speak for a device. */
  of(device: string): Iterable<Connection> {
    return this.byDevice.get(device) ?? [];
  }

  /** Has a connection that speaks for a device take its commands, or what is desired; true where another did before. */
  setReceiver(device: string, connection: Connection, of: Received): boolean {
    if (!this.has(connection, device) || this.receivers[of].get(device) === connection) return false;
    this.receivers[of].set(device, connection);
    return true;
  }

  dropReceiver(device: string, connection: Connection, of: Received): void {
    if (this.receivers[of].get(device) === connection) this.receivers[of].delete(device);
  }

  /** The connection that takes a device's commands, or what is desired of it. */
  receiver(device: string, of: Received): Connection | undefined {
    return this.receivers[of].get(device);
  }
}
