// A store in a folder of its own, with a clock that a test moves by hand.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { silentLogger } from '../lib/logger.ts';
import type { CommittedEntry } from './group-commit.ts';
import { openStore, type Store, type StoreConfig } from './store.ts';

/** What the store said of an entry, copied, because a run is valid only during the call. */
export type Seen = {
  offset: number;
  kind: string;
  readings?: [series: number, ts: number, value: unknown][];
  event?: unknown;
};

/** Settings under which nothing happens by itself but what a test asks for. */
export const quietStore: Omit<StoreConfig, 'dir'> = {
  commitIntervalMs: 0,
  synchronous: 'NORMAL',
  diskBudget: null,
  retention: [],
  writtenPerDay: null,
  cardEndurance: 30e12,
  resumeMs: 3_600_000,
  sealReadings: 1_000_000,
  sealAfterMs: 3_600_000,
  onDamage: 'refuse',
  checkEveryHours: 0,
};

export class TempStore {
  readonly dir = mkdtempSync(join(tmpdir(), 'telltale-store-'));
  readonly clock = new ManualClock();
  /** Entries of each commit, in order. */
  commits: Seen[][] = [];
  broken: Error[] = [];
  store!: Store;

  async open(settings: Partial<StoreConfig> = {}): Promise<Store> {
    const { clock } = this;
    this.store = await openStore(
      { dir: this.dir, ...quietStore, ...settings },
      {
        clock,
        log: silentLogger,
        committed: entries => void this.commits.push(entries.map(copyOf)),
        broken: error => void this.broken.push(error),
      },
    );
    return this.store;
  }

  async reopen(settings: Partial<StoreConfig> = {}): Promise<Store> {
    await this.store.close();
    return this.open(settings);
  }

  async dispose(): Promise<void> {
    if (this.broken.length === 0) await this.store.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export function copyOf(entry: CommittedEntry): Seen {
  const { offset, kind } = entry;
  if (kind !== 'readings') return { offset, kind, event: entry.event };
  const { run } = entry;
  const readings = Array.from({ length: run.count }, (_, i): [number, number, unknown] => [
    run.series(i),
    run.ts(i),
    run.value(i),
  ]);
  return { offset, kind, readings };
}

/** Resolves with what became of everything that was pushed so far. */
export const settled = (store: Store) => new Promise<string | null>(resolve => store.whenCommitted(resolve));
