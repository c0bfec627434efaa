// One viewer: a pipe, its subscriptions, and what it may be sent now.
// Invariant: what waits is bounded, whatever the viewer does ([LIV-3]): the pipe's buffer by a mark, readings by
// the number of series or a place in the log, events by a count beyond which there is a gap.
import {
  type Code,
  codes,
  formatPosition,
  type GapReason,
  limits,
  Refusal,
  type SeriesDef,
  type ServerFrame,
  type SubscriptionAsk,
} from '../contract/index.ts';
import type { Channel, ChannelSpec } from './channel.ts';
import { Definitions } from './definitions.ts';
import { EventQueue } from './event-queue.ts';
import type { EventEntry } from './event-window.ts';
import type { Pipe } from './pipe.ts';
import { type Beat, Pulse } from './pulse.ts';
import { type RequestPorts, Requests, type Viewing } from './requests.ts';
import { type Outlet, type Since, Subscription, type SubscriptionPorts } from './subscription.ts';
import { Watched, type WatchedPorts } from './watched.ts';

/** Bytes in the pipe's buffer above which nothing more is put there: some seconds of a slow line. */
const bufferedBytesMax = 256 * 1024;
/** When the store is asked again after it could not answer. */
const retryMs = 100;

export type ViewerPorts = SubscriptionPorts &
  RequestPorts &
  WatchedPorts & {
    heartbeatMs: number;
    flushIntervalMs: number;
    /** Stands for this start of the gateway: numbers of changes of freshness count within it. */
    boot: string;
    /** Changes of freshness up to this one were handed out. */
    freshHandedOut(): number;
    channelOf(spec: ChannelSpec): Channel;
    release(channel: Channel): void;
    define(series: number): SeriesDef | null;
    eventsSince(after: number): Promise<EventEntry[] | null>;
    /** False while nothing can be stored. */
    isStoring(): boolean;
    counters: LiveCounters;
  };

export type LiveCounters = Record<
  | 'opened'
  | 'closed'
  | 'framesSent'
  | 'bytesSent'
  | 'gapsSlow'
  | 'gapsEpoch'
  | 'gapsTrimmed'
  | 'refusedFrames'
  | 'heartbeatsLost'
  | 'viewersRefused'
  | 'upgradesBarred',
  number
>;

const gapCounters = { slow: 'gapsSlow', epoch: 'gapsEpoch', trimmed: 'gapsTrimmed' } as const;

type Starting = { subscription: Subscription; since: Since | null };

export class Viewer implements Outlet {
  readonly viewing: Viewing;
  readonly pipe: Pipe;
  readonly pulse: Pulse;
  private readonly subscriptions = new Map<string, Subscription>();
  private starting: Starting[] = [];
  private beginning = false;
  private readonly definitions: Definitions;
  private readonly events: EventQueue;
  private readonly watched: Watched;
  /** Events up to here came on an earlier connection; -1 where the viewer did not say. */
  private toldBefore = -1;
  /** True after somebody found no room; cleared when there is room again. */
  private starved = false;
  /** Changes of freshness up to this one were told; null where that is not known. */
  private seen: number | null = null;
  private readonly ports: ViewerPorts;

  constructor(pipe: Pipe, viewing: Viewing, address: string, ports: ViewerPorts, closed: () => void) {
    this.pipe = pipe;
    this.viewing = viewing;
    this.ports = ports;
    this.pulse = new Pulse(pipe.transport, ports.heartbeatMs, ports.clock.now());
    this.definitions = new Definitions(ports.define);
    const outlet = {
      send: (frame: string | Buffer, news: boolean) => this.send(frame, news),
      hasRoom: () => this.pipeHasRoom(),
    };
    this.events = new EventQueue(ports.head(), outlet, (from, to, reason) => this.eventGap(from, to, reason));
    this.watched = new Watched(viewing.name, ports, outlet);
    const requests = new Requests(this, viewing, address, ports);
    pipe.open({
      heard: () => {
        this.pulse.heardAt = ports.clock.now();
      },
      message: (text, isBinary) => {
        this.pulse.heardAt = ports.clock.now();
        requests.receive(text, isBinary);
      },
      drained: () => this.drained(),
      position: () => this.position(),
      isCaughtUp: () => this.isCaughtUp(),
      closed: () => {
        this.dispose();
        closed();
      },
    });
  }

  takeEvent(offset: number, frame: Buffer): void {
    this.events.take(offset, frame);
  }

