// What stands before the broker: who is let in, a guard for each connection, the limits that connections share, and the
// one place that hears why a connection was ended or not let in.
import type { Duplex } from 'node:stream';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { TokenBuckets } from '../lib/token-bucket.ts';
import { Admission, type AdmissionConfig } from './admission.ts';
import { Backlog } from './guard/backlog.ts';
import { type Breach, type ConnectionCode, connectionCodes } from './guard/breach.ts';
import { FrameGuard, type GuardConfig } from './guard/frame-guard.ts';
import { Unsent } from './guard/outbox.ts';

export type FrontConfig = AdmissionConfig & GuardConfig & { messagesPerSecondMax: number; bytesPerSecondMax: number };

export type FrontPorts = {
  clock: Clock;
  log: Logger;
  /** A sound CONNECT came: from here on the broker has to read from the guard. */
  connecting(guard: FrameGuard): void;
  /** The gateway ends this connection for what its client did. */
  ending(guard: FrameGuard, breach: Breach): void;
  /** A fault of the gateway in one connection: it has to end. */
  failed(guard: FrameGuard, error: Error): void;
};

/** Unsent bytes of all connections; beyond it each has a smaller share. */
const unsentBytesMax = 256 * 1024 * 1024;

/** What is known of a stream that somebody else accepted; `subject` is the name that the client's certificate proved. */
export type Peer = { address: string; subject?: string };

/** Who it was that is refused; what is not known is left out. */
type Refused = { address: string; client?: string | null };

export class Front {
  /** Connections that were ended or not let in, by why. */
  readonly refusals = Object.fromEntries(connectionCodes.map(code => [code, 0])) as Record<ConnectionCode, number>;
  /** Times that a connection was not read for its rate. */
  throttled = 0;
  /** What waits for its commit, of all connections. */
  readonly backlog = new Backlog();
  private readonly unsent = new Unsent(unsentBytesMax);
  private readonly admission: Admission;
  /** Names that a certificate proved, by the stream that brought it. */
  private readonly subjects = new WeakMap<Duplex, string>();
  /** Guards whose clients are not signed in, and what is to be called once they are; `unauthenticatedMax` at most. */
  private readonly strangers = new Map<FrameGuard, () => void>();
  private readonly messageRates: TokenBuckets;
  private readonly byteRates: TokenBuckets;
  private readonly config: FrontConfig;
  private readonly ports: FrontPorts;

  constructor(config: FrontConfig, ports: FrontPorts) {
    this.config = config;
    this.ports = ports;
    this.admission = new Admission(config, {
      clock: ports.clock,
      admit: (stream, address, settled) => this.admit(stream, address, settled),
      refused: (address, breach) => this.note({ address }, breach),
    });
    // What a device may send at once is a second's worth.
    const rate = (perSecond: number) => ({ perSecond, burst: perSecond });
    this.messageRates = new TokenBuckets(rate(config.messagesPerSecondMax), config.connectionsMax);
    this.byteRates = new TokenBuckets(rate(config.bytesPerSecondMax), config.connectionsMax);
  }

  /** Takes a stream that nobody has read from. */
  offer(stream: Duplex, { address, subject }: Peer): void {
    if (subject !== undefined) this.subjects.set(stream, subject);
    this.admission.offer(stream, address);
  }

  /** Connections, signed in or not. */
  count(): number {
    return this.admission.count();
  }

  /** Closes those that are not signed in. */
  close(): void {
    this.admission.close();
    for (const guard of this.strangers.keys()) guard.destroy();
  }

  /** The client of this guard is signed in. `key` is its credential: a second connection does not double what it may send. */
  signedIn(guard: FrameGuard, key: string): void {
    this.strangers.get(guard)?.();
    this.strangers.delete(guard);
    const now = this.ports.clock.elapsed();
    guard.signedIn({ messages: this.messageRates.of(key, now), bytes: this.byteRates.of(key, now) });
  }

  /** Hears of every connection that is ended by the gateway, or not let in, with the code of why. */
  note({ address, client }: Refused, { code, detail }: Breach): void {
    this.refusals[code]++;
    this.ports.log.debug({ address, client: client?.slice(0, 128), code }, `ended a device connection: ${detail}`);
  }

  private admit(stream: Duplex, address: string, settled: () => void): void {
    const guard = new FrameGuard(stream, address, this.config, {
      clock: this.ports.clock,
      backlog: this.backlog,
      unsent: this.unsent,
      connecting: () => this.ports.connecting(guard),
      ending: breach => {
        this.note({ address, client: clientIdOf(guard) }, breach);
        this.ports.ending(guard, breach);
      },
      failed: error => this.ports.failed(guard, error),
      throttled: () => this.throttled++,
    });
    guard.subject = this.subjects.get(stream);
    this.strangers.set(guard, settled);
    guard.once('close', () => this.strangers.delete(guard));
  }
}

/** The broker leaves its client on the stream that it reads from. */
function clientIdOf(guard: object): string | null {
  return (guard as { client?: { id: string | null } }).client?.id ?? null;
}
