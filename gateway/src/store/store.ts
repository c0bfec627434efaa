// The store: keeps the one log and everything that is read back from it.
// Invariant: what it has called committed is on disk and stays there ([STO-1]); offsets have no holes.
// Full: the open batch has a limit and `hasRoom` says no beyond it; a full disk refuses commits, not the process.
import { type Code, codes, limits, Refusal, type Storage } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { startThread, type Thread, ThreadError } from '../lib/thread.ts';
import { Corrections } from './corrections.ts';
import { prepareDir, unusable } from './folder.ts';
import { type CommittedEntry, GroupCommit, type GroupCommitCounters, type Settled } from './group-commit.ts';
import type { BucketsAnswer, BucketsCall, ReadingsAnswer, ReadingsCall } from './history.ts';
import type { KeeperData, KeeperSettings } from './keeper.ts';
import { Keeping, type KeepingCounters } from './keeping.ts';
import type { LogCall, LogRow, QueryCall, ReaderData } from './reader.ts';
import { type RunValue, soundRun } from './run.ts';
import { type EntryKindName, entryKinds } from './schema.ts';
import { SeriesDictionary } from './series.ts';
import type { Effect, QueryName } from './statements.ts';
import { openStorage } from './storage.ts';
import type { OpenAnswer, WriterData } from './writer.ts';

export type StoreConfig = KeeperSettings & {
  dir: string;
  commitIntervalMs: number;
  synchronous: 'FULL' | 'NORMAL';
  /** Bytes that may be written to disk in a day; null where that is no matter. */
  writtenPerDay: number | null;
  /** Bytes that the disk is good for in its life. */
  cardEndurance: number;
  onDamage: 'salvage' | 'refuse';
};

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
const pageBytesMax = 128 * 1024;
/** Batches' worth of readings that may wait to be sealed; commits wait where there are more, and so do publishers. */
const backlogBatchesMax = 4;
const markEveryMs = 60_000;

export type LogPage = { entries: CommittedEntry[]; through: number };

