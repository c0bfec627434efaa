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
} from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import {
  blockSeries,
  cadenceOf,
  type FreshnessChange,
  type LatestReading,
  LatestValues,
  type Readings,
  typeOf,
} from './latest.ts';
import { type DeviceRecord, mergeAttributes, Registry, unitOf } from './registry.ts';

/** How often freshness is looked at again. Ages are shown in seconds. */
const sweepIntervalMs = 1_000;
/** How often the latest values are saved, so that a start has little of the log to follow. */
const checkpointIntervalMs = 60_000;

export type DevicePorts = {
  clock: Clock;
  /** Series number of (device, metric), and back. */
  findSeries(device: string, metric: string): number | undefined;
  metricsOf(device: string): Iterable<[metric: string, series: number]>;
  /** Appends to the log and keeps the record; `record` is null where the device is deleted. */
  saveDevice(id: string, record: DeviceRecord | null, event: LiveEvent): Promise<void>;
  savePresence(record: DeviceRecord, event: LiveEvent): Promise<void>;
  /** Saves a part of the latest values; `offset` is how far the view has followed the log. */
  saveView(name: string, offset: number, body: string): Promise<void>;
  lastOffset(): number;
  freshnessChanged(changes: FreshnessChange[]): void;
};

export type SavedView = { name: string; offset: number; body: string };

/** The name under which the checkpoint itself is saved, after all its blocks. */
export const checkpointView = 'latest';
export const blockView = (block: number) => `latest/${block}`;
export { blockSeries };

export type DeviceStage = ReturnType<typeof createDevices>;