  /** Whatever a subscription asks for; several of one tick begin together, so that missed events are sent once. */
  subscribe(ask: SubscriptionAsk & { id?: number }, seen: number | null = null): void {
    const { sub, id, device, metric, mode = 'latest', intervalMs = this.ports.flushIntervalMs, since } = ask;
    const count = this.subscriptions.size + this.starting.length;
    if (!this.subscriptions.has(sub) && count >= limits.subscriptionsPerViewerMax) {
      return this.refuse(new Refusal('too_many', `at most ${limits.subscriptionsPerViewerMax} subscriptions`), id, sub);
    }
    this.unsubscribe(sub);
    const channel = this.ports.channelOf({ device, metric, mode, intervalMs, sight: this.ports.sight });
    const subscription = new Subscription(sub, channel, this.ports, this);
    this.starting.push({ subscription, since: since === undefined ? null : { position: since, seen } });
    // Over HTTP the answer itself says that the question was understood.
    if (this.pipe.transport === 'ws') this.sendFrame({ t: 'ok', id, sub });
    this.watched.begin(channel.spec);
    if (this.beginning) return;
    this.beginning = true;
    setImmediate(() => void this.begin());
  }

  /** The epoch that this viewer's positions count in: with a limited sight one of its own. */
  epoch(): string {
    return this.ports.epoch;
  }

  /** What the viewer was told on the connection before: events up to this offset. */
  toldEvents(offset: number): void {
    this.events.told = this.toldBefore = offset;
  }

  /** And of who else was there: changes up to this one. */
  toldControl(version: number): void {
    this.watched.toldBefore = version;
  }

  /** Looks whether the peer is there, and tells it that the gateway is. */
  beat(now: number, tickMs: number): Beat {
    const beat = this.pulse.beat(now, tickMs);
    if (beat.ask) this.pipe.ping();
    if (beat.tell) this.tell();
    return beat;
  }

  /** Gives a sign of life, and says whether readings can be stored now ([STO-4]). */
  tell(): void {
    this.sendFrame(this.ports.isStoring() ? this.sign('hb') : { ...this.sign('hb'), storing: false });
  }

  /** A sign of life with the position up to which the viewer has everything; 0 tells one without a position nothing. */
  sign<T extends 'hb' | 'pong'>(t: T): { t: T; offset: number; now: number } {
    return { t, offset: Math.max(this.safeOffset(), 0), now: this.ports.clock.now() };
  }

  /** Ends the connection and says why, on a transport without close codes in a frame. */
  close(code: Code, detail?: string, retryMs?: number): void {
    const { close = 1011, title } = codes[code];
    if (this.pipe.transport !== 'ws' || retryMs !== undefined) this.sendFrame({ t: 'bye', code, retryMs });
    this.pipe.close(close, detail ?? title, retryMs);
  }

  sendFrame(frame: ServerFrame): void {
    this.send(JSON.stringify(frame), false);
  }

  isClosed(): boolean {
    return this.pipe.isClosed();
  }

  /** Rows wait for events that are older, so that a position covers both. */
  hasRoom(): boolean {
    if (!this.events.isWaiting()) return this.pipeHasRoom();
    this.starved = true;
    return false;
  }

  define(series: readonly number[]): void {
    for (const list of this.definitions.missing(series)) this.sendFrame({ t: 'def', series: list });
  }

  /** Series of a device are defined anew before their next row, because their unit changed. */
  undefine(series: Iterable<number>): void {
    this.definitions.forget(series);
  }

  send(frame: string | Buffer, news: boolean): void {
    if (this.isClosed()) return;
    this.pulse.sentAt = this.ports.clock.now();
    this.ports.counters.framesSent++;
    this.ports.counters.bytesSent += frame.length;
    this.pipe.send(frame, news);
  }

  gap(reason: GapReason): void {
    this.ports.counters[gapCounters[reason]]++;
  }

  retrySoon(): void {
    this.ports.clock.after(retryMs, () => this.pump());
  }

  caughtUp(): void {
    if (this.isCaughtUp()) this.pipe.caughtUp();
  }

  isCaughtUp(): boolean {
    if (this.beginning || this.events.isWaiting()) return false;
    for (const subscription of this.subscriptions.values()) if (!subscription.isCaughtUp()) return false;
    return true;
  }

  private dispose(): void {
    for (const subscription of this.subscriptions.values()) this.leave(subscription);
    this.subscriptions.clear();
    // Those that had not begun yet hold a channel too.
    for (const { subscription } of this.starting) this.leave(subscription);
    this.starting = [];
  }

  private leave(subscription: Subscription): void {
    subscription.channel.members.delete(subscription);
    this.watched.end(subscription.channel.spec);
    this.ports.release(subscription.channel);
  }

