// Keeping, seen from the event loop: asks the keeper thread for the next slice, has the writer thread commit it, and so
// on until there is nothing to do. Knows how many readings wait to be sealed, which is what the store holds in memory.
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Thread } from '../lib/thread.ts';
import type { KeepAnswer, KeepCall } from './keeper.ts';
import type { KeepEffect } from './statements.ts';

/** How often somebody looks whether there is something to do. */
const intervalMs = 1_000;

export type KeepWriteCall = { effects: KeepEffect[]; vacuumPages: number };

export type KeepingCounters = {
  slices: number;
  sealedReadings: number;
  /** Came after those of their time had been let go of by retention. */
  droppedReadings: number;
  damagedRows: number;
  failures: number;
};

export class Keeping {
  readonly counters: KeepingCounters = {
    slices: 0,
    sealedReadings: 0,
    droppedReadings: 0,
    damagedRows: 0,
    failures: 0,
  };
  /** Readings that are committed and not sealed. */
  waiting: number;
  /** Offset of the oldest entry of the log. */
  firstOffset: number;
  private timer: Timer | null = null;
  private running: Promise<void> | null = null;
  private closing = false;
  /** A slice was not committed. */
  private afresh = false;
  /** Rows that were found damaged, the first of them; kept for the health check. */
  private readonly damaged: string[] = [];
  private readonly keeper: Thread;
  private readonly writer: Thread;
  private readonly clock: Clock;
  private readonly log: Logger;
  private readonly sealReadings: number;
  private readonly broken: (error: Error) => void;

  constructor(parts: {
    keeper: Thread;
    writer: Thread;
    clock: Clock;
    log: Logger;
    waiting: number;
    firstOffset: number;
    /** So many that wait make a batch at once. */
    sealReadings: number;
    /** Called where nothing written after this could be trusted. */
    broken: (error: Error) => void;
  }) {
    this.keeper = parts.keeper;
    this.writer = parts.writer;
    this.clock = parts.clock;
    this.log = parts.log;
    this.waiting = parts.waiting;
    this.firstOffset = parts.firstOffset;
    this.sealReadings = parts.sealReadings;
    this.broken = parts.broken;
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
    // Two rounds at once would ask for a slice before the one that it builds on is committed.
    while (this.running !== null && !this.closing) await this.running;
    this.running = this.run(true);
    await this.running;
  }

  /** Resolves once the round that is under way has ended. */
  async rest(): Promise<void> {
    while (this.running !== null) await this.running;
  }

  /** The first row that was found damaged, or null. */
  firstDamage(): string | null {
    return this.damaged[0] ?? null;
  }

  async close(): Promise<void> {
    this.closing = true;
    this.timer?.cancel();
    await this.rest();
  }

  private start(): void {
    if (this.running !== null || this.closing) return;
    this.running = this.run(false);
  }

  private async run(all: boolean): Promise<void> {
    try {
      while (!this.closing) {
        const call: KeepCall = { now: this.clock.now(), waiting: this.waiting, all, afresh: this.afresh };
        const answer = await this.keeper.call<KeepAnswer>('next', call);
        this.afresh = false;
        this.note(answer);
        if (answer.effects.length > 0 || answer.vacuumPages > 0) {
          if (!(await this.write(answer))) break;
        }
        if (answer.idle) break;
      }
    } catch (error) {
      // Only the end of a thread comes here, and that was told where it happened.
      this.log.error({ error: (error as Error).message }, 'keeping the store ended');
    } finally {
      this.running = null;
    }
  }

  /** Has a slice committed. False where the disk is full: it is worked out again with the next look. */
  private async write({ effects, vacuumPages }: KeepAnswer): Promise<boolean> {
    for (const [name, offset] of effects) {
      // Nobody may take a page of the log for whole that begins behind what is about to go.
      if (name === 'log.trim') this.firstOffset = (offset as number) + 1;
    }
    try {
      await this.writer.call('keep', { effects, vacuumPages } satisfies KeepWriteCall);
    } catch (error) {
      this.afresh = true;
      this.counters.failures++;
      const { code = '', message } = error as Error & { code?: string };
      this.log.error({ error: message, code }, 'a step of keeping the store was not written');
      // As with a commit: after anything but a full or busy disk the file cannot be trusted ([STO-4]).
      if (!/^SQLITE_(FULL|BUSY)/.test(code)) this.broken(error as Error);
      return false;
    }
    this.counters.slices++;
    for (const [name, ...params] of effects) {
      if (name !== 'batch.put') continue;
      const count = params[3] as number;
      this.waiting -= count;
      this.counters.sealedReadings += count;
    }
    return true;
  }

  private note({ damaged, dropped, failed }: KeepAnswer): void {
    this.counters.droppedReadings += dropped;
    this.noteDamage(damaged);
    for (const error of failed) {
      this.counters.failures++;
      this.log.error({ error }, 'a task of keeping the store failed; it is tried again later');
    }
  }

  private noteDamage(damaged: readonly string[]): void {
    for (const row of damaged) {
      if (this.damaged.includes(row)) continue;
      this.counters.damagedRows++;
      if (this.damaged.length < 100) this.damaged.push(row);
      this.log.error({ row }, 'a stored row is damaged: what it held cannot be read');
    }
  }
}
