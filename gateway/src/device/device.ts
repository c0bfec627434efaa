// The device stage: which devices there are, whether they are there, and what they said last.
// Invariant: it shows only what the log holds; a stale value never looks current ([LIV-4]).
// Full: at most `limits.devicesMax` devices; a further one is refused.
import {
  type Device,
  isDeviceId,
  type Latest,
  type LatestValue,
  type LiveEvent,
  limits,
  type Presence,
  type PresenceCause,
  type PresenceState,
  Refusal,
  type Value,
  valueTypeOf,
} from '../contract/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { AttributeSaves } from './attribute-saves.ts';
import { type CadenceRule, everyMsBy } from './cadence-rules.ts';
import { type DesiredPorts, DesiredStates, type NewStateChange, type SavedDesired } from './desired.ts';
import { valueIn } from './desired-delivery.ts';
import {
  blockSeries,
  cadenceOf,
  type FreshnessChange,
  type LatestReading,
  LatestValues,
  type Readings,
} from './latest.ts';
import {
  announcedBy,
  type DeviceFilter,
  type DeviceRecord,
  isAnnounced,
  mergeAttributes,
  Registry,
  unitOf,
} from './registry.ts';

/**
 * Each series' freshness is looked at once a second, for ages are shown in seconds. It is a part of them at a time, so
 * that a million are no stall: 50,000 take some milliseconds.
 */
const sweepParts = 20;
const sweepIntervalMs = 1_000 / sweepParts;
/** How often the latest values are saved, so that a start has little of the log to follow. */
const checkpointIntervalMs = 60_000;

/** Cadences that are not to be learned; the first rule that fits a series counts. */
export type DeviceConfig = { freshness: readonly CadenceRule[] };

export type DevicePorts = DesiredPorts & {
  clock: Clock;
  seriesName(series: number): { device: string; metric: string } | undefined;
  /** The number of a series, a new one where it has none; 0 where the device has too many. */
  makeSeries(device: string, metric: string): number;
  /** The metrics of a device, with the number of each series. */
  metricsOf(device: string): Iterable<[metric: string, series: number]>;
  /** True for a name that signs in as something else than a device. */
  isTaken(name: string): boolean;
  /**
   * Appends to the log and keeps the record; `record` is null where the device is deleted, with its desired state.
   * `reported` goes into the history of its state.
   */
  saveDevice(id: string, record: DeviceRecord | null, event: LiveEvent, reported?: NewStateChange): Promise<void>;
  savePresence(record: DeviceRecord, event: LiveEvent): Promise<void>;
  /** Saves a part of the latest values; `offset` is how far the view has followed the log. */
  saveView(name: string, offset: number, body: string): Promise<void>;
  lastOffset(): number;
  /** Called as soon as a device has other tags than before. */
  tagsChanged(id: string, before: readonly string[], after: readonly string[]): void;
  /** Hears of values that aged without a reading, as soon as that is seen. */
  freshnessChanged(changes: FreshnessChange[]): void;
};

/** A device as the database knows it; one of an earlier version has no tags, or no times of its attributes. */
export type LoadedRecord = Omit<DeviceRecord, 'tags' | 'told'> & Partial<Pick<DeviceRecord, 'tags' | 'told'>>;

export type SavedView = { name: string; offset: number; body: string };

/** The name under which the checkpoint itself is saved, after all its blocks. */
export const checkpointView = 'latest';
export const blockView = (block: number) => `latest/${block}`;
export { blockSeries };

export class Devices {
  private readonly registry = new Registry();
  readonly desired: DesiredStates;
  private readonly latest: LatestValues;
  private readonly attributeSaves = new AttributeSaves((id, news) => this.saveAttributes(id, news));
  private timers: Timer[] = [];
  private checkpointing: Promise<void> | null = null;
  private readonly ports: DevicePorts;

  constructor({ freshness }: DeviceConfig, ports: DevicePorts) {
    this.ports = ports;
    this.desired = new DesiredStates(this.registry, ports);
    const everyMsOf = (series: number) => {
      const name = ports.seriesName(series);
      return name === undefined ? null : everyMsBy(freshness, name);
    };
    this.latest = new LatestValues(everyMsOf, () => ports.clock.elapsed());
  }

