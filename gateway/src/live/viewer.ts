// One viewer: a WebSocket, its subscriptions, and what waits for it.
// Invariant: what waits is bounded, whatever the viewer does ([LIV-3]): the socket's buffer by a mark, readings by
// the number of series or a place in the log, events by a count beyond which there is a gap.
import type { WebSocket } from 'ws';
import {
  type ClientFrame,
  type Code,
  codes,
  type GapReason,
  type LiveEvent,
  limits,
  Refusal,
  type Role,
  roleCovers,
  type SeriesDef,
  type ServerFrame,
} from '../contract/index.ts';
import type { Channel, Encoded } from './channel.ts';
import { parseFrames } from './frames.ts';
import { type Outlet, Subscription, type SubscriptionPorts } from './subscription.ts';

/** Bytes in the socket's buffer above which nothing more is put there: some seconds of a slow line. */
const bufferedBytesMax = 256 * 1024;
/** Events that wait for a viewer; beyond it there is a gap, and the page reads them over REST. */
const eventsWaitingMax = 1_000;
/** Messages from a viewer in one second; a page sends a few when it opens. */
const messagesPerSecondMax = 100;

export type Viewing = { name: string; role: Role; hash: string };

export type ViewerPorts = SubscriptionPorts & {
  now(): number;
  channelOf(patterns: { device?: string[]; metric?: string[] }): Channel;
  release(channel: Channel): void;
  define(series: number): SeriesDef | null;
  readEvents(after: number, max: number): Promise<{ events: { offset: number; event: LiveEvent }[] }>;
  command(frame: ClientFrame & { t: 'cmd' }, viewing: Viewing, address: string): Promise<string>;
  counters: LiveCounters;
  heartbeatMs: number;
};

export type LiveCounters = Record<
  'opened' | 'closed' | 'framesSent' | 'bytesSent' | 'gapsSlow' | 'gapsEpoch' | 'gapsTrimmed' | 'refusedFrames',
  number
>;

export class Viewer implements Outlet {
  readonly viewing: Viewing;
  lastHeardAt: number;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly defined = new Set<number>();
  private starting: { subscription: Subscription; since: { epoch: string; offset: number } | undefined }[] = [];
  /** Events that came while there was no room, or while older ones had to go first. */
  private waiting: { offset: number; event: LiveEvent }[] = [];
  private beginning = false;
  /** True after somebody found no room; cleared when there is room again. */
  private starved = false;
  private lastSentAt = 0;
  private safeOffset: number;
  private second = 0;
  private messagesThisSecond = 0;
  private readonly socket: WebSocket;
  private readonly address: string;
  private readonly ports: ViewerPorts;

  constructor(socket: WebSocket, viewing: Viewing, address: string, ports: ViewerPorts) {
    this.socket = socket;
    this.viewing = viewing;
    this.address = address;
    this.ports = ports;
    this.lastHeardAt = ports.now();
    this.safeOffset = ports.offset();
    socket.on('message', (data, isBinary) => this.receive(String(data), isBinary));
    socket.on('pong', () => {
      this.lastHeardAt = ports.now();
    });
  }

  /** Hands out what a commit brought: events first, so that a later position covers them. */
  deliver(
    events: readonly { offset: number; event: LiveEvent }[],
    encoded: Map<Channel, Encoded | null>,
    head: number,
  ): void {
    for (const event of events) this.deliverEvent(event);
    for (const subscription of this.subscriptions.values()) {
      subscription.deliver(encoded.get(subscription.channel) ?? null, head);
    }
  }

  freshen(changes: readonly { series: number; freshness: 'live' | 'late' | 'stale' | 'never' }[]): void {
    for (const subscription of this.subscriptions.values()) subscription.freshen(changes);
  }

  /** A heartbeat where nothing else was sent. Its position is one up to which the viewer has everything. */
  beat(now: number): void {
    if (this.isCaughtUp()) this.safeOffset = this.ports.offset();
    if (now - this.lastSentAt >= this.ports.heartbeatMs) this.sendFrame({ t: 'hb', offset: this.safeOffset, now });
    this.socket.ping();
    // Whoever could not read the log before tries again.
    this.pump();
  }

  close(code: Code, detail?: string): void {
    const { close = 1011, title } = codes[code];
    this.socket.close(close, (detail ?? title).slice(0, 120));
    // A peer that does not answer the close is cut.
    setTimeout(() => this.socket.terminate(), 2_000).unref();
  }

