// The series that a file named lately: its names come again and again, and are looked up once.
import type { Target } from './lines.ts';

/** Names remembered at once; a file that has more is forgotten and learned anew. */
const knownMax = 100_000;

export class KnownSeries {
  private readonly byDevice = new Map<string, Map<string, Target>>();
  private count = 0;

  get(device: string, metric: string): Target | undefined {
    return this.byDevice.get(device)?.get(metric);
  }

  add(device: string, metric: string, target: Target): void {
    if (++this.count > knownMax) this.clear();
    let metrics = this.byDevice.get(device);
    if (metrics === undefined) {
      metrics = new Map();
      this.byDevice.set(device, metrics);
    }
    metrics.set(metric, target);
  }

  clear(): void {
    this.byDevice.clear();
    this.count = 0;
  }
}