export type Store = {
  readonly epoch: string;
  readonly series: SeriesDictionary;
  readonly counters: GroupCommitCounters;
  readonly keptCounters: KeepingCounters;
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
  /** Offset of the oldest entry that the log still has. */
  firstOffset(): number;
  readings(call: ReadingsCall): Promise<ReadingsAnswer>;
  buckets(call: BucketsCall): Promise<BucketsAnswer>;
  /** Whether commits go through now, and quickly. */
  health(): { ok: boolean; detail?: string };
  storage(): Promise<Storage>;
  readonly corrections: Corrections;
  /** Seals, compacts and gives back all that can be now, instead of when its time comes. */
  settle(): Promise<void>;
  /** Resolves once the keeping that is under way has ended. */
  rest(): Promise<void>;
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
  if (kind === 'readings') {
    // What is damaged is told of by the check and by sealing; what lies behind it is not held up.
    const run = soundRun(offset, body);
    return run === null ? null : { offset, at, kind, run };
  }
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

/** The three threads of an open store. */
type Threads = { writer: Thread; reader: Thread; keeper: Thread; opened: OpenAnswer };

async function openThreads(config: StoreConfig, ports: StorePorts): Promise<Threads> {
  const { dir, synchronous, onDamage } = config;
  const thread = (file: string, data: unknown) => startThread(new URL(file, import.meta.url), data, ports.broken);
  const writer = thread('./writer.ts', { dir, synchronous, onDamage } satisfies WriterData);
  let opened: OpenAnswer;
  try {
    opened = await writer.call<OpenAnswer>('open', { now: ports.clock.now() });
  } catch (error) {
    await writer.close();
    throw unusable(dir, error as Error);
  }
  if (opened.say !== null) ports.log.error({ dir }, opened.say);
  const reader = thread('./reader.ts', { dir } satisfies ReaderData);
  const keeper = thread('./keeper.ts', { dir, settings: keeperSettings(config) } satisfies KeeperData);
  return { writer, reader, keeper, opened };
}

function keeperSettings(config: StoreConfig): KeeperSettings {
  const { sealReadings, sealAfterMs, diskBudget, retention, resumeMs, checkEveryHours } = config;
  return { sealReadings, sealAfterMs, diskBudget, retention, resumeMs, checkEveryHours };
}

/** Opens the store in `config.dir`, made where it is missing. Throws where the folder or the file cannot be used. */
export async function openStore(config: StoreConfig, ports: StorePorts): Promise<Store> {
  prepareDir(config.dir);
  const { clock, log } = ports;
  const { writer, reader, keeper, opened } = await openThreads(config, ports);
  const query = <Row>(name: QueryName, ...params: (string | number)[]) =>
    ask<Row[]>(reader, 'query', { name, params } satisfies QueryCall);
  const series = new SeriesDictionary();
  series.load(await query('series.all', limits.seriesMax));

  const waiting = await keeper.call<number>('waiting', null);
  const firstOffset = (await query<{ offset: number | null }>('log.first'))[0]?.offset ?? 1;
  const { sealReadings } = config;
  const keeping = new Keeping({ keeper, writer, clock, log, waiting, firstOffset, sealReadings, broken: ports.broken });
  const storage = await openStorage(config, { clock, log, query, keeping, write: effects => commits.write(effects) });
  const commits: GroupCommit = new GroupCommit({
    writer,
    series,
    clock,
    pace: {
      intervalMs: () => storage.pace.intervalMs(),
      slotsEnough: () => storage.pace.slotsEnough(),
      mayHurry: () => storage.pace.mayHurry(),
      mayCommit: () => keeping.waiting < sealReadings * backlogBatchesMax,
    },
    lastOffset: opened.lastOffset,
    log,
    committed(entries) {
      for (const entry of entries) if (entry.kind === 'readings') keeping.committed(entry.run.count);
      ports.committed(entries);
    },
    broken: ports.broken,
  });
  keeping.open();
  const marks = clock.every(markEveryMs, () => {
    writer.call('mark', null).catch(error => {
      // It may be behind; any other failure to write is one of the disk ([STO-4]).
      if (!/ENOSPC|EDQUOT/.test((error as ThreadError).code ?? '')) ports.broken(error as Error);
    });
    // Where nothing is committed nobody would notice that the files are gone.
    commits.write([]).catch(() => {});
  });
  storage.open(commits.counters);

  async function readPage(call: LogCall): Promise<LogPage> {
    const rows = await ask<LogRow[]>(reader, 'log', call);
    return { entries: rows.map(entryOf).filter(entry => entry !== null), through: rows.at(-1)?.offset ?? call.after };
  }

  return {
    epoch: opened.epoch,
    series,
    counters: commits.counters,
    keptCounters: keeping.counters,
    lastOffset: () => commits.lastOffset,
    firstOffset: () => keeping.firstOffset,
    lastCommitMs: () => commits.lastCommitMs,
    waiting: () => commits.waiting(),
    hasRoom: readings => commits.hasRoom(readings),
    push: (id, ts, receivedAt, value, flags) => commits.push(id, ts, receivedAt, value, flags),
    whenCommitted: settled => commits.whenCommitted(settled),
    append: (kind, event, effects) => commits.append(kind, event, effects),
    write: effects => commits.write(effects),
    query,
    readLog: after => readPage({ after, entriesMax: 1_000, bytesMax: pageBytesMax, eventsOnly: false }),
    readEvents: (after, max) => readPage({ after, entriesMax: max, bytesMax: pageBytesMax, eventsOnly: true }),
    readings: call => ask(reader, 'readings', call),
    buckets: call => ask(reader, 'buckets', call),
    storage: () => storage.read(),
    corrections: new Corrections({ clock, series, query, write: effects => commits.write(effects) }),
    health: () => healthOf(commits, keeping),
    async settle() {
      await commits.flush();
      await keeping.settle();
    },
    rest: () => keeping.rest(),
    flush: () => commits.flush(),
    async close() {
      marks.cancel();
      storage.close();
      await commits.close();
      await keeping.close();
      await Promise.all([keeper.close(), reader.close()]);
      await writer.close();
    },
  };
}

function healthOf(commits: GroupCommit, keeping: Keeping): { ok: boolean; detail?: string } {
  const health = commits.health();
  const damage = keeping.firstDamage();
  if (!health.ok || damage === null) return health;
  return { ok: true, detail: `a stored row is damaged, and what it held cannot be read: ${damage}` };
}
