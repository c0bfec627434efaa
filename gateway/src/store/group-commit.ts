// Group commit. While one commit is in flight, what arrives forms the next. A caller hears of its own part only after
// the writer thread has it on disk. When the open batch is full, `hasRoom` says so: memory is bounded, and whoever
// publishes has to wait.
import { type Code, Refusal } from '../contract/index.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { Thread } from '../lib/thread.ts';
import type { Displaced } from './damage/in-place.ts';
import { Packer, type Run, type RunValue, rowBytes, runAt } from './run.ts';
import type { EntryKindName } from './schema.ts';
import type { SeriesDictionary } from './series.ts';
import type { Effect } from './statements.ts';
import type { CommitAnswer, CommitCall, CommitItem } from './writer.ts';

/** Slots of the open batch: two million readings, 48 MB. The store would be seconds behind by then. */
const slotsMax = 2_000_000;
/** Characters of text in the open batch, for the same reason. */
const textLengthMax = 32 * 1024 * 1024;
/** Control writes in the open batch. They come from people and presence; this many means a loop. */
const itemsMax = 250_000;
/** While nothing may be committed, it is asked again after so long. */
const heldUpMs = 20;
const memoryBytesInitial = 4096 * rowBytes;
/** Memory kept for reuse. Larger pieces, made by a burst, are let go. */
const memoryBytesKept = 256 * 1024 * rowBytes;
/** A commit that takes this long holds up every device. */
const slowCommitMs = 5_000;
/** Another process (a command-line tool) may hold the write lock for a moment. */
const busyRetryMs = 50;

/** An entry that is on disk. A run is valid only until the listener returns: its memory is used again. */
export type CommittedEntry =
  | { offset: number; at: number; kind: 'readings'; run: Run }
  | { offset: number; at: number; kind: Exclude<EntryKindName, 'readings'>; event: unknown };

/** `null` once committed, else why nothing of it was written. */
export type Settled = (refused: Code | null) => void;

/** `hurried`: somebody waits for this commit. */
type Pending = { items: CommitItem[]; events: unknown[]; settled: Settled[]; packer: Packer; hurried: boolean };

export type GroupCommitCounters = {
  commits: number;
  readings: number;
  bytes: number;
  refusedCommits: number;
  refusedReadings: number;
};

/** How quickly commits may follow each other. */
export type Pace = {
  /** The least time between two commits. */
  intervalMs(): number;
  /** So many slots are committed without waiting for it. */
  slotsEnough(): number;
  /** True where a commit that somebody waits for need not wait for the interval. */
  mayHurry(): boolean;
  /** False while what was committed has to be sealed first. */
  mayCommit(): boolean;
};

export class GroupCommit {
  readonly counters: GroupCommitCounters = { commits: 0, readings: 0, bytes: 0, refusedCommits: 0, refusedReadings: 0 };
  /** How long the last commit took, from hand-over to answer. */
  lastCommitMs = 0;
  private lastRefused = false;
  private isBroken = false;
  private isClosed = false;
  lastOffset: number;
  private open: Pending;
  private spare: ArrayBuffer[] = [];
  private inFlight: Promise<void> | null = null;
  private startedAt = Number.NEGATIVE_INFINITY;
  /** The same on the clock that nobody sets. */
  private begunAt = 0;
  private scheduled: Timer | null = null;
  /** True where the batch is large enough or somebody waits for it, and its commit starts with the next turn of the event loop. */
  private dueNow = false;
  private readonly writer: Thread;
  private readonly series: SeriesDictionary;
  private readonly clock: Clock;
  private readonly pace: Pace;
  private readonly log: Logger;
  private readonly committed: (entries: CommittedEntry[]) => void;
  private readonly broken: (error: Error) => void;

  constructor(parts: {
    writer: Thread;
    series: SeriesDictionary;
    clock: Clock;
    pace: Pace;
    lastOffset: number;
    log: Logger;
    /** Called with the entries of each commit, before those who wait for it. */
    committed: (entries: CommittedEntry[]) => void;
    /** Called where nothing written after this could be trusted. */
    broken: (error: Error) => void;
  }) {
    this.writer = parts.writer;
    this.series = parts.series;
    this.clock = parts.clock;
    this.pace = parts.pace;
    this.lastOffset = parts.lastOffset;
    this.log = parts.log;
    this.committed = parts.committed;
    this.broken = parts.broken;
    this.open = this.newPending();
  }