export function createDevices(ports: DevicePorts) {
  const registry = new Registry();
  const latest = new LatestValues();
  let timers: { cancel(): void }[] = [];
  let checkpointing: Promise<void> | null = null;

  const now = () => ports.clock.now();

  function describe(record: DeviceRecord): Device {
    let metrics = 0;
    let lastReadingAt: number | null = null;
    for (const [, series] of ports.metricsOf(record.id)) {
      const reading = latest.get(series);
      if (reading === undefined) continue;
      metrics++;
      if (lastReadingAt === null || reading.receivedAt > lastReadingAt) lastReadingAt = reading.receivedAt;
    }
    return { ...record, metrics, lastReadingAt };
  }

  function newRecord(id: string, name: string): DeviceRecord {
    if (!isDeviceId(id)) {
      throw new Refusal(
        'bad_request',
        `expected a device id (1 to 128 characters, no / + #), got ${JSON.stringify(id)}`,
      );
    }
    return { id, name, createdAt: now(), presence: { state: 'unknown', since: null, cause: null }, attributes: {} };
  }

  async function create(id: string, name: string): Promise<Device> {
    const record = newRecord(id, name);
    registry.add(record);
    try {
      await ports.saveDevice(id, record, { kind: 'device', device: id, change: 'created', at: record.createdAt });
    } catch (error) {
      registry.remove(id);
      throw error;
    }
    return describe(record);
  }

  /** Where the open profile is on, a device is there as soon as it speaks. */
  function ensure(id: string): DeviceRecord {
    const known = registry.get(id);
    if (known !== undefined) return known;
    const record = newRecord(id, id);
    registry.add(record);
    // The event lies before the device's first reading in the same commit; if that is refused, so is the reading.
    ports.saveDevice(id, record, { kind: 'device', device: id, change: 'created', at: record.createdAt }).catch(() => {
      registry.remove(id);
    });
    return record;
  }

  async function rename(id: string, name: string): Promise<Device> {
    const record = registry.need(id);
    const before = record.name;
    record.name = name;
    try {
      await ports.saveDevice(id, record, { kind: 'device', device: id, change: 'changed', at: now() });
    } catch (error) {
      record.name = before;
      throw error;
    }
    return describe(record);
  }

  async function remove(id: string): Promise<void> {
    registry.need(id);
    await ports.saveDevice(id, null, { kind: 'device', device: id, change: 'deleted', at: now() });
    registry.remove(id);
    for (const [, series] of ports.metricsOf(id)) latest.forget(series);
  }

  /** Notes a change of presence. Resolves once it is in the log; says nothing where nothing changed. */
  async function setPresence(id: string, state: PresenceState, cause: PresenceCause): Promise<void> {
    const record = registry.get(id);
    if (record === undefined || record.presence.state === state) return;
    const presence: Presence = { state, since: now(), cause };
    record.presence = presence;
    await ports.savePresence(record, { kind: 'presence', device: id, at: now(), ...presence });
  }

  /** Merges what the device said about itself. Resolves once it is in the log. */
  async function setAttributes(id: string, attributes: ReadonlyMap<string, Value>): Promise<void> {
    const record = registry.need(id);
    const merged = mergeAttributes(record.attributes, attributes);
    if (merged === null) return;
    record.attributes = merged;
    await ports.saveDevice(id, record, { kind: 'device', device: id, change: 'changed', at: now() });
  }

  function describeLatest(metric: string, record: DeviceRecord, reading: LatestReading): LatestValue {
    const { ts, value, receivedAt, freshness } = reading;
    const unit = unitOf(record, metric);
    return { metric, unit, type: typeOf(value), ts, value, receivedAt, freshness, cadenceMs: cadenceOf(reading) };
  }

  function latestOf(id: string): Latest {
    const record = registry.need(id);
    const values: LatestValue[] = [];
    for (const [metric, series] of ports.metricsOf(id)) {
      const reading = latest.get(series);
      if (reading !== undefined) values.push(describeLatest(metric, record, reading));
    }
    values.sort((a, b) => (a.metric < b.metric ? -1 : 1));
    return { device: id, presence: record.presence, now: now(), values };
  }

  /** Saves the blocks that changed, then the mark from which a start follows the log. */
  async function checkpoint(): Promise<void> {
    const offset = ports.lastOffset();
    for (const block of latest.takeDirty()) {
      await ports.saveView(blockView(block), offset, latest.saveBlock(block));
    }
    await ports.saveView(checkpointView, offset, '');
  }

  return {
    /** Takes in what the database knows: devices, and the blocks of the latest values. */
    load(records: DeviceRecord[], blocks: SavedView[]): void {
      for (const record of records) registry.add(record);
      for (const { body, offset } of blocks) latest.loadBlock(body, offset, now());
    },
    /** Starts looking after freshness, and says of every device that it was lost with the restart. */
    async open(): Promise<void> {
      timers = [
        ports.clock.every(sweepIntervalMs, () => {
          const changes = latest.sweep(now());
          if (changes.length > 0) ports.freshnessChanged(changes);
        }),
        ports.clock.every(checkpointIntervalMs, () => {
          checkpointing ??= checkpoint()
            // A full disk refuses this as it refuses readings; the next round tries again.
            .catch(() => {})
            .finally(() => {
              checkpointing = null;
            });
        }),
      ];
      const online = [...registry.all()].filter(record => record.presence.state === 'online');
      await Promise.all(online.map(record => setPresence(record.id, 'offline', 'restart')));
    },
    /** Takes in the readings of a committed entry. */
    apply: (run: Readings) => latest.apply(run, now()),
    create,
    ensure,
    rename,
    remove,
    setPresence,
    setAttributes,
    latestOf,
    exists: (id: string) => registry.get(id) !== undefined,
    isOnline: (id: string) => registry.get(id)?.presence.state === 'online',
    describe: (id: string) => describe(registry.need(id)),
    page: (after: string | null, limit: number, search: string) =>
      registry.page(after, Math.min(limit, limits.pageRowsMax), search).map(describe),
    latestReading: (series: number) => latest.get(series),
    unitOf: (id: string, metric: string) => unitOf(registry.get(id), metric),
    count: () => registry.size(),
    async close(): Promise<void> {
      for (const timer of timers) timer.cancel();
      await checkpointing;
      await checkpoint();
    },
  };
}
