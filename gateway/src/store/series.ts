// The dictionary of series: a small number for each (device, metric), the same for as long as the database lives.
import { limits } from '../contract/index.ts';

export type SeriesName = { device: string; metric: string };

/** Numbers series. New ones wait in `takeNew` and are committed together with their first reading. */
export class SeriesDictionary {
  private readonly byDevice = new Map<string, Map<string, number>>();
  private readonly names: (SeriesName | undefined)[] = [];
  private fresh: ({ id: number } & SeriesName)[] = [];

  /** Takes in what the database knows already. */
  load(rows: readonly ({ id: number } & SeriesName)[]): void {
    for (const row of rows) this.put(row);
  }

  /** The number of a series; made where there is none. 0 at the limit of the device or of all. */
  idOf(device: string, metric: string): number {
    const known = this.byDevice.get(device)?.get(metric);
    if (known !== undefined) return known;
    const size = this.byDevice.get(device)?.size ?? 0;
    // Number 0 is never given out, so that a zeroed row cannot pass for a reading.
    const id = Math.max(this.names.length, 1);
    if (size >= limits.metricsPerDeviceMax || id > limits.seriesMax) return 0;
    const row = { id, device, metric };
    this.put(row);
    this.fresh.push(row);
    return id;
  }

  /** The number of a series, or undefined where it was neither read nor announced. */
  find(device: string, metric: string): number | undefined {
    return this.byDevice.get(device)?.get(metric);
  }

  /** The metrics of a device, with the number of each series. */
  metricsOf(device: string): Iterable<[metric: string, id: number]> {
    return this.byDevice.get(device) ?? [];
  }

  /** One more than the largest number that was given out. */
  size(): number {
    return this.names.length;
  }

  nameOf(id: number): SeriesName | undefined {
    return this.names[id];
  }

  /** Series made since the last call, to be committed. */
  takeNew(): ({ id: number } & SeriesName)[] {
    const taken = this.fresh;
    if (taken.length > 0) this.fresh = [];
    return taken;
  }

  /** Puts back what `takeNew` gave, after the commit failed. */
  giveBack(rows: ({ id: number } & SeriesName)[]): void {
    this.fresh = [...rows, ...this.fresh];
  }

  private put({ id, device, metric }: { id: number } & SeriesName): void {
    let metrics = this.byDevice.get(device);
    if (metrics === undefined) {
      metrics = new Map();
      this.byDevice.set(device, metrics);
    }
    metrics.set(metric, id);
    this.names[id] = { device, metric };
  }
}
