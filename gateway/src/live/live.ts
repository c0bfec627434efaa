// The live stage: brings what was committed to every viewer that asked for it.
// Invariant: a viewer sees a reading only after it is committed, with its position ([LIV-1]); a slow one delays
// neither another nor a device ([LIV-3]).
// Full: so many viewers; a further one is refused before the upgrade.
import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import {
  type ClientFrame,
  type DeviceControl,
  type Lease,
  type LiveEvent,
  limits,
  parsePosition,
  protocolVersion,
  Refusal,
  type Scope,
  type SeriesDef,
  type StreamRequest,
  subprotocol,
  valueTypeOf,
} from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { EventTaker, FreshnessChange, SeriesName, Sight } from './channel.ts';
import { encodeEvent } from './event-queue.ts';
import { type EventEntry, EventWindow } from './event-window.ts';
import { PollPipe, SsePipe } from './http-pipe.ts';
import { Hub } from './hub.ts';
import { LogPages } from './log-pages.ts';
import type { Pipe } from './pipe.ts';
import type { Latest, Readings } from './readings.ts';
import type { Viewing } from './requests.ts';
import { type LiveCounters, Viewer, type ViewerPorts } from './viewer.ts';
import { ViewerCounts, type ViewerLimits } from './viewer-counts.ts';
import { Watchers } from './watchers.ts';
import { WsPipe } from './ws-pipe.ts';

export type LiveConfig = { heartbeatMs: number; flushIntervalMs: number } & ViewerLimits;

/** A committed entry as the store hands it out; runs are valid only during the call. */
export type LiveEntry = { offset: number } & ({ kind: 'readings'; run: Readings } | { kind: string; event: unknown });

export type LivePorts = {
  clock: Clock;
  random(): number;
  epoch: string;
  offset(): number;
  /** Offset of the oldest entry that the log still has. */
  firstOffset(): number;
  seriesName(series: number): SeriesName | undefined;
  seriesCount(): number;
  metricsOf(device: string): Iterable<[metric: string, series: number]>;
  unitOf(device: string, metric: string): string | null;
  latest(series: number): Latest | undefined;
  /** True for a metric that its device announced. */
  isAnnounced(series: number): boolean;
  /** Number of the newest change of freshness without a reading. */
  freshSeq(): number;
  readLog(after: number): Promise<{ entries: LiveEntry[]; through: number }>;
  readEvents(after: number, max: number): Promise<{ entries: LiveEntry[]; through: number }>;
  command(frame: ClientFrame & { t: 'cmd' }, viewing: Viewing, address: string): Promise<string>;
  /** Resolves with the version of the desired state. */
  desired(frame: ClientFrame & { t: 'desired' }, viewing: Viewing, address: string): Promise<number>;
  /** False while nothing can be stored: the disk is full, or hangs. */
  isStoring(): boolean;
  /** True while what the viewer signed in with still holds. */
  stillHolds(viewing: Viewing): Promise<boolean>;
  /** What a limited viewer sees, and an epoch that is another as soon as it sees other devices. */
  sightOf(scope: Scope): Sight;
  /** Who has a device for himself. */
  lease(device: string): Lease | null;
};

/** Looks at each viewer so many times in a heartbeat: silence is found within a twentieth of it. */
const ticksPerHeartbeat = 20;
const tickMsMin = 50;
/** An SSE stream ends after this long: a peer that vanished without a word costs no longer. */
const streamMsMax = 10 * 60_000;
/** How far apart viewers are sent home: a millisecond each, within these bounds ([LIV-8]). */
const returnMsMin = 1_000;
const returnMsMax = 30_000;
const closeMsMax = 1_000;

const isReadings = (entry: LiveEntry): entry is LiveEntry & { kind: 'readings'; run: Readings } => 'run' in entry;
const isEvent = (entry: LiveEntry): entry is LiveEntry & { event: unknown } => 'event' in entry;
const eventsOf = (entries: readonly LiveEntry[]): EventEntry[] =>
  entries.filter(isEvent).map(({ offset, event }) => ({ offset, event: event as LiveEvent }));
