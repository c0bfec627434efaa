// Keeping, seen from the event loop: asks the keeper thread for the next slice, has the writer thread commit it, and so
// on until there is nothing to do. Knows how many readings wait to be sealed, which is what the store holds in memory.
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Thread } from '../lib/thread.ts';
import type { KeepAnswer, KeepCall } from './keeper.ts';
import type { KeepEffect } from './statements.ts';

/** How often somebody looks whether there is something to do. */
const intervalMs = 1_000;
/** A full disk is tried again after so long. */
const refusedWaitMs = 1_000;

export type KeepWriteCall = { effects: KeepEffect[]; vacuumPages: number };

export type KeepingCounters = { keepSlices: number; sealedReadings: number; damagedRows: number; keepFailures: number };

export class Keeping {
  readonly counters: KeepingCounters = { keepSlices: 0, sealedReadings: 0, damagedRows: 0, keepFailures: 0 };
  /** Readings that are committed and not sealed. */
  waiting: number;
  /** Offset of the oldest entry of the log. */
  firstOffset: number;
  private timer: Timer | null = null;
  private running: Promise<void> | null = null;
  private closing = false;
  /** Rows that were found damaged, the first of them; kept for the health check. */
  private readonly damaged: string[] = [];
  private readonly keeper: Thread;
  private readonly writer: Thread;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly sealReadings: number;

  constructor(parts: {
    keeper: Thread;
    writer: Thread;
    clock: Clock;
    log: Logger;
    waiting: number;
    firstOffset: number;
    /** So many that wait make a batch at once. */
    sealReadings: number;
  }) {
    this.keeper = parts.keeper;
    this.writer = parts.writer;
    this.clock = parts.clock;
    this.log = parts.log;
    this.waiting = parts.waiting;
    this.firstOffset = parts.firstOffset;
    this.sealReadings = parts.sealReadings;
  }

  open(): void {
    this.timer = this.clock.every(intervalMs, () => this.start());
  }

  /** Notes readings that were committed. */
  committed(readings: number): void {
    this.waiting += readings;
    if (this.waiting >= this.sealReadings) this.start();
  }

  /** Works until nothing is left to do now, also what otherwise waits for its time. */
  async settle(): Promise<void> {
    await this.running;
    this.running = this.run(true);
    await this.running;
  }

  /** The first row that was found damaged, or null. */
  firstDamage(): string | null {
    return this.damaged[0] ?? null;
  }

  async close(): Promise<void> {
    this.closing = true;
    this.timer?.cancel();
    await this.running;
  }

  private start(): void {
    if (this.running !== null || this.closing) return;
    this.running = this.run(false);
  }

  private async run(all: boolean): Promise<void> {
    try {
      while (!this.closing) {
        const call: KeepCall = { now: this.clock.now(), waiting: this.waiting, all };
        const answer = await this.keeper.call<KeepAnswer>('next', call);
        this.noteDamage(answer.damaged);
        if (answer.effects.length > 0 || answer.vacuumPages > 0) await this.write(answer);
        if (answer.idle) break;
      }
    } catch (error) {
      // Nothing is lost by it: the log still has what was not sealed. A full disk ends here, too.
      this.counters.keepFailures++;
      this.log.error({ error: (error as Error).message }, 'keeping the store failed; it is tried again');
      await new Promise<void>(resolve => this.clock.after(refusedWaitMs, resolve));
    } finally {
      this.running = null;
    }
  }

  private async write({ effects, vacuumPages }: KeepAnswer): Promise<void> {
    await this.writer.call('keep', { effects, vacuumPages } satisfies KeepWriteCall);
    this.counters.keepSlices++;
    for (const [name, ...params] of effects) {
      if (name === 'log.trim') this.firstOffset = (params[0] as number) + 1;
      if (name !== 'batch.put') continue;
      const count = params[3] as number;
      this.waiting -= count;
      this.counters.sealedReadings += count;
    }
  }

  private noteDamage(damaged: readonly string[]): void {
    for (const row of damaged) {
      this.counters.damagedRows++;
      if (this.damaged.length < 100) this.damaged.push(row);
      this.log.error({ row }, 'a stored row is damaged: what it held cannot be read');
    }
  }
}