  /** Takes in what the database knows: devices, the blocks of the latest values, and desired states. */
  load(records: LoadedRecord[], blocks: SavedView[], desired: readonly SavedDesired[] = []): void {
    for (const record of records) {
      this.registry.add({ ...record, tags: record.tags ?? [], told: record.told ?? {} });
    }
    this.desired.load(desired);
    for (const { body, offset } of blocks) this.latest.loadBlock(body, offset, this.now());
  }

  /** Starts looking after freshness, and says of every device that was online that the restart ended it. */
  async open(): Promise<void> {
    const { clock } = this.ports;
    this.timers = [
      clock.every(sweepIntervalMs, () => this.sweep()),
      clock.every(checkpointIntervalMs, () => this.saveInBackground()),
    ];
    // Without a first mark a start would have to follow the log from its beginning, which may be gone by then.
    this.saveInBackground();
    const online = [...this.registry.all()].filter(({ presence }) => presence.state === 'online');
    // A full disk refuses to record it; what is shown is right all the same.
    await Promise.allSettled(online.map(({ id }) => this.setPresence(id, 'offline', 'restart')));
  }

  /** Takes in the readings of a committed entry. Returns the series whose latest time went back with a clock. */
  apply(run: Readings): number[] {
    return this.latest.apply(run, this.now());
  }

  async create(id: string, name: string): Promise<Device> {
    const record = this.newRecord(id, name);
    this.registry.add(record);
    try {
      await this.save(record, 'created');
    } catch (error) {
      this.registry.remove(id);
      throw error;
    }
    return this.describe(id);
  }

  /** Makes sure that a device which speaks is there; false where there may be no more. */
  ensure(id: string): boolean {
    if (this.registry.get(id) !== undefined) return true;
    if (this.registry.isFull() || this.ports.isTaken(id)) return false;
    const record = this.newRecord(id, id);
    this.registry.add(record);
    // The event lies before the device's first reading in the same commit; if that is refused, so is the reading.
    this.save(record, 'created').catch(() => this.registry.remove(id));
    return true;
  }

  /**
   * Gives a device another name, other tags, or both. What its tags are to be holds for everybody's sight at once: the
   * log hears of it a moment later.
   */
  async change(id: string, change: { name?: string; tags?: readonly string[] }): Promise<Device> {
    const record = this.registry.need(id);
    const { name, tags } = record;
    record.name = change.name ?? name;
    if (change.tags !== undefined) this.setTags(record, [...new Set(change.tags)].sort());
    try {
      await this.save(record, 'changed');
    } catch (error) {
      record.name = name;
      this.setTags(record, tags);
      throw error;
    }
    return this.describe(id);
  }

  async remove(id: string): Promise<void> {
    const record = this.registry.need(id);
    await this.desired.remove(id, async () => {
      await this.ports.saveDevice(id, null, { kind: 'device', device: id, change: 'deleted', at: this.now() });
      this.registry.remove(id);
    });
    // One of the same id that comes to be later has none of the tags.
    if (record.tags.length > 0) this.ports.tagsChanged(id, record.tags, []);
    for (const [, series] of this.ports.metricsOf(id)) this.latest.forget(series);
  }

  /** Notes a change of presence. Resolves once it is in the log; says nothing where nothing changed. */
  async setPresence(id: string, state: PresenceState, cause: PresenceCause): Promise<void> {
    const record = this.registry.get(id);
    if (record === undefined || record.presence.state === state) return;
    const presence: Presence = { state, since: this.now(), cause };
    record.presence = presence;
    await this.ports.savePresence(record, { kind: 'presence', device: id, at: this.now(), ...presence });
  }