const runsOf = (entries: readonly LiveEntry[]) => entries.filter(isReadings).map(({ run }) => run);

export class Live {
  readonly counters: LiveCounters = {
    opened: 0,
    closed: 0,
    framesSent: 0,
    bytesSent: 0,
    gapsSlow: 0,
    gapsEpoch: 0,
    gapsTrimmed: 0,
    refusedFrames: 0,
    heartbeatsLost: 0,
    viewersRefused: 0,
    upgradesBarred: 0,
  };
  private readonly viewers = new Set<Viewer>();
  private readonly counts: ViewerCounts;
  private readonly hub: Hub;
  private readonly events: EventWindow;
  private readonly pages: LogPages;
  private readonly watchers: Watchers;
  private readonly boot = randomBytes(4).toString('hex');
  private freshHandedOut = 0;
  private closing = false;
  private readonly beats;
  private lastBeatAt: number;
  private wasStoring = true;
  private readonly tickMs: number;
  private readonly config: LiveConfig;
  private readonly ports: LivePorts;
  private readonly viewerPorts: ViewerPorts;

  constructor(config: LiveConfig, ports: LivePorts) {
    this.config = config;
    this.ports = ports;
    this.counts = new ViewerCounts(config);
    this.hub = new Hub(ports.offset(), ports);
    this.events = new EventWindow(ports.offset(), {
      firstOffset: () => ports.firstOffset(),
      async readEvents(after, max) {
        const { entries, through } = await ports.readEvents(after, max);
        return { events: eventsOf(entries), through };
      },
    });
    this.pages = new LogPages({
      seriesName: series => ports.seriesName(series),
      async readLog(after) {
        const { entries, through } = await ports.readLog(after);
        return { runs: runsOf(entries), through };
      },
    });
    this.watchers = new Watchers(ports);
    this.viewerPorts = this.makeViewerPorts();
    this.tickMs = Math.max(tickMsMin, config.heartbeatMs / ticksPerHeartbeat);
    this.lastBeatAt = ports.clock.now();
    this.beats = ports.clock.every(this.tickMs, () => this.beat());
  }

  /** Which limit one more viewer would break, or null. To be asked right before it is let in. */
  limitBrokenBy({ name }: Viewing, address: string): string | null {
    const isFull = this.viewers.size >= limits.viewersMax;
    const broken = isFull ? `at most ${limits.viewersMax} connections in all` : this.counts.brokenBy({ name, address });
    if (broken !== null) this.counters.viewersRefused++;
    return broken;
  }

  viewerCount(): number {
    return this.viewers.size;
  }

  /** Takes over a WebSocket, on this stream, that was authenticated before its upgrade. */
  accept(socket: WebSocket, stream: Duplex, viewing: Viewing, address: string): void {
    const viewer = this.open(new WsPipe(socket, stream), viewing, address);
    if (socket.protocol !== subprotocol) return viewer.close('version_unsupported', `expected ${subprotocol}`);
    this.hello(viewer);
  }

  /** Answers with a stream of server-sent events that goes on after `request.after`. Throws Refusal. */
  stream(response: ServerResponse, request: StreamRequest, viewing: Viewing, address: string): void {
    this.needRoom(viewing, address);
    const viewer = this.open(new SsePipe(response), viewing, address);
    this.hello(viewer);
    this.ask(viewer, request);
  }

  /** Answers with what comes after `request.after`, as soon as there is something, else after `waitMs`. */
  poll(response: ServerResponse, request: StreamRequest, waitMs: number, viewing: Viewing, address: string): void {
    this.needRoom(viewing, address);
    const viewer = this.open(new PollPipe(response, waitMs, this.ports.clock), viewing, address);
    const epoch = request.after === undefined ? undefined : parsePosition(request.after)?.epoch;
    if (epoch !== viewer.epoch()) this.hello(viewer);
    else if (!this.ports.isStoring()) viewer.tell();
    this.ask(viewer, request);
  }

