// The live stage: brings what was committed to every viewer that asked for it.
// Invariant: a viewer sees a reading only after it is committed, with its position ([LIV-1]); a slow one delays
// neither another nor a device ([LIV-3]).
// Full: so many viewers; a further one is refused before the upgrade.
import type { WebSocket } from 'ws';
import {
  type ClientFrame,
  type Code,
  type Freshness,
  type LiveEvent,
  limits,
  protocolVersion,
  type SeriesDef,
  subprotocol,
  valueTypeOf,
} from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { Channel, channelKey, type Encoded, type Patterns, type Readings, type SeriesName } from './channel.ts';
import { type LiveCounters, Viewer, type ViewerPorts, type Viewing } from './viewer.ts';

export type LiveConfig = { heartbeatMs: number };

/** A committed entry as the store hands it out; runs are valid only during the call. */
export type LiveEntry = { offset: number } & ({ kind: 'readings'; run: Readings } | { kind: string; event: unknown });

export type LivePorts = {
  clock: Clock;
  epoch: string;
  offset(): number;
  /** Offset of the oldest entry that the log still has. */
  firstOffset(): number;
  seriesName(series: number): SeriesName | undefined;
  seriesCount(): number;
  metricsOf(device: string): Iterable<[metric: string, series: number]>;
  unitOf(device: string, metric: string): string | null;
  latest(
    series: number,
  ): { ts: number; value: number | boolean | string; freshness: Freshness; offset: number } | undefined;
  readLog(after: number): Promise<{ entries: LiveEntry[]; through: number }>;
  readEvents(after: number, max: number): Promise<{ entries: LiveEntry[]; through: number }>;
  command(frame: ClientFrame & { t: 'cmd' }, viewing: Viewing, address: string): Promise<string>;
  /** True while what the viewer signed in with still holds. */
  stillHolds(viewing: Viewing): Promise<boolean>;
};