  /** True where the open batch has room for so many readings. Ask before `push`. */
  hasRoom(readings: number): boolean {
    const { packer } = this.open;
    if (packer.slots + readings < slotsMax && packer.textLength < textLengthMax) return true;
    this.counters.refusedReadings += readings;
    return false;
  }

  /** Adds a reading to the open batch. */
  push(series: number, ts: number, receivedAt: number, value: RunValue, flags: number): void {
    const begun = this.open.packer.push(series, ts, receivedAt, value, flags);
    if (begun !== null) this.open.items.push({ type: 'run', place: begun });
    this.schedule();
  }

  /** Calls `settled` when all that was pushed so far is on disk, or refused. */
  whenCommitted(settled: Settled): void {
    if (this.isClosed) return settled('closing');
    this.open.settled.push(settled);
    this.schedule();
  }

  /**
   * Appends an event and what is written with it. Resolves once committed; rejects with Refusal. For events of commands
   * a person waits, and they are few: their commit does not wait for the interval.
   */
  append(kind: Exclude<EntryKindName, 'readings'>, event: unknown, effects: Effect[]): Promise<void> {
    if (kind === 'command' || kind === 'desired') this.open.hurried = true;
    return this.add({ type: 'event', kind, body: JSON.stringify(event), effects }, event);
  }

  /** Writes beside the log. Resolves once committed; rejects with Refusal. */
  write(effects: Effect[]): Promise<void> {
    return this.add({ type: 'effects', effects }, null);
  }

  /** Slots that wait for a commit. */
  waiting(): number {
    return this.open.packer.slots;
  }

  /** Not well: the disk is full, or a commit has been under way for too long. */
  health(): { ok: boolean; detail?: string } {
    if (this.lastRefused) return { ok: false, detail: 'the disk is full' };
    const runningMs = this.inFlight === null ? 0 : Math.round(this.clock.elapsed() - this.begunAt);
    return runningMs < slowCommitMs ? { ok: true } : { ok: false, detail: `a commit has taken ${runningMs} ms so far` };
  }

  /** Commits until nothing waits. */
  async flush(): Promise<void> {
    while (!this.isBroken && (this.inFlight !== null || !this.isEmpty())) {
      if (this.inFlight === null) this.start();
      if (this.inFlight === null) await new Promise<void>(resolve => this.clock.after(heldUpMs, resolve));
      await this.inFlight;
    }
  }

  /** Commits until nothing waits; what comes after that is refused. */
  async close(): Promise<void> {
    do await this.flush();
    while (!this.isBroken && !this.isEmpty());
    this.isClosed = true;
  }

  private add(item: CommitItem, event: unknown): Promise<void> {
    // A timer that ran on must not begin a commit that no thread is there for.
    if (this.isClosed) return Promise.reject(new Refusal('closing'));
    if (this.open.items.length >= itemsMax) return Promise.reject(new Refusal('store_busy'));
    this.open.packer.endRun();
    this.open.items.push(item);
    if (item.type === 'event') this.open.events.push(event);
    return new Promise((resolve, reject) => {
      this.whenCommitted(refused => (refused === null ? resolve() : reject(new Refusal(refused))));
    });
  }

  private isEmpty(): boolean {
    return this.open.items.length === 0 && this.open.settled.length === 0;
  }

  private schedule(): void {
    if (this.inFlight !== null || this.dueNow) return;
    const isDue = this.open.packer.slots >= this.pace.slotsEnough() || (this.open.hurried && this.pace.mayHurry());
    if (this.scheduled !== null && !isDue) return;
    this.scheduled?.cancel();
    this.dueNow = isDue;
    const intervalMs = this.pace.intervalMs();
    const waitMs = isDue ? 0 : Math.min(this.startedAt + intervalMs - this.clock.now(), intervalMs);
    // Without a wait, the rest of the socket's chunk still joins this commit.
    if (waitMs <= 0) {
      const handle = setImmediate(() => this.start());
      this.scheduled = { cancel: () => clearImmediate(handle) };
    } else this.scheduled = this.clock.after(waitMs, () => this.start());
  }