  /** Brings a commit to the viewers: events first, so that a later position covers them. */
  committed(entries: readonly LiveEntry[]): void {
    for (const entry of eventsOf(entries)) {
      this.events.add(entry);
      this.bringEvent(entry);
    }
    this.hub.take(runsOf(entries), entries.at(-1)?.offset ?? this.hub.head);
  }

  /** Tells of freshness that changed without a reading. */
  freshnessChanged(changes: readonly FreshnessChange[]): void {
    this.hub.freshen(changes);
    this.freshHandedOut = this.ports.freshSeq();
  }

  /** Shows the latest of these series anew, as the gateway's own word on what is latest. */
  renew(series: readonly number[]): void {
    this.hub.renew(series);
  }

  /** Who watches a device now, and who has it. */
  controlOf(device: string): DeviceControl {
    return this.watchers.of(device);
  }

  /** Another has the device now, or nobody: tells those who watch it. */
  controlChanged(device: string): void {
    this.watchers.change(device);
  }

  /** Ends at once every connection that was opened with this session or token ([ACC-7]). */
  revoke(hash: string): void {
    for (const viewer of this.viewers) if (viewer.viewing.hash === hash) viewer.close('not_signed_in', 'signed out');
  }

  /** Sends those home whose scope sees other devices than before: they come back at once, and see what they may. */
  rightsChanged(concerns: (scope: Scope) => boolean): void {
    for (const viewer of this.viewers) {
      const { scope } = viewer.viewing;
      if (scope !== null && concerns(scope)) viewer.close('rights_changed', undefined, 0);
    }
  }

