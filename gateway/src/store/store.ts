// The store: keeps the one log and everything that is read back from it.
// Invariant: what it has called committed is on disk and stays there ([STO-1]); offsets have no holes.
// Full: the open batch has a limit and `hasRoom` says no beyond it; a full disk refuses commits, not the process.
import { type Code, codes, limits, Refusal } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { startThread, type Thread, ThreadError } from '../lib/thread.ts';
import { prepareDir, unusable } from './folder.ts';
import { type CommittedEntry, GroupCommit, type GroupCommitCounters, type Settled } from './group-commit.ts';
import type { BucketsAnswer, BucketsCall, ReadingsAnswer, ReadingsCall } from './history.ts';
import type { LogCall, LogRow, QueryCall, ReaderData } from './reader.ts';
import { decodeRun, type RunValue } from './run.ts';
import { type EntryKindName, entryKinds } from './schema.ts';
import { SeriesDictionary } from './series.ts';
import type { Effect, QueryName } from './statements.ts';
import type { OpenAnswer, WriterData } from './writer.ts';

export type StoreConfig = { dir: string; commitIntervalMs: number; synchronous: 'FULL' | 'NORMAL' };

export type StorePorts = {
  clock: Clock;
  log: Logger;
  /** Called with each commit's entries, in order; runs are valid only until it returns. */
  committed: (entries: CommittedEntry[]) => void;
  /** Called where the store cannot go on: the process has to end. */
  broken: (error: Error) => void;
};

/** The questions about queries that wait: more than these means that the reader is behind for many seconds. */
const queriesWaitingMax = 256;
/** A page of the log ends after so many bytes: some tens of thousands of readings. */
const pageBytesMax = 1024 * 1024;

export type LogPage = { entries: CommittedEntry[]; through: number };

export type Store = {
  readonly epoch: string;
  readonly series: SeriesDictionary;
  readonly counters: GroupCommitCounters;
  /** Offset of the last committed entry; 0 where there is none. */
  lastOffset(): number;
  lastCommitMs(): number;
  /** Readings and headers that wait for their commit. */
  waiting(): number;
  hasRoom(readings: number): boolean;
  push(series: number, ts: number, receivedAt: number, value: RunValue, flags: number): void;
  whenCommitted(settled: Settled): void;
  append(kind: Exclude<EntryKindName, 'readings'>, event: unknown, effects: Effect[]): Promise<void>;
  write(effects: Effect[]): Promise<void>;
  query<Row>(name: QueryName, ...params: (string | number)[]): Promise<Row[]>;
  /** A page of committed entries after the given offset, in order; `through` is how far it reaches. */
  readLog(after: number): Promise<LogPage>;
  /** The events alone after the given offset, at most `max`. */
  readEvents(after: number, max: number): Promise<LogPage>;
  readings(call: ReadingsCall): Promise<ReadingsAnswer>;
  buckets(call: BucketsCall): Promise<BucketsAnswer>;
  /** Whether commits go through now, and quickly. */
  health(): { ok: boolean; detail?: string };
  /** Commits until nothing waits. */
  flush(): Promise<void>;
  /** Commits what waits, then closes the file. */
  close(): Promise<void>;
};

const kindNames = new Map<number, EntryKindName>(
  Object.entries(entryKinds).map(([name, kind]) => [kind, name as EntryKindName]),
);

function entryOf(row: LogRow): CommittedEntry | null {
  const { offset, at, body } = row;
  const kind = kindNames.get(row.kind);
  // An entry of a kind that a later version wrote is passed over, not guessed at.
  if (kind === undefined) return null;
  if (kind === 'readings') return { offset, at, kind, run: decodeRun(offset, body) };
  return { offset, at, kind, event: JSON.parse(Buffer.from(body).toString()) };
}

/** Asks the reader thread, and makes its refusals ours. */
async function ask<Answer>(reader: Thread, name: string, call: unknown): Promise<Answer> {
  if (reader.waiting() >= queriesWaitingMax) throw new Refusal('store_busy', 'too many queries wait');
  try {
    return await reader.call<Answer>(name, call);
  } catch (error) {
    if (error instanceof ThreadError && error.code !== undefined && error.code in codes) {
      throw new Refusal(error.code as Code, error.message);
    }
    throw error;
  }
}

/** Opens the store in `config.dir`, made where it is missing. Throws where the folder or the file cannot be used. */
export async function openStore(config: StoreConfig, ports: StorePorts): Promise<Store> {
  prepareDir(config.dir);
  const { dir, synchronous } = config;
  const writer = startThread(
    new URL('./writer.ts', import.meta.url),
    { dir, synchronous } satisfies WriterData,
    ports.broken,
  );
  let opened: OpenAnswer;
  try {
    opened = await writer.call<OpenAnswer>('open', { now: ports.clock.now() });
  } catch (error) {
    await writer.close();
    throw unusable(dir, error as Error);
  }
  const reader = startThread(new URL('./reader.ts', import.meta.url), { dir } satisfies ReaderData, ports.broken);
  const series = new SeriesDictionary();
  series.load(await ask(reader, 'query', { name: 'series.all', params: [limits.seriesMax] } satisfies QueryCall));
  await ask(reader, 'catchUp', null);

  const commits = new GroupCommit({
    writer,
    series,
    clock: ports.clock,
    intervalMs: config.commitIntervalMs,
    lastOffset: opened.lastOffset,
    log: ports.log,
    committed: ports.committed,
    broken: ports.broken,
  });

  async function readPage(call: LogCall): Promise<LogPage> {
    const rows = await ask<LogRow[]>(reader, 'log', call);
    return { entries: rows.map(entryOf).filter(entry => entry !== null), through: rows.at(-1)?.offset ?? call.after };
  }

  return {
    epoch: opened.epoch,
    series,
    counters: commits.counters,
    lastOffset: () => commits.lastOffset,
    lastCommitMs: () => commits.lastCommitMs,
    waiting: () => commits.waiting(),
    hasRoom: readings => commits.hasRoom(readings),
    push: (id, ts, receivedAt, value, flags) => commits.push(id, ts, receivedAt, value, flags),
    whenCommitted: settled => commits.whenCommitted(settled),
    append: (kind, event, effects) => commits.append(kind, event, effects),
    write: effects => commits.write(effects),
    query: (name, ...params) => ask(reader, 'query', { name, params } satisfies QueryCall),
    readLog: after => readPage({ after, entriesMax: 1_000, bytesMax: pageBytesMax, eventsOnly: false }),
    readEvents: (after, max) => readPage({ after, entriesMax: max, bytesMax: pageBytesMax, eventsOnly: true }),
    readings: call => ask(reader, 'readings', call),
    buckets: call => ask(reader, 'buckets', call),
    health: () => commits.health(),
    flush: () => commits.flush(),
    async close() {
      await commits.flush();
      await reader.close();
      await writer.close();
    },
  };
}
