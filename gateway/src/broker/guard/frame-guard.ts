// The frame guard: what the broker reads and writes in place of a client's stream. Nothing unsound reaches the broker
// ([BRK-1]), the broker never waits for a client ([BRK-2]), and a client that sends more than it may, or more than the
// store takes, is not read on for a while ([BRK-3]).
// Invariant: whatever the other end sends, nothing is thrown, and what is held is bounded.
// Full: the stream is paused, so that the sender feels it through TCP; of what is not read 1 MiB is held, then it is cut.
import { Duplex } from 'node:stream';
import { limits } from '../../contract/index.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { TokenBucket } from '../../lib/token-bucket.ts';
import { Backlog, connectionMarks } from './backlog.ts';
import { type Breach, breaches } from './breach.ts';
import { keepAliveAt } from './connect-rules.ts';
import { Framer } from './framer.ts';
import { Outbox, type Unsent } from './outbox.ts';

/** How long what was written last may take to leave before the stream is closed under it. */
const lingerMs = 1_000;
const silenceParts = 4;

export type GuardConfig = {
  connectTimeoutMs: number;
  packetBytesMax: number;
  keepAliveSecondsMax: number;
};

export type GuardPorts = {
  clock: Clock;
  /** What waits for its commit, and what is unsent, of all connections. */
  backlog: Backlog;
  unsent: Unsent;
  /** Called with the first sound CONNECT: from here on the broker has to read. */
  connecting(): void;
  /** The connection ends for this reason. */
  ending(breach: Breach): void;
  /** A fault of the gateway: it has to end the connection. */
  failed(error: Error): void;
  /** The stream was paused for its rate. */
  throttled(): void;
};

export type RateLimits = { messages: TokenBucket; bytes: TokenBucket };

export class FrameGuard extends Duplex {
  /** Where the other end is, as far as that is known. */
  readonly address: string;
  /** The name that the client's certificate proved. */
  subject: string | undefined;
  /** What this connection has that waits for its commit. */
  readonly backlog = new Backlog(connectionMarks);
  private readonly stream: Duplex;
  private readonly config: GuardConfig;
  private readonly ports: GuardPorts;
  private readonly framer: Framer;
  private readonly outbox: Outbox;
  private rates: RateLimits | null = null;
  /** The broker would take more. */
  private isWanted = false;
  private isSignedIn = false;
  private isStopped = false;
  private isWaiting = false;
  private isFlushing = false;
  private isEnding = false;
  private hasEnded = false;
  /** The keep-alive that holds for this client, which may be less than it asked for. */
  keepAliveS = 0;
  /** Of what was unsent at the sign-in, a kept session's messages, the most that may still be: it leaves at the client's pace. */
  private carriedBytes = 0;
  /** Parts of the longest silence that have passed since something came. */
  private quiet = 0;
  /** The connect timeout, then the watch on silence. */
  private watch: Timer;
  private rateTimer: Timer | null = null;
  private readonly goOn = () => {
    this.isWaiting = false;
    this.handOn();
  };

  constructor(stream: Duplex, address: string, config: GuardConfig, ports: GuardPorts) {
    // One run at a time: the next is asked for when the broker has taken this one.
    super({ highWaterMark: 1 });
    this.stream = stream;
    this.address = address;
    this.config = config;
    this.ports = ports;
    this.framer = new Framer(config.packetBytesMax);
    this.outbox = new Outbox(stream, ports.unsent);
    this.watch = ports.clock.after(config.connectTimeoutMs, () => this.cut(breaches.connectTimeout));
    stream.on('data', chunk => this.hear(chunk));
    stream.on('end', () => this.hearEnd());
    stream.on('error', () => this.destroy());
    stream.on('close', () => this.hearClose());
    // A stream that waited to be let in was not read.
    stream.resume();
  }

  /** The client is signed in: what it sent behind its CONNECT goes on, within these rates. */
  signedIn(rates: RateLimits): void {
    this.isSignedIn = true;
    this.rates = rates;
    this.quiet = 0;
    this.carriedBytes = this.outbox.bytes();
    this.watchSilence();
    this.handOn();
  }

  /** Ends the connection for a reason. Does nothing where it has ended. */
  cut(breach: Breach): void {
    if (this.isEnding || this.destroyed) return;
    this.isEnding = true;
    this.ports.ending(breach);
    if (breach.returnCode !== undefined) this.write(Buffer.from([0x20, 2, 0, breach.returnCode]));
    // Nothing more is said to whoever does not read.
    if (breach === breaches.unread) this.stream.destroy();
    this.destroy();
  }

  /** Takes what the broker writes, at once and always: it is told that there is room, whatever there is. */
  override write(piece: Uint8Array | string): boolean {
    if (this.destroyed) return true;
    this.outbox.add(piece);
    if (!this.isFlushing) {
      this.isFlushing = true;
      process.nextTick(flush, this);
    }
    return true;
  }

  override end(): this {
    this.flush();
    this.stream.end();
    return this;
  }

  override _read(): void {
    if (this.isWanted) return;
    this.isWanted = true;
    // The broker is in the middle of reading: what it gets now it would take in the same turn.
    process.nextTick(handOn, this);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.watch.cancel();
    this.rateTimer?.cancel();
    this.ports.backlog.forget(this.goOn);
    this.backlog.forget(this.goOn);
    this.closeStream();
    this.outbox.release();
    done(error);
  }