  /** Says goodbye to all; resolves when they are gone, or after a moment. */
  async close(): Promise<void> {
    this.closing = true;
    this.beats.cancel();
    const spreadMs = Math.min(Math.max(this.viewers.size, returnMsMin), returnMsMax);
    for (const viewer of this.viewers) {
      viewer.close('closing', undefined, Math.floor(this.ports.random() * spreadMs));
    }
    const deadline = performance.now() + closeMsMax;
    while (this.viewers.size > 0 && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 10));
    for (const viewer of this.viewers) viewer.pipe.terminate();
    this.hub.close();
  }

  private needRoom(viewing: Viewing, address: string): void {
    if (this.closing) throw new Refusal('closing');
    const broken = this.limitBrokenBy(viewing, address);
    if (broken !== null) throw new Refusal('too_many', broken);
  }

  private open(pipe: Pipe, viewing: Viewing, address: string): Viewer {
    const { name, scope } = viewing;
    const countOut = this.counts.add({ name, address });
    const sight = scope === null ? null : this.ports.sightOf(scope);
    const ports = sight === null ? this.viewerPorts : { ...this.viewerPorts, epoch: sight.epoch, sight };
    const viewer = new Viewer(pipe, viewing, address, ports, () => {
      countOut();
      this.viewers.delete(viewer);
      this.counters.closed++;
    });
    this.viewers.add(viewer);
    this.counters.opened++;
    return viewer;
  }

  private hello(viewer: Viewer): void {
    const { name, role } = viewer.viewing;
    viewer.sendFrame({
      t: 'hello',
      v: protocolVersion,
      epoch: viewer.epoch(),
      offset: this.hub.head,
      now: this.ports.clock.now(),
      heartbeatMs: this.config.heartbeatMs,
      transport: viewer.pipe.transport,
      user: name,
      role,
      limits: {
        frameBytesMax: limits.viewerFrameBytesMax,
        subscriptionsMax: limits.subscriptionsPerViewerMax,
        rowsPerFrameMax: limits.rowsPerFrameMax,
      },
    });
    if (!this.ports.isStoring()) viewer.tell();
  }

  /** Begins all that a request over HTTP asks for, each where it says itself or else where the request does. */
  private ask(viewer: Viewer, { subs, after }: StreamRequest): void {
    const position = after === undefined ? null : parsePosition(after);
    const [boot, seq, control] = position?.seen?.split('.') ?? [];
    const seen = boot === this.boot ? Number(seq) : null;
    if (position !== null) viewer.toldControl(boot === this.boot ? Number(control ?? 0) : 0);
    if (position?.epoch === viewer.epoch()) viewer.toldEvents(position.events);
    for (const ask of subs) {
      const fallback = position === null ? undefined : { epoch: position.epoch, offset: position.offset };
      viewer.subscribe({ ...ask, since: ask.since ?? fallback }, seen);
    }
  }

  private bringEvent(entry: EventEntry): void {
    const { device } = entry.event;
    if (entry.event.kind === 'device') this.redefine(device);
    const takers = new Set<EventTaker>();
    for (const channel of this.hub.ofDevice(device)) for (const { owner } of channel.members) takers.add(owner);
    if (takers.size === 0) return;
    const frame = encodeEvent(entry);
    for (const taker of takers) taker.takeEvent(entry.offset, frame);
  }

  /** A device's units come with its attributes: what changed is defined anew, and what was announced is shown. */
  private redefine(device: string): void {
    const series = Array.from(this.ports.metricsOf(device), ([, index]) => index);
    for (const viewer of this.viewers) viewer.undefine(series);
    const announced = series.filter(index => this.ports.latest(index) === undefined && this.ports.isAnnounced(index));
    if (announced.length > 0) this.hub.renew(announced);
  }

  private beat(): void {
    const now = this.ports.clock.now();
    // A clock that was set, or a process that stood still, is no silence of the viewers.
    const skewMs = now - this.lastBeatAt - this.tickMs;
    this.lastBeatAt = now;
    const turned = this.ports.isStoring() !== this.wasStoring;
    if (turned) this.wasStoring = !this.wasStoring;
    for (const viewer of this.viewers) {
      const { pipe, pulse } = viewer;
      if (Math.abs(skewMs) > this.tickMs) pulse.heardAt += skewMs;
      // One that was cut is gone with its socket, a moment later.
      if (pipe.isClosed()) continue;
      if (turned) viewer.tell();
      const { check, lost } = viewer.beat(now, this.tickMs);
      if (lost) {
        this.counters.heartbeatsLost++;
        pipe.terminate();
      } else if (pipe.transport === 'sse' && now - pulse.openedAt >= streamMsMax) {
        viewer.close('stream_over', undefined, 0);
      } else if (check) this.checkHolds(viewer);
    }
  }

  private checkHolds(viewer: Viewer): void {
    this.ports.stillHolds(viewer.viewing).then(
      holds => holds || viewer.close('not_signed_in', 'the session is over'),
      // A store that cannot answer now is no reason to throw people out.
      () => {},
    );
  }

  private makeViewerPorts(): ViewerPorts {
    const { config, counters, hub, ports, watchers } = this;
    return {
      clock: ports.clock,
      heartbeatMs: config.heartbeatMs,
      flushIntervalMs: config.flushIntervalMs,
      boot: this.boot,
      epoch: ports.epoch,
      counters,
      head: () => hub.head,
      firstOffset: () => ports.firstOffset(),
      latest: series => ports.latest(series),
      isAnnounced: series => ports.isAnnounced(series),
      freshSeq: () => ports.freshSeq(),
      freshHandedOut: () => this.freshHandedOut,
      covered: channel => hub.covered(channel),
      readPage: after => this.pages.read(after),
      eventsSince: after => this.events.since(after),
      channelOf: spec => hub.hold(spec),
      release: channel => hub.release(channel),
      define: series => this.define(series),
      command: (frame, viewing, address) => ports.command(frame, viewing, address),
      desired: (frame, viewing, address) => ports.desired(frame, viewing, address),
      isStoring: () => ports.isStoring(),
      watchers,
    };
  }

  private define(series: number): SeriesDef | null {
    const name = this.ports.seriesName(series);
    if (name === undefined) return null;
    const value = this.ports.latest(series)?.value;
    const type = value === undefined ? 'number' : valueTypeOf(value);
    return [series, name.device, name.metric, this.ports.unitOf(name.device, name.metric), type];
  }
}
