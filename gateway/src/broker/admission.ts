// Who may connect, and when ([BRK-4]). A crowd that comes back at once is let in at a steady pace, address by address in
// turn; who waits is not read, so that a wait costs a socket and nothing else.
// Full: beyond the limits in all and of one address a connection is closed at once.
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../lib/clock.ts';
import { networkOf } from '../lib/forwarded.ts';
import { TokenBucket } from '../lib/token-bucket.ts';
import { type Breach, breaches } from './guard/breach.ts';

export type AdmissionConfig = {
  /** Connections in all, those that wait among them. */
  connectionsMax: number;
  connectionsPerAddressMax: number;
  /** Connections that were let in and are not signed in. One address has half of them at most. */
  unauthenticatedMax: number;
  connectsPerSecondMax: number;
};

export type AdmissionPorts = {
  clock: Clock;
  /** Lets a stream in. `settled` is to be called once it is signed in; it may be called again. */
  admit(stream: Duplex, address: string, settled: () => void): void;
  refused(address: string, breach: Breach): void;
};

/** Connections of one network; of those that wait, the address too. */
type Neighbours = { open: number; unauthenticated: number; waiting: Map<Duplex, string> };

/** How often those that wait for the pace are looked at. */
const paceMs = 10;

export class Admission {
  private open = 0;
  private unauthenticated = 0;
  private readonly byAddress = new Map<string, Neighbours>();
  /** Networks of which connections wait, in the order of their turns. */
  private readonly turns = new Set<string>();
  private readonly pace: TokenBucket;
  private timer: Timer | null = null;
  private readonly config: AdmissionConfig;
  private readonly ports: AdmissionPorts;

  constructor(config: AdmissionConfig, ports: AdmissionPorts) {
    this.config = config;
    this.ports = ports;
    const perSecond = config.connectsPerSecondMax;
    this.pace = new TokenBucket({ perSecond, burst: Math.max(1, perSecond / 2) }, ports.clock.elapsed());
  }

  /** Connections, signed in or not. */
  count(): number {
    return this.open;
  }

  /** Takes a stream that nobody has read from. */
  offer(stream: Duplex, address: string): void {
    // Of one that is over nothing would be heard any more.
    if (stream.destroyed) return;
    // A peer that breaks off while it waits must not end the process.
    stream.on('error', () => stream.destroy());
    const network = networkOf(address);
    const neighbours = this.byAddress.get(network) ?? { open: 0, unauthenticated: 0, waiting: new Map() };
    const isFull = this.open >= this.config.connectionsMax;
    if (isFull || neighbours.open >= this.config.connectionsPerAddressMax) {
      stream.destroy();
      return this.ports.refused(address, isFull ? breaches.connections : breaches.addressConnections);
    }
    this.open++;
    neighbours.open++;
    this.byAddress.set(network, neighbours);
    stream.once('close', () => {
      this.open--;
      neighbours.waiting.delete(stream);
      if (--neighbours.open === 0) this.byAddress.delete(network);
    });
    neighbours.waiting.set(stream, address);
    this.turns.add(network);
    this.letIn();
  }

  /** Closes those that wait. */
  close(): void {
    this.timer?.cancel();
    for (const network of this.turns) {
      for (const [stream] of this.byAddress.get(network)?.waiting ?? []) stream.destroy();
    }
    this.turns.clear();
  }

  private letIn(): void {
    const share = Math.ceil(this.config.unauthenticatedMax / 2);
    // A network that is added again while this runs comes once more, behind the others.
    for (const network of this.turns) {
      if (this.unauthenticated >= this.config.unauthenticatedMax) return;
      const neighbours = this.byAddress.get(network);
      if (neighbours !== undefined && neighbours.unauthenticated >= share) continue;
      const [[stream, address] = []] = neighbours?.waiting ?? [];
      // Those that break off while they wait do not use up the pace.
      if (stream !== undefined && !this.pace.tryTake(this.ports.clock.elapsed())) return this.letInLater();
      this.turns.delete(network);
      if (neighbours === undefined || stream === undefined || address === undefined) continue;
      neighbours.waiting.delete(stream);
      if (neighbours.waiting.size > 0) this.turns.add(network);
      this.admit(stream, address, neighbours);
    }
  }

  private letInLater(): void {
    this.timer ??= this.ports.clock.after(paceMs, () => {
      this.timer = null;
      this.letIn();
    });
  }

  private admit(stream: Duplex, address: string, neighbours: Neighbours): void {
    this.unauthenticated++;
    neighbours.unauthenticated++;
    let isSettled = false;
    const settled = () => {
      if (isSettled) return;
      isSettled = true;
      this.unauthenticated--;
      neighbours.unauthenticated--;
      if (this.turns.size > 0) this.letInLater();
    };
    stream.once('close', settled);
    this.ports.admit(stream, address, settled);
  }
}