  flush(): void {
    this.isFlushing = false;
    if (this.stream.destroyed) return;
    this.outbox.flush();
    const unsent = this.outbox.bytes();
    const { unsent: all } = this.ports;
    const share = all.bytes > all.bytesMax ? limits.mqttUnsentBytesMax / 16 : limits.mqttUnsentBytesMax;
    this.carriedBytes = Math.min(this.carriedBytes, unsent);
    const bytesMax = this.isSignedIn ? this.carriedBytes + share : limits.mqttSessionBytesMax;
    if (unsent > bytesMax) this.cut(breaches.unread);
  }

  /** Hands on what may be; whatever went wrong in it ends this connection and no other. */
  handOn(): void {
    try {
      this.handOnRuns();
    } catch (error) {
      this.ports.failed(error as Error);
    }
  }

  private handOnRuns(): void {
    while (this.isWanted && !this.isHeldBack()) {
      const run = this.framer.next();
      if (run === null) return this.needMore();
      this.isWanted = false;
      this.give(run);
    }
  }

  /** True where nothing may be handed on now; what lets it go on again calls `handOn`. */
  private isHeldBack(): boolean {
    if (this.destroyed || this.rateTimer !== null || this.isWaiting) return true;
    if (!this.isSignedIn) return this.framer.connected;
    for (const backlog of [this.backlog, this.ports.backlog]) {
      if (backlog.hasRoom()) continue;
      this.isWaiting = true;
      backlog.whenRoom(this.goOn);
      return true;
    }
    return false;
  }

  private give(run: Buffer): void {
    if (!this.isSignedIn) this.adjustKeepAlive(run);
    this.push(run);
    if (this.rates === null) return;
    const now = this.ports.clock.elapsed();
    const waitMs = Math.max(
      this.rates.messages.spend(this.framer.weight, now),
      this.rates.bytes.spend(run.length, now),
    );
    if (waitMs <= 0) return;
    this.ports.throttled();
    this.rateTimer = this.ports.clock.after(waitMs, () => {
      this.rateTimer = null;
      this.handOn();
    });
  }

  /** Silence is measured here, where it is known whether it is the client's: the broker is told of no keep-alive. */
  private adjustKeepAlive(connect: Buffer): void {
    let body = 1;
    while ((connect[body++] as number) >= 0x80);
    const at = keepAliveAt(connect, body);
    const asked = connect.readUInt16BE(at);
    const { keepAliveSecondsMax } = this.config;
    this.keepAliveS = asked === 0 ? keepAliveSecondsMax : Math.min(asked, keepAliveSecondsMax);
    connect.writeUInt16BE(0, at);
  }

  private needMore(): void {
    if (this.framer.breach !== null) {
      const { breach } = this.framer;
      // What was handed on before is worked off in this turn.
      setImmediate(() => this.cut(breach));
    } else if (this.hasEnded) this.push(null);
    else if (this.isStopped) {
      this.isStopped = false;
      this.quiet = 0;
      this.stream.resume();
    }
  }

  private hear(chunk: Buffer): void {
    if (this.destroyed || this.isEnding) return;
    try {
      this.inspect(chunk);
    } catch (error) {
      this.ports.failed(error as Error);
    }
  }

  private inspect(chunk: Buffer): void {
    this.quiet = 0;
    this.framer.feed(chunk);
    // Before the first sound CONNECT there is no broker that could read.
    if (!this.framer.connected) this.awaitConnect();
    else this.handOn();
    if (!this.isStopped && !this.framer.isIdle()) {
      this.isStopped = true;
      this.stream.pause();
    }
  }

  private awaitConnect(): void {
    const connect = this.framer.next();
    if (this.framer.breach !== null) return this.cut(this.framer.breach);
    if (connect === null) return;
    this.watch.cancel();
    this.give(connect);
    this.ports.connecting();
  }

  private hearEnd(): void {
    this.hasEnded = true;
    if (!this.framer.connected) this.destroy();
    else this.handOn();
  }

  /** A stream that ended well is read to its end first; one that broke off is over. */
  private hearClose(): void {
    if (!this.hasEnded) this.destroy();
  }

  /**
   * Looks four times in the longest silence. Counted, not measured: a clock that is set does not make a client silent,
   * and nor does a process that stood still.
   */
  private watchSilence(): void {
    // One and a half times of it (MQTT 3.1.1, 3.1.2.10).
    this.watch = this.ports.clock.after((this.keepAliveS * 1_500) / silenceParts, () => {
      // Where the gateway does not listen it is not the client that is silent.
      if (this.isStopped) this.quiet = 0;
      else if (++this.quiet > silenceParts) return this.cut(breaches.silent);
      this.watchSilence();
    });
  }

  private closeStream(): void {
    const { stream } = this;
    if (stream.destroyed) return;
    stream.removeAllListeners('data');
    stream.on('error', () => {});
    if (this.outbox.isEmpty() && stream.writableLength === 0) {
      stream.destroy();
      return;
    }
    // What was said last, such as why a CONNECT is refused, still goes out.
    this.outbox.flush();
    const linger = this.ports.clock.after(lingerMs, () => stream.destroy());
    stream.end(() => {
      linger.cancel();
      stream.destroy();
    });
  }
}

// The broker's encoder corks a stream that can be corked, and uncorks it in a task of its own for each packet. What is
// written here is gathered anyway.
Object.defineProperty(FrameGuard.prototype, 'cork', { value: undefined });

function flush(guard: FrameGuard): void {
  guard.flush();
}

function handOn(guard: FrameGuard): void {
  guard.handOn();
}