  terminate(): void {
    this.socket.terminate();
  }

  sendFrame(frame: ServerFrame): void {
    this.send(JSON.stringify(frame));
  }

  isClosed(): boolean {
    return this.socket.readyState !== this.socket.OPEN;
  }

  hasRoom(): boolean {
    if (this.socket.bufferedAmount < bufferedBytesMax) return true;
    this.starved = true;
    return false;
  }

  define(series: Iterable<number>): void {
    const definitions: SeriesDef[] = [];
    for (const index of series) {
      if (this.defined.has(index)) continue;
      const definition = this.ports.define(index);
      if (definition === null) continue;
      this.defined.add(index);
      definitions.push(definition);
    }
    if (definitions.length > 0) this.sendFrame({ t: 'def', series: definitions });
  }

  /** Series of a device are defined anew before their next row, because their unit changed. */
  undefine(series: Iterable<number>): void {
    for (const index of series) this.defined.delete(index);
  }

  send(text: string): void {
    if (this.isClosed()) return;
    this.lastSentAt = this.ports.now();
    this.ports.counters.framesSent++;
    this.ports.counters.bytesSent += text.length;
    this.socket.send(text, this.sent);
  }

  gap(reason: GapReason): void {
    const counter = ({ slow: 'gapsSlow', epoch: 'gapsEpoch', trimmed: 'gapsTrimmed' } as const)[reason];
    this.ports.counters[counter]++;
  }

  /** Forgets the subscriptions; called once the socket is closed. */
  dispose(): void {
    for (const { channel } of this.subscriptions.values()) this.ports.release(channel);
    this.subscriptions.clear();
    // Those that had not begun yet hold a channel too.
    for (const { subscription } of this.starting) this.ports.release(subscription.channel);
    this.starting = [];
  }

  /** Called as the socket's buffer empties: whoever found no room before goes on. */
  private readonly sent = (): void => {
    if (!this.starved || this.isClosed() || this.socket.bufferedAmount >= bufferedBytesMax / 2) return;
    this.starved = false;
    this.pump();
  };

  private pump(): void {
    if (this.beginning) return;
    while (this.waiting.length > 0 && this.hasRoom()) {
      const [next] = this.waiting.splice(0, 1);
      if (next !== undefined) this.sendEvent(next);
    }
    for (const subscription of this.subscriptions.values()) subscription.pump();
  }

  private isCaughtUp(): boolean {
    if (this.beginning || this.waiting.length > 0) return false;
    return [...this.subscriptions.values()].every(subscription => subscription.isCaughtUp());
  }

  private receive(text: string, isBinary: boolean): void {
    const now = this.ports.now();
    this.lastHeardAt = now;
    if (this.second !== Math.floor(now / 1000)) {
      this.second = Math.floor(now / 1000);
      this.messagesThisSecond = 0;
    }
    if (++this.messagesThisSecond > messagesPerSecondMax) return this.close('too_many', 'too many messages a second');
    const frames = isBinary ? null : parseFrames(text);
    if (frames === null) return this.close('bad_message', 'expected a JSON object or an array of objects');
    for (const checked of frames) {
      if (checked.ok) this.handle(checked.frame);
      else this.refuse(new Refusal('bad_message', checked.detail), checked.id);
    }
  }

  private handle(frame: ClientFrame): void {
    switch (frame.t) {
      case 'ping':
        if (this.isCaughtUp()) this.safeOffset = this.ports.offset();
        return this.sendFrame({ t: 'pong', id: frame.id, offset: this.safeOffset, now: this.ports.now() });
      case 'sub':
        return this.subscribe(frame);
      case 'unsub':
        this.unsubscribe(frame.sub);
        return this.sendFrame({ t: 'ok', id: frame.id, sub: frame.sub });
      case 'cmd':
        void this.command(frame);
    }
  }

  private subscribe(frame: ClientFrame & { t: 'sub' }): void {
    const count = this.subscriptions.size + this.starting.length;
    if (!this.subscriptions.has(frame.sub) && count >= limits.subscriptionsPerViewerMax) {
      const detail = `at most ${limits.subscriptionsPerViewerMax} subscriptions`;
      return this.refuse(new Refusal('too_many', detail), frame.id, frame.sub);
    }
    this.unsubscribe(frame.sub);
    const channel = this.ports.channelOf(frame);
    const subscription = new Subscription(frame.sub, frame.mode ?? 'latest', channel, this.ports, this);
    this.starting.push({ subscription, since: frame.since });
    // Until it has caught up, no heartbeat may name a position that it does not have.
    if (frame.since?.epoch === this.ports.epoch) this.safeOffset = Math.min(this.safeOffset, frame.since.offset);
    this.sendFrame({ t: 'ok', id: frame.id, sub: frame.sub });
    if (!this.beginning) {
      this.beginning = true;
      // All subscriptions of one message, or of one tick, begin together: missed events are sent once for all.
      setImmediate(() => void this.begin());
    }
  }