  private pipeHasRoom(): boolean {
    if (this.pipe.bufferedBytes() < bufferedBytesMax) return true;
    this.starved = true;
    return false;
  }

  /** Called as the pipe's buffer empties: whoever found no room before goes on. */
  private drained(): void {
    if (!this.starved || this.isClosed() || this.pipe.bufferedBytes() >= bufferedBytesMax / 2) return;
    this.starved = false;
    this.watched.pump();
    this.pump();
  }

  private pump(): void {
    if (this.beginning || this.isClosed() || !this.events.pump()) return;
    for (const subscription of this.subscriptions.values()) subscription.pump();
    this.caughtUp();
  }

  /** Offset up to which the viewer has the readings of all its subscriptions; -1 while one has no position yet. */
  private safeOffset(): number {
    let safe = this.ports.head();
    for (const { since } of this.starting) safe = Math.min(safe, this.offsetOf(since));
    for (const subscription of this.subscriptions.values()) safe = Math.min(safe, subscription.position());
    return safe;
  }

  private offsetOf(since: Since | null): number {
    return since?.position.epoch === this.ports.epoch ? since.position.offset : -1;
  }

  private position(): string | null {
    // Before anything has begun there is nothing that the viewer could have all of.
    const offset = this.subscriptions.size === 0 ? -1 : this.safeOffset();
    if (offset < 0) return null;
    if (this.isCaughtUp()) this.seen = this.ports.freshHandedOut();
    const control = this.watched.toldThrough();
    const parts = [this.ports.boot, this.seen, ...(control === null ? [] : [control])];
    const seen = this.seen === null ? null : parts.join('.');
    return formatPosition({ epoch: this.ports.epoch, offset, events: Math.max(this.events.told, offset), seen });
  }

  /** Ends a subscription, begun or not. */
  unsubscribe(name: string): void {
    const known = this.subscriptions.get(name);
    if (known !== undefined) {
      this.subscriptions.delete(name);
      this.leave(known);
    }
    this.starting = this.starting.filter(({ subscription }) => {
      if (subscription.name !== name) return true;
      this.leave(subscription);
      return false;
    });
  }

  /** Sends the events that were missed, then begins the subscriptions; commits meanwhile wait their turn. */
  private async begin(): Promise<void> {
    while (this.starting.length > 0 && !this.isClosed()) {
      const batch = this.starting;
      this.starting = [];
      const before = [...this.subscriptions.values()];
      for (const { subscription } of batch) {
        this.subscriptions.set(subscription.name, subscription);
        subscription.channel.members.add(subscription);
      }
      await this.replayEvents(batch, before);
      for (const { subscription, since } of batch) {
        if (this.subscriptions.get(subscription.name) === subscription) subscription.start(since);
      }
    }
    this.beginning = false;
    if (this.isClosed()) return;
    this.pump();
  }

  private async replayEvents(batch: readonly Starting[], before: readonly Subscription[]): Promise<void> {
    const resuming = batch.flatMap(({ subscription: { channel }, since }) => {
      const offset = this.offsetOf(since);
      return offset < 0 || offset > this.ports.head() ? [] : [{ channel, offset }];
    });
    const from = Math.min(...resuming.map(({ offset }) => offset));
    if (resuming.length === 0 || from >= this.ports.head()) return;
    if (from + 1 < this.ports.firstOffset()) return this.eventGap(from, this.ports.head(), 'trimmed');
    this.events.hold();
    const missed = await this.ports.eventsSince(from);
    this.events.release();
    if (this.isClosed()) return;
    // Too many, or the store is too busy to answer. The page is told, and asks over REST.
    if (missed === null) return this.eventGap(from, this.ports.head(), 'slow');
    this.events.replay(missed, this.ports.head(), ({ device }, offset) => {
      if (offset <= this.toldBefore || before.some(({ channel }) => channel.coversDevice(device))) return false;
      return resuming.some(({ channel, offset: since }) => offset > since && channel.coversDevice(device));
    });
  }

  private eventGap(from: number, to: number, reason: GapReason): void {
    this.gap(reason);
    this.send(JSON.stringify({ t: 'gap', from, to, reason } satisfies ServerFrame), true);
  }

  /** Answers what cannot be done; the connection goes on. */
  refuse(refusal: Refusal, id?: number, sub?: string): void {
    this.ports.counters.refusedFrames++;
    const { code, detail, status } = refusal;
    this.sendFrame({ t: 'err', id, sub, code, status, title: codes[code].title, detail });
  }
}
