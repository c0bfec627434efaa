// The store opened alone, at its default settings, with a clock that follows the readings' source times.
import { configSchema } from '../../src/config/schema.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { ManualClock } from '../../test/instruments/manual-clock.ts';

/** What the store may offer: resolves when keeping in the background has nothing to do. */
type Settling = { settle?(): Promise<void> };

const tickMs = 50;

export class OwnStore {
  readonly store: Store;
  readonly clock: ManualClock;
  private readonly ticker: NodeJS.Timeout;

  private constructor(store: Store, clock: ManualClock) {
    this.store = store;
    this.clock = clock;
    // Whatever inside waits for a moment must see one pass, also while this process waits for the store.
    this.ticker = setInterval(() => clock.advance(tickMs), tickMs);
  }

  /** `settings` are keys of `store.` in the configuration. */
  static async open(dir: string, startMs: number, settings: Record<string, unknown> = {}): Promise<OwnStore> {
    const clock = new ManualClock(startMs);
    const config = configSchema.parse({ store: { dir, ...settings } }).store;
    const store = await openStore(config, {
      clock,
      log: silentLogger,
      committed: () => {},
      broken(error) {
        console.error(error);
        process.exit(1);
      },
    });
    return new OwnStore(store, clock);
  }

  /** Numbers of so many series, a hundred to a device. */
  series(count: number): number[] {
    return Array.from({ length: count }, (_, i) =>
      this.store.series.idOf(`device-${Math.floor(i / 100)}`, `metric-${i % 100}`),
    );
  }

  /** Lets time pass up to `ms`, where it is not later already. */
  moveTo(ms: number): void {
    this.clock.advance(Math.max(ms - this.clock.now(), 0));
  }

  /** Lets so much time pass in small steps, with the work that falls due in between. */
  async pass(ms: number, stepMs = 60_000): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(Math.min(stepMs, ms - passed));
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  /** Waits until nothing is left to do in the background; false where the store has no way to say so. */
  async settle(): Promise<boolean> {
    await this.store.flush();
    const settling: Settling = this.store as Settling;
    if (settling.settle === undefined) return false;
    await settling.settle();
    return true;
  }

  async close(): Promise<void> {
    await this.store.close();
    clearInterval(this.ticker);
  }
}