  private unsubscribe(name: string): void {
    const known = this.subscriptions.get(name);
    if (known !== undefined) {
      this.subscriptions.delete(name);
      this.ports.release(known.channel);
    }
    this.starting = this.starting.filter(({ subscription }) => {
      if (subscription.name === name) this.ports.release(subscription.channel);
      return subscription.name !== name;
    });
  }

  /** Sends the events that were missed, then begins the subscriptions; commits meanwhile wait their turn. */
  private async begin(): Promise<void> {
    while (this.starting.length > 0 && !this.isClosed()) {
      const batch = this.starting;
      this.starting = [];
      const positions = batch.flatMap(({ since }) => (since?.epoch === this.ports.epoch ? [since.offset] : []));
      const from = Math.min(...positions);
      for (const { subscription } of batch) this.subscriptions.set(subscription.name, subscription);
      if (positions.length > 0 && from < this.ports.offset())
        await this.replayEvents(from, batch[0]?.subscription.name ?? '');
      for (const { subscription, since } of batch) {
        if (this.subscriptions.get(subscription.name) === subscription) subscription.start(since);
      }
    }
    this.beginning = false;
    if (!this.isClosed()) this.pump();
  }

  private async replayEvents(from: number, sub: string): Promise<void> {
    if (from + 1 < this.ports.firstOffset()) return this.eventGap(sub, from, this.ports.offset(), 'trimmed');
    const page = await this.ports.readEvents(from, eventsWaitingMax).catch(() => null);
    // The store is too busy to answer. The page is told, and asks over REST.
    if (page === null) return this.eventGap(sub, from, this.ports.offset());
    // The log may hold a commit already that was not handed out yet: that one comes live, not twice.
    const head = this.ports.offset();
    const events = page.events.filter(({ offset }) => offset <= head);
    this.waiting = this.waiting.filter(({ offset }) => offset > head);
    for (const event of events) if (this.coversEvent(event.event)) this.sendEvent(event);
    if (page.events.length >= eventsWaitingMax) this.eventGap(sub, events.at(-1)?.offset ?? from, head);
  }

  private deliverEvent(entry: { offset: number; event: LiveEvent }): void {
    if (!this.coversEvent(entry.event)) return;
    if (!this.beginning && this.waiting.length === 0 && this.hasRoom()) return this.sendEvent(entry);
    this.waiting.push(entry);
    if (this.waiting.length <= eventsWaitingMax) return;
    const [first] = this.waiting;
    const [sub] = this.subscriptions.keys();
    this.waiting = [];
    this.eventGap(sub ?? '', (first?.offset ?? 1) - 1, entry.offset);
  }

  private eventGap(sub: string, from: number, to: number, reason: GapReason = 'slow'): void {
    this.gap(reason);
    this.sendFrame({ t: 'gap', sub, from, to, reason });
  }

  private sendEvent({ offset, event }: { offset: number; event: LiveEvent }): void {
    this.sendFrame({ t: 'event', offset, ...event });
  }

  private coversEvent(event: LiveEvent): boolean {
    for (const { channel } of this.subscriptions.values()) if (channel.coversDevice(event.device)) return true;
    return false;
  }

  private async command(frame: ClientFrame & { t: 'cmd' }): Promise<void> {
    try {
      if (!roleCovers(this.viewing.role, 'operator')) {
        throw new Refusal(
          'forbidden',
          `sending commands needs the role operator; ${this.viewing.name} is ${this.viewing.role}`,
        );
      }
      const command = await this.ports.command(frame, this.viewing, this.address);
      this.sendFrame({ t: 'ok', id: frame.id, command });
    } catch (error) {
      this.refuse(error instanceof Refusal ? error : new Refusal('internal'), frame.id);
    }
  }

  private refuse(refusal: Refusal, id?: number, sub?: string): void {
    this.ports.counters.refusedFrames++;
    const { code, detail, status } = refusal;
    this.sendFrame({ t: 'err', id, sub, code, status, title: codes[code].title, detail });
  }
}