  /**
   * Merges what the device said about itself; a metric that it tells the unit of is known from then on, sent or not.
   * Resolves once it is in the log, with all that the device said in the meantime.
   */
  async setAttributes(id: string, attributes: ReadonlyMap<string, Value>): Promise<void> {
    const record = this.registry.need(id);
    const merged = mergeAttributes(record.attributes, attributes);
    for (const name of attributes.keys()) {
      const metric = announcedBy(name);
      // Where the device has too many metrics it gets none: what is never seen is the least of them.
      if (metric !== null) this.ports.makeSeries(id, metric);
    }
    const news = this.newsIn(record, attributes);
    // What it said before may be on its way still.
    if (merged === null && news.size === 0) return this.attributeSaves.recorded(id);
    record.attributes = merged ?? record.attributes;
    await this.attributeSaves.add(id, news);
  }

  private async saveAttributes(id: string, news: ReadonlyMap<string, Value>): Promise<void> {
    const record = this.registry.get(id);
    // It was deleted meanwhile.
    if (record === undefined) return;
    const nobody = { version: null, by: null, from: null, reason: null };
    const fields = Object.fromEntries(news);
    const reported: NewStateChange = { device: id, at: this.now(), side: 'reported', fields, ...nobody };
    try {
      await this.save(record, 'changed', news.size === 0 ? undefined : reported);
    } catch (error) {
      // It was not acknowledged: the device says it again, and that is when it is recorded.
      record.told = Object.fromEntries(Object.entries(record.told).filter(([name]) => !news.has(name)));
      throw error;
    }
    if (news.size > 0) this.desired.reportedChanged(id);
  }

  /** The device as REST shows it. Throws Refusal('not_found'). */
  describe(id: string): Device {
    const record = this.registry.need(id);
    let metrics = 0;
    let lastReadingAt: number | null = null;
    for (const [, series] of this.ports.metricsOf(id)) {
      const reading = this.latest.get(series);
      if (reading === undefined) continue;
      metrics++;
      if (lastReadingAt === null || reading.receivedAt > lastReadingAt) lastReadingAt = reading.receivedAt;
    }
    const { told: _, ...device } = record;
    return { ...device, metrics, lastReadingAt };
  }

  page(after: string | null, limit: number, filter: DeviceFilter): Device[] {
    return this.registry.page(after, Math.min(limit, limits.pageRowsMax), filter).map(({ id }) => this.describe(id));
  }

  /** The latest value of each metric, and those that were announced and never came. Throws Refusal('not_found'). */
  latestOf(id: string): Latest {
    const record = this.registry.need(id);
    const values: LatestValue[] = [];
    for (const [metric, series] of this.ports.metricsOf(id)) {
      const reading = this.latest.get(series);
      if (reading !== undefined) values.push(describeLatest(metric, record, reading));
      else if (isAnnounced(record, metric)) values.push(describeNever(metric, record));
    }
    values.sort((a, b) => (a.metric < b.metric ? -1 : 1));
    return { device: id, presence: record.presence, now: this.now(), values };
  }

  latestReading(series: number): LatestReading | undefined {
    return this.latest.get(series);
  }

  /**
   * How far a device's clock is ahead of the gateway's, in milliseconds: by those of its latest readings that came
   * quickest. Null where it sent none.
   */
  clockAheadMs(id: string): number | null {
    let ahead: number | null = null;
    for (const [, series] of this.ports.metricsOf(id)) {
      const reading = this.latest.get(series);
      if (reading !== undefined) ahead = Math.max(ahead ?? -Infinity, reading.ts - reading.receivedAt);
    }
    return ahead;
  }

  /** The newest `freshSeq` of any reading: what ages from now on has a larger one. */
  freshSeq(): number {
    return this.latest.newestFreshSeq();
  }

  /** True for the series of a metric that its device told of; one without a latest reading was never seen. */
  isAnnounced(series: number): boolean {
    const name = this.ports.seriesName(series);
    return name !== undefined && isAnnounced(this.registry.get(name.device), name.metric);
  }

  unitOf(id: string, metric: string): string | null {
    return unitOf(this.registry.get(id), metric);
  }

  /** All ids in order, as they are now. */
  inOrder(): readonly string[] {
    return this.registry.inOrder();
  }

  /** The tags of a device; of one that is not there none. */
  tagsOf(id: string): readonly string[] {
    return this.registry.get(id)?.tags ?? [];
  }

