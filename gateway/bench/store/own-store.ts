// The store opened alone, at its default settings, with a clock that follows the readings' source times.
import { configSchema } from '../../src/config/schema.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { silentLogger } from '../../src/lib/logger.ts';
import { openStore, type Store } from '../../src/store/index.ts';

/** What the store may offer: resolves when keeping in the background has nothing to do. */
type Settling = { settle?(): Promise<void> };

/** Says the time that it was given; timers run by the machine's own, so that nothing inside waits for a jump. */
class FollowingClock implements Clock {
  private time: number;
  constructor(startMs: number) {
    this.time = startMs;
  }
  readonly now = () => this.time;
  readonly elapsed = systemClock.elapsed;
  readonly after = systemClock.after;
  readonly every = systemClock.every;

  moveTo(ms: number): void {
    this.time = Math.max(this.time, ms);
  }
}

export class OwnStore {
  readonly store: Store;
  readonly clock: FollowingClock;

  private constructor(store: Store, clock: FollowingClock) {
    this.store = store;
    this.clock = clock;
  }

  /** `settings` are keys of `store.` in the configuration. */
  static async open(dir: string, startMs: number, settings: Record<string, unknown> = {}): Promise<OwnStore> {
    const clock = new FollowingClock(startMs);
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
    this.clock.moveTo(ms);
  }

  /** Lets so much time pass. */
  pass(ms: number): void {
    this.clock.moveTo(this.clock.now() + ms);
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
  }
}
