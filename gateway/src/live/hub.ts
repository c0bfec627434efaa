// Who wants what: finds the channels of a series and of a device without asking all of them, and hands them what a
// commit brought. A commit costs what is delivered, not what is subscribed to.
import type { Clock } from '../lib/clock.ts';
import { Channel, type ChannelSpec, channelKey, type FreshnessChange, type SeriesName } from './channel.ts';
import type { PendingPorts } from './pending.ts';
import type { Readings } from './readings.ts';

export type HubPorts = PendingPorts & {
  clock: Clock;
  seriesName(series: number): SeriesName | undefined;
  /** One more than the largest number of a series. */
  seriesCount(): number;
  metricsOf(device: string): Iterable<[metric: string, series: number]>;
};

/** How long a channel that nobody holds is kept: longer than from one long poll to the next. */
const lingerMs = 2_000;
/** Channels kept so; each costs as much as one that is held. */
const lingeringMax = 1_000;

const isPattern = (text: string) => text.includes('*');

/** The devices that a channel names one by one, or null where only a look at each name tells. */
function devicesNamed({ device }: ChannelSpec): string[] | null {
  return device === undefined || device.some(isPattern) ? null : device;
}

export class Hub {
  /** Offset of the last entry that was handed out. */
  head: number;
  private lingering = 0;
  private readonly channels = new Map<string, Channel>();
  private readonly bySeries: (Channel[] | undefined)[] = [];
  /** Series below this number are in `bySeries`. */
  private indexed: number;
  private readonly byDevice = new Map<string, Set<Channel>>();
  /** Channels whose devices are patterns. */
  private readonly wild = new Set<Channel>();
  private readonly ports: HubPorts;

  constructor(head: number, ports: HubPorts) {
    this.head = head;
    this.ports = ports;
    this.indexed = ports.seriesCount();
  }

  /** The channel of these patterns, mode, pace and sight, made where there is none; to be released again. */
  hold(spec: ChannelSpec): Channel {
    const key = channelKey(spec);
    let channel = this.channels.get(key);
    if (channel === undefined) {
      const { clock, latest } = this.ports;
      channel = new Channel(spec, { clock, latest, head: () => this.head });
      this.channels.set(key, channel);
      this.add(channel);
    }
    channel.holders++;
    return channel;
  }

  /** Gives back what `hold` gave. Who asks in long polls comes again soon: the channel stays for a little while. */
  release(channel: Channel): void {
    if (--channel.holders > 0) return;
    if (this.lingering >= lingeringMax) return this.drop(channel);
    this.lingering++;
    this.ports.clock.after(lingerMs, () => {
      this.lingering--;
      if (channel.holders === 0 && this.channels.get(channel.key) === channel) this.drop(channel);
    });
  }

  close(): void {
    for (const channel of this.channels.values()) channel.close();
  }

  private add(channel: Channel): void {
    this.indexNew();
    for (const series of this.candidates(channel)) {
      const name = this.ports.seriesName(series);
      if (name === undefined || !channel.covers(name)) continue;
      const known = this.bySeries[series];
      if (known === undefined) this.bySeries[series] = [channel];
      else known.push(channel);
    }
    const devices = devicesNamed(channel.spec);
    if (devices === null) this.wild.add(channel);
    for (const device of devices ?? []) {
      const known = this.byDevice.get(device);
      if (known === undefined) this.byDevice.set(device, new Set([channel]));
      else known.add(channel);
    }
  }

  private drop(channel: Channel): void {
    channel.close();
    this.channels.delete(channel.key);
    this.remove(channel);
  }

  private remove(channel: Channel): void {
    for (const series of this.candidates(channel)) {
      const left = this.bySeries[series]?.filter(other => other !== channel);
      this.bySeries[series] = left?.length === 0 ? undefined : left;
    }
    this.wild.delete(channel);
    for (const device of devicesNamed(channel.spec) ?? []) {
      const known = this.byDevice.get(device);
      known?.delete(channel);
      if (known?.size === 0) this.byDevice.delete(device);
    }
  }

  /** The series that a channel covers, as far as they are known by now. */
  *covered(channel: Channel): Iterable<number> {
    this.indexNew();
    for (const series of this.candidates(channel)) if (this.bySeries[series]?.includes(channel)) yield series;
  }

  /** The channels that have to hear of a device's events. */
  *ofDevice(device: string): Iterable<Channel> {
    for (const channel of this.byDevice.get(device) ?? []) if (channel.coversDevice(device)) yield channel;
    for (const channel of this.wild) if (channel.coversDevice(device)) yield channel;
  }

  /** Hands out the readings of a commit, whose last entry is `head`. */
  take(runs: readonly Readings[], head: number): void {
    const touched = this.channels.size > 0 ? this.spread(runs) : [];
    this.head = head;
    for (const channel of touched) {
      channel.touched = false;
      channel.schedule();
    }
  }

  freshen(changes: readonly FreshnessChange[]): void {
    for (const [channel, its] of this.byChannel(changes, ({ series }) => series)) channel.freshen(its);
  }

  renew(series: readonly number[]): void {
    this.indexNew();
    for (const [channel, its] of this.byChannel(series, index => index)) channel.renew(its);
  }

  private byChannel<Item>(items: readonly Item[], seriesOf: (item: Item) => number): Map<Channel, Item[]> {
    const found = new Map<Channel, Item[]>();
    for (const item of items) {
      for (const channel of this.bySeries[seriesOf(item)] ?? []) {
        const known = found.get(channel);
        if (known === undefined) found.set(channel, [item]);
        else known.push(item);
      }
    }
    return found;
  }

  /** Adds readings to the channels that they concern, and returns those. */
  private spread(runs: readonly Readings[]): Channel[] {
    this.indexNew();
    const touched: Channel[] = [];
    for (const run of runs) {
      for (let i = 0; i < run.count; i++) {
        const channels = this.bySeries[run.series(i)];
        if (channels === undefined) continue;
        for (const channel of channels) {
          channel.add(run, i);
          if (channel.touched) continue;
          channel.touched = true;
          touched.push(channel);
        }
      }
    }
    return touched;
  }

  /** Looks at the series that came to be since the last time. */
  private indexNew(): void {
    const count = this.ports.seriesCount();
    for (; this.indexed < count; this.indexed++) {
      const name = this.ports.seriesName(this.indexed);
      if (name === undefined) continue;
      const channels: Channel[] = [];
      for (const channel of this.byDevice.get(name.device) ?? []) if (channel.covers(name)) channels.push(channel);
      for (const channel of this.wild) if (channel.covers(name)) channels.push(channel);
      if (channels.length > 0) this.bySeries[this.indexed] = channels;
    }
  }

  /** The series among which those of a channel are. */
  private *candidates(channel: Channel): Iterable<number> {
    const devices = devicesNamed(channel.spec);
    if (devices === null) {
      for (let series = 1; series < this.indexed; series++) yield series;
      return;
    }
    for (const device of new Set(devices)) for (const [, series] of this.ports.metricsOf(device)) yield series;
  }
}
