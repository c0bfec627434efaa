// The devices that there are: names, presence, attributes. Kept in memory whole; every change is in the log before it
// is shown.
import { isMetricName, limits, type Millis, type Presence, Refusal, type Value } from '../contract/index.ts';

export type DeviceRecord = {
  id: string;
  name: string;
  /** In order, each once. */
  tags: string[];
  createdAt: Millis;
  presence: Presence;
  attributes: Record<string, Value>;
  /** When each attribute came to have its value. */
  told: Record<string, Millis>;
};

/** `search` is a part of id or name; `sees` says which devices are seen, null stands for all. */
export type DeviceFilter = { search: string; tag?: string; sees: ((id: string) => boolean) | null };

/** The part of an attribute's name under which a device tells the units of its metrics. */
const unitPrefix = 'units.';

export class Registry {
  private readonly devices = new Map<string, DeviceRecord>();
  /** Ids in order, for paging; sorted again only after one came or went. */
  private sorted: string[] | null = null;

  get(id: string): DeviceRecord | undefined {
    return this.devices.get(id);
  }

  /** The device, or Refusal('not_found'). */
  need(id: string): DeviceRecord {
    const record = this.devices.get(id);
    if (record === undefined) throw new Refusal('not_found', `no device is called ${JSON.stringify(id)}`);
    return record;
  }

  add(record: DeviceRecord): void {
    if (this.devices.has(record.id)) throw new Refusal('conflict', `a device is called ${JSON.stringify(record.id)}`);
    if (this.isFull()) throw new Refusal('too_many', `at most ${limits.devicesMax} devices`);
    this.devices.set(record.id, record);
    this.sorted = null;
  }

  remove(id: string): void {
    this.devices.delete(id);
    this.sorted = null;
  }

  all(): IterableIterator<DeviceRecord> {
    return this.devices.values();
  }

  ids(): IterableIterator<string> {
    return this.devices.keys();
  }

  isFull(): boolean {
    return this.devices.size >= limits.devicesMax;
  }

  size(): number {
    return this.devices.size;
  }

  /** Ids of the devices that have one of the tags, in order. */
  withTags(tags: readonly string[]): string[] {
    const found: string[] = [];
    for (const { id, tags: its } of this.devices.values()) if (its.some(tag => tags.includes(tag))) found.push(id);
    return found.sort();
  }

  /** All ids in order, as they are now: the list does not change, another takes its place. */
  inOrder(): readonly string[] {
    this.sorted ??= [...this.devices.keys()].sort();
    return this.sorted;
  }

  /** Devices after the id `after`, in order of id, that fit the filter. */
  page(after: string | null, limit: number, { search, tag, sees }: DeviceFilter): DeviceRecord[] {
    const wanted = search.toLowerCase();
    const page: DeviceRecord[] = [];
    for (const id of this.inOrder()) {
      if (after !== null && id <= after) continue;
      const record = this.devices.get(id);
      if (record === undefined) continue;
      if (!id.toLowerCase().includes(wanted) && !record.name.toLowerCase().includes(wanted)) continue;
      if (tag !== undefined && !record.tags.includes(tag)) continue;
      if (sees !== null && !sees(id)) continue;
      page.push(record);
      if (page.length >= limit) break;
    }
    return page;
  }
}

/** The unit that a device told for a metric, or null. */
export function unitOf(record: DeviceRecord | undefined, metric: string): string | null {
  const unit = record?.attributes[unitPrefix + metric];
  return typeof unit === 'string' ? unit : null;
}

/** True where the device told of the metric among its attributes, whether or not it ever sent it. */
export function isAnnounced(record: DeviceRecord | undefined, metric: string): boolean {
  return record !== undefined && Object.hasOwn(record.attributes, unitPrefix + metric);
}

/** The metric that an attribute of this name announces; null where it announces none. */
export function announcedBy(attribute: string): string | null {
  const metric = attribute.startsWith(unitPrefix) ? attribute.slice(unitPrefix.length) : '';
  return isMetricName(metric) ? metric : null;
}

/** What `attributes` would change; null where it changes nothing. Throws Refusal('too_many') at the limit. */
export function mergeAttributes(
  known: Record<string, Value>,
  attributes: ReadonlyMap<string, Value>,
): Record<string, Value> | null {
  let merged: Record<string, Value> | null = null;
  for (const [name, value] of attributes) {
    if (Object.hasOwn(merged ?? known, name) && (merged ?? known)[name] === value) continue;
    merged ??= { ...known };
    // Assigning would set the prototype where the name is __proto__.
    Object.defineProperty(merged, name, { value, writable: true, enumerable: true, configurable: true });
  }
  if (merged !== null && Object.keys(merged).length > limits.attributesPerDeviceMax) {
    throw new Refusal('too_many', `at most ${limits.attributesPerDeviceMax} attributes a device`);
  }
  return merged;
}
