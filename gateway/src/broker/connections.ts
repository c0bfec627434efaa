// Which connection is which device: for presence, and for handing a command to exactly one.
import { limits } from '../contract/index.ts';

/** Devices that one connection may speak for; a field gateway has some hundreds behind it. */
const devicesPerConnectionMax = 10_000;

export class Connections<Connection extends object> {
  private readonly byDevice = new Map<string, Set<Connection>>();
  private readonly devices = new Map<Connection, Set<string>>();
  private readonly receivers = new Map<string, Connection>();

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
      this.dropReceiver(device, connection);
      const others = this.byDevice.get(device);
      others?.delete(connection);
      if (others?.size !== 0) continue;
      this.byDevice.delete(device);
      alone.push(device);
    }
    this.devices.delete(connection);
    return alone;
  }

  /** Forgets a device: nobody speaks for it any more, nor takes its commands. */
  forget(device: string): void {
    for (const connection of this.of(device)) this.devices.get(connection)?.delete(device);
    this.byDevice.delete(device);
    this.receivers.delete(device);
  }

  /** Connections that speak for a device. */
  of(device: string): Iterable<Connection> {
    return this.byDevice.get(device) ?? [];
  }

  /** Has a connection that speaks for a device take its commands. */
  setReceiver(device: string, connection: Connection): void {
    if (this.has(connection, device)) this.receivers.set(device, connection);
  }

  dropReceiver(device: string, connection: Connection): void {
    if (this.receivers.get(device) === connection) this.receivers.delete(device);
  }

  /** The connection that takes a device's commands. */
  receiver(device: string): Connection | undefined {
    return this.receivers.get(device);
  }
}