  private start(): void {
    this.scheduled?.cancel();
    this.scheduled = null;
    this.dueNow = false;
    if (this.inFlight !== null || this.isEmpty()) return;
    if (!this.pace.mayCommit()) {
      this.scheduled = this.clock.after(heldUpMs, () => this.start());
      return;
    }
    const taken = this.open;
    this.open = this.newPending();
    this.startedAt = this.clock.now();
    this.begunAt = this.clock.elapsed();
    this.inFlight = this.run(taken).then(
      () => {
        this.inFlight = null;
        if (!this.isEmpty()) this.schedule();
      },
      error => {
        // Nothing is committed after this: what is in flight stays so.
        this.isBroken = true;
        this.broken(error as Error);
      },
    );
  }

  private async run(taken: Pending): Promise<void> {
    const newSeries = this.series.takeNew();
    let call: CommitCall = { at: this.startedAt, memory: taken.packer.release(), items: taken.items, newSeries };
    let answer: CommitAnswer;
    for (;;) {
      answer = await this.writer.call<CommitAnswer>('commit', call, [call.memory]);
      if (answer.failed === null || !answer.failed.startsWith('SQLITE_BUSY')) break;
      call = { ...call, memory: answer.memory };
      await new Promise<void>(resolve => this.clock.after(busyRetryMs, resolve));
    }
    this.lastCommitMs = this.clock.elapsed() - this.begunAt;
    if (answer.displaced !== null) throw await this.savedFrom(answer.displaced);
    if (answer.failed === null) this.settle(taken, answer);
    else {
      this.series.giveBack(newSeries);
      this.refuse(taken, answer.failed);
    }
    if (answer.memory.byteLength <= memoryBytesKept && this.spare.length < 2) this.spare.push(answer.memory);
  }

  private settle(taken: Pending, answer: CommitAnswer): void {
    const entries: CommittedEntry[] = [];
    let events = 0;
    for (const item of taken.items) {
      if (item.type === 'effects') continue;
      const offset = ++this.lastOffset;
      if (item.type === 'run') {
        const run = runAt(answer.memory, item.place);
        run.offset = offset;
        this.counters.readings += run.count;
        entries.push({ offset, at: this.startedAt, kind: 'readings', run });
      } else entries.push({ offset, at: this.startedAt, kind: item.kind, event: taken.events[events++] });
    }
    if (this.lastOffset !== answer.lastOffset) {
      throw new Error(`the writer is at offset ${answer.lastOffset}, the gateway at ${this.lastOffset}`);
    }
    this.counters.commits++;
    this.lastRefused = false;
    this.counters.bytes += answer.bytes;
    if (entries.length > 0) this.committed(entries);
    for (const settled of taken.settled) settled(null);
  }

  private refuse(taken: Pending, failed: string): void {
    // Only a full disk is known to leave everything before it intact; after any other failure the file cannot be
    // trusted to hold what SQLite said it holds ([STO-4]).
    if (failed !== 'SQLITE_FULL') throw new Error(`the database cannot be written: ${failed}`);
    this.counters.refusedCommits++;
    this.lastRefused = true;
    this.log.error({ code: failed }, 'the disk is full: nothing was committed, and nothing is acknowledged');
    for (const settled of taken.settled) settled('store_full');
  }

  /** Saves what was committed into files that somebody took away, and says what came of it; nobody is acknowledged. */
  private async savedFrom(displaced: Displaced): Promise<Error> {
    const what = `the files of the database are not in their place any more (${displaced})`;
    this.log.error({}, `${what}: what they hold is being saved`);
    const saved = await this.writer.call<string>('save', { displaced, now: this.clock.now() }).catch(error => {
      return `saving what they held failed: ${(error as Error).message}`;
    });
    return new Error(`${what}; ${saved}`);
  }

  private newPending(): Pending {
    const packer = new Packer(this.spare.pop() ?? new ArrayBuffer(memoryBytesInitial));
    return { items: [], events: [], settled: [], packer, hurried: false };
  }
}