  /** Ids of the devices that have one of the tags, in order. */
  withTags(tags: readonly string[]): string[] {
    return this.registry.withTags(tags);
  }

  /** What command types go by; of a device that is not there nothing. */
  traitsOf(id: string): { tags: readonly string[]; model: string | null } {
    const record = this.registry.get(id);
    const model = record?.attributes.model;
    return { tags: record?.tags ?? [], model: typeof model === 'string' ? model : null };
  }

  /** Ids of all devices, in no order. */
  ids(): Iterable<string> {
    return this.registry.ids();
  }

  exists(id: string): boolean {
    return this.registry.get(id) !== undefined;
  }

  count(): number {
    return this.registry.size();
  }

  async close(): Promise<void> {
    for (const timer of this.timers) timer.cancel();
    await this.checkpointing;
    await this.checkpoint();
  }

  private now(): number {
    return this.ports.clock.now();
  }

  private newRecord(id: string, name: string): DeviceRecord {
    if (!isDeviceId(id)) {
      const got = JSON.stringify(id);
      throw new Refusal('bad_request', `expected a device id (1 to 128 characters, no / + #), got ${got}`);
    }
    if (this.ports.isTaken(id)) throw new Refusal('conflict', `a field gateway is called ${JSON.stringify(id)}`);
    const presence: Presence = { state: 'unknown', since: null, cause: null };
    return { id, name, tags: [], createdAt: this.now(), presence, attributes: {}, told: {} };
  }

  private setTags(record: DeviceRecord, tags: string[]): void {
    const before = record.tags;
    if (before.join('/') === tags.join('/')) return;
    record.tags = tags;
    this.ports.tagsChanged(record.id, before, tags);
  }

  private save(record: DeviceRecord, change: 'created' | 'changed', reported?: NewStateChange): Promise<void> {
    const event: LiveEvent = { kind: 'device', device: record.id, change, at: this.now() };
    return this.ports.saveDevice(record.id, record, event, reported);
  }

  /** What `attributes` say that is not recorded so, units of metrics aside, for the history; notes when that was told. */
  private newsIn(record: DeviceRecord, attributes: ReadonlyMap<string, Value>): Map<string, Value> {
    const isNews = ([name, value]: [string, Value]) =>
      announcedBy(name) === null &&
      (valueIn(record.attributes, name) !== value || valueIn(record.told, name) === undefined);
    const news = new Map([...attributes].filter(isNews));
    if (news.size === 0) return news;
    const at = this.now();
    const told = new Map(Object.entries(record.told));
    for (const name of news.keys()) told.set(name, at);
    record.told = Object.fromEntries(told);
    return news;
  }

  private sweep(): void {
    const changes = this.latest.sweep(this.now(), sweepParts);
    if (changes.length > 0) this.ports.freshnessChanged(changes);
  }

  private saveInBackground(): void {
    this.checkpointing ??= this.checkpoint()
      // A full disk refuses this as it refuses readings; the next round tries again.
      .catch(() => {})
      .finally(() => {
        this.checkpointing = null;
      });
  }

  /** Saves the blocks that changed, then the mark from which a start follows the log. */
  private async checkpoint(): Promise<void> {
    const offset = this.ports.lastOffset();
    for (const block of this.latest.takeDirty()) {
      await this.ports.saveView(blockView(block), offset, this.latest.saveBlock(block));
    }
    await this.ports.saveView(checkpointView, offset, '');
  }
}

function describeLatest(metric: string, record: DeviceRecord, reading: LatestReading): LatestValue {
  const { ts, value, receivedAt, freshness } = reading;
  const unit = unitOf(record, metric);
  return { metric, unit, type: valueTypeOf(value), ts, value, receivedAt, freshness, cadenceMs: cadenceOf(reading) };
}

function describeNever(metric: string, record: DeviceRecord): LatestValue {
  const nothing = { type: null, ts: null, value: null, receivedAt: null, cadenceMs: null };
  return { metric, unit: unitOf(record, metric), ...nothing, freshness: 'never' };
}