const isReadings = (entry: LiveEntry): entry is LiveEntry & { kind: 'readings'; run: Readings } => 'run' in entry;
const isEvent = (entry: LiveEntry): entry is LiveEntry & { event: unknown } => 'event' in entry;

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
  };
  private readonly viewers = new Set<Viewer>();
  private readonly channels = new Map<string, Channel>();
  private readonly beats;
  private readonly config: LiveConfig;
  private readonly ports: LivePorts;
  private readonly viewerPorts: ViewerPorts;

  constructor(config: LiveConfig, ports: LivePorts) {
    this.config = config;
    this.ports = ports;
    this.viewerPorts = this.makeViewerPorts();
    this.beats = ports.clock.every(config.heartbeatMs, () => this.beat());
  }

  isFull(): boolean {
    return this.viewers.size >= limits.viewersMax;
  }

  viewerCount(): number {
    return this.viewers.size;
  }

  /** Takes over a WebSocket that was authenticated before its upgrade. */
  accept(socket: WebSocket, viewing: Viewing, address: string): void {
    // Errors of the socket itself; a close follows each.
    socket.on('error', () => {});
    const viewer = new Viewer(socket, viewing, address, this.viewerPorts);
    if (socket.protocol !== subprotocol) return viewer.close('version_unsupported', `expected ${subprotocol}`);
    this.viewers.add(viewer);
    this.counters.opened++;
    socket.on('close', () => {
      this.viewers.delete(viewer);
      this.counters.closed++;
      viewer.dispose();
    });
    viewer.sendFrame({
      t: 'hello',
      v: protocolVersion,
      epoch: this.ports.epoch,
      offset: this.ports.offset(),
      now: this.ports.clock.now(),
      heartbeatMs: this.config.heartbeatMs,
      user: viewing.name,
      role: viewing.role,
      limits: {
        frameBytesMax: limits.viewerFrameBytesMax,
        subscriptionsMax: limits.subscriptionsPerViewerMax,
        rowsPerFrameMax: limits.rowsPerFrameMax,
      },
    });
  }

  /** Brings a commit to the viewers; each channel is encoded once. */
  committed(entries: readonly LiveEntry[]): void {
    const runs = entries.filter(isReadings).map(({ run }) => run);
    const events = entries.filter(isEvent).map(({ offset, event }) => ({ offset, event: event as LiveEvent }));
    for (const { event } of events) this.forgetDefinitions(event);
    const head = entries.at(-1)?.offset ?? 0;
    const encoded = new Map<Channel, Encoded | null>();
    if (runs.length > 0) for (const channel of this.channels.values()) encoded.set(channel, channel.encode(runs));
    for (const viewer of this.viewers) viewer.deliver(events, encoded, head);
  }

  freshnessChanged(changes: readonly { series: number; freshness: Freshness }[]): void {
    for (const viewer of this.viewers) viewer.freshen(changes);
  }

  /** Ends at once every connection that was opened with this session or token ([ACC-3]). */
  revoke(hash: string): void {
    for (const viewer of this.viewers) if (viewer.viewing.hash === hash) viewer.close('not_signed_in', 'signed out');
  }

  /** Says goodbye to all; resolves when they are gone, or after a moment. */
  async close(): Promise<void> {
    this.beats.cancel();
    for (const viewer of this.viewers) {
      viewer.sendFrame({ t: 'bye', code: 'closing' satisfies Code, retryMs: 1_000 });
      viewer.close('closing');
    }
    const deadline = performance.now() + 1_000;
    while (this.viewers.size > 0 && performance.now() < deadline) await new Promise(resolve => setTimeout(resolve, 10));
    for (const viewer of this.viewers) viewer.terminate();
  }

  private beat(): void {
    const now = this.ports.clock.now();
    for (const viewer of this.viewers) {
      if (now - viewer.lastHeardAt > 2 * this.config.heartbeatMs) {
        viewer.terminate();
        continue;
      }
      viewer.beat(now);
      this.ports.stillHolds(viewer.viewing).then(
        holds => holds || viewer.close('not_signed_in', 'the session is over'),
        // A store that cannot answer now is no reason to throw people out.
        () => {},
      );
    }
  }

  /** A device's units come with its attributes: what changed is defined anew. */
  private forgetDefinitions(event: LiveEvent): void {
    if (event.kind !== 'device') return;
    const series = Array.from(this.ports.metricsOf(event.device), ([, index]) => index);
    for (const viewer of this.viewers) viewer.undefine(series);
  }

  private makeViewerPorts(): ViewerPorts {
    const { ports } = this;
    return {
      epoch: ports.epoch,
      now: () => ports.clock.now(),
      offset: () => ports.offset(),
      firstOffset: () => ports.firstOffset(),
      latest: series => ports.latest(series),
      seriesCount: () => ports.seriesCount(),
      channelOf: patterns => this.channelOf(patterns),
      release: channel => this.release(channel),
      define: series => this.define(series),
      async readLog(after) {
        const { entries, through } = await ports.readLog(after);
        return { runs: entries.filter(isReadings).map(({ run }) => run), through };
      },
      async readEvents(after, max) {
        const { entries } = await ports.readEvents(after, max);
        return {
          events: entries.filter(isEvent).map(({ offset, event }) => ({ offset, event: event as LiveEvent })),
        };
      },
      command: (frame, viewing, address) => ports.command(frame, viewing, address),
      counters: this.counters,
      heartbeatMs: this.config.heartbeatMs,
    };
  }

  private channelOf({ device, metric }: Patterns): Channel {
    const patterns = { device, metric };
    const key = channelKey(patterns);
    const channel = this.channels.get(key) ?? new Channel(patterns, series => this.ports.seriesName(series));
    this.channels.set(key, channel);
    channel.holders++;
    return channel;
  }

  private release(channel: Channel): void {
    if (--channel.holders === 0) this.channels.delete(channel.key);
  }

  private define(series: number): SeriesDef | null {
    const name = this.ports.seriesName(series);
    if (name === undefined) return null;
    const value = this.ports.latest(series)?.value;
    const type = value === undefined ? 'number' : valueTypeOf(value);
    return [series, name.device, name.metric, this.ports.unitOf(name.device, name.metric), type];
  }
}
