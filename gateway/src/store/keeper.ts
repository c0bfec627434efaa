// The keeper thread: seals, compacts, rolls up, trims and lets go. It reads on a connection of its own and writes
// nothing itself: each call answers with one slice of effects, which the writer thread commits before the next call.
// Sealing and trimming come first, because they bound memory and the log; the long work goes on in between.
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { serveThread } from '../lib/thread-side.ts';
import { Archive } from './archive.ts';
import { Scrub } from './damage/scrub.ts';
import { checkedTables } from './keep/checked.ts';
import { Closer } from './keep/close.ts';
import { Compactor } from './keep/compact.ts';
import { agesEveryMs, Retainer, type RetainSettings } from './keep/retain.ts';
import { Roller } from './keep/roll.ts';
import { Sealer, type SealSettings } from './keep/seal.ts';
import type { Task } from './keep/task.ts';
import { Trimmer } from './keep/trim.ts';
import { TrustedTime } from './keep/trusted-time.ts';
import { type Db, fileName, openForReading } from './schema.ts';
import type { KeepEffect } from './statements.ts';

export type KeeperSettings = SealSettings & RetainSettings & { resumeMs: number; checkEveryHours: number };
export type KeeperData = { dir: string; settings: KeeperSettings };
/**
 * `waiting`: readings that are committed and not sealed. `all`: do now what otherwise waits for its time. `afresh`: the
 * last slice was not committed, so that what it was part of begins again.
 */
export type KeepCall = { now: number; waiting: number; all: boolean; afresh: boolean };
export type KeepAnswer = {
  /** What is to be committed before the next call; empty where there is nothing to do. */
  effects: KeepEffect[];
  /** Pages to give back to the file system. */
  vacuumPages: number;
  idle: boolean;
  /** Rows that were found damaged since the last call. */
  damaged: string[];
  /** Readings that came too late to be kept, since the last call. */
  dropped: number;
  /** Tasks that ended in an error. */
  failed: string[];
};

/** Pages that stay free for what comes next: 8 MB, and a tenth of the file. */
const freePagesKept = 4_096;
const freePagesKeptAtLeast = 64;
/** Pages given back at once, a megabyte. */
const vacuumPagesAtOnce = 512;
/** Rows checked in one call. */
const rowsChecked = 50;
/** A call answers after so long, also where there is nothing to write yet: somebody may want to close the store. */
const turnMsMax = 50;
/** What PRAGMA auto_vacuum says of a database that gives pages back when it is asked to. */
const incremental = 2;

const { dir, settings } = workerData as KeeperData;
const db: Db = openForReading(join(dir, fileName));
const archive = new Archive(db);
const sealer = new Sealer(db);
const roller = new Roller(db, archive);
const compactor = new Compactor(db, archive, sealer, roller);
const closer = new Closer(db, archive, roller);
const trimmer = new Trimmer(db, sealer);
const retainer = new Retainer(db, archive, roller);
const scrub = new Scrub(db, checkedTables);
const trusted = new TrustedTime(db);
const freePages = db.prepare<[], number>('PRAGMA freelist_count').pluck();
const autoVacuum = db.prepare<[], number>('PRAGMA auto_vacuum').pluck();
const allPages = db.prepare<[], number>('PRAGMA page_count').pluck();

/** A lane goes from task to task; the long one may be in the middle of something while the short one works. */
type Lane = { task: Task | null; next: (call: KeepCall) => Task | null; notBefore: number; waitMs: number };

const short: Lane = { task: null, next: nextShort, notBefore: 0, waitMs: 1_000 };
/** What failed once will most likely fail again, after as much work: that is not tried every second. */
const long: Lane = { task: null, next: nextLong, notBefore: 0, waitMs: 5 * 60_000 };
let turn = 0;
let trimmedAt = Number.NEGATIVE_INFINITY;
let swept = false;
let budgetAt = Number.NEGATIVE_INFINITY;
let agedAt = Number.NEGATIVE_INFINITY;
let checkedAt: number | null = null;
let failed: string[] = [];
let droppedBefore = 0;

function nextShort(call: KeepCall): Task | null {
  if (sealIsDue(call)) return sealer.seal(settings.sealReadings, call.now);
  const { now, all } = call;
  // Once a second is often enough; a clock that was set back must not stop it.
  if (all || Math.abs(now - trimmedAt) >= 1_000) {
    trimmedAt = now;
    return trimmer.trim(now, isOver() ? 0 : settings.resumeMs, all);
  }
  return null;
}

function sealIsDue({ now, waiting, all }: KeepCall): boolean {
  const enough = waiting >= settings.sealReadings || all;
  return enough ? sealer.hasWaiting() : sealer.isDue(now, settings.sealAfterMs);
}

const isOver = () => settings.diskBudget !== null && retainer.isOver(settings.diskBudget);

function nextLong({ now, all }: KeepCall): Task | null {
  if (!swept) {
    swept = true;
    return compactor.sweep();
  }
  const time = trusted.at(now, all);
  // Where nothing more may go, asking again at once would not help.
  const over = Math.abs(now - budgetAt) >= 1_000 && isOver();
  const aged = settings.retention.length > 0 && Math.abs(time - agedAt) >= agesEveryMs;
  // What is asked for at once is asked for after everything is sealed.
  if (all && sealer.hasWaiting()) return null;
  // What waits in batches is older than what retention leaves, or may be: it has to be in rollups before.
  if (compactor.isDue(now) || ((all || over || aged) && compactor.hasBatches())) {
    swept = false;
    return compactor.compact();
  }
  const window = closer.due(time);
  if (window !== null) return closer.close(window.level, window.window);
  if (over && settings.diskBudget !== null) {
    budgetAt = now;
    return retainer.keepBudget(settings.diskBudget, time);
  }
  if (aged) {
    agedAt = time;
    return retainer.keepAges(settings.retention, time);
  }
  return null;
}

/** The next slice of a lane; undefined where it has nothing to do, or failed. */
function advance(lane: Lane, call: KeepCall): KeepEffect[] | undefined {
  if (call.now < lane.notBefore && lane.notBefore - call.now <= lane.waitMs) return undefined;
  archive.refresh();
  const began = performance.now();
  try {
    for (;;) {
      lane.task ??= lane.next(call);
      if (lane.task === null) return undefined;
      const step = lane.task.next();
      if (step.done === true) {
        lane.task = null;
        // Trimming is asked for again and again: one round of it is enough.
        if (lane === short) return undefined;
      } else if (step.value.length > 0 || performance.now() - began > turnMsMax) return step.value;
    }
  } catch (error) {
    lane.task = null;
    lane.notBefore = call.now + lane.waitMs;
    failed.push((error as Error).message);
    return undefined;
  }
}

function next(call: KeepCall): KeepAnswer {
  if (call.afresh) {
    // The slice before was not committed: what it was part of begins again.
    short.task = long.task = null;
    swept = false;
  }
  // In turns, so that a seal under way and a long compaction both go on.
  turn++;
  const [first, second] = turn % 2 === 0 ? [short, long] : [long, short];
  const effects = advance(first, call) ?? advance(second, call);
  if (effects !== undefined) return answer({ effects });
  if (short.task !== null || long.task !== null) return answer({});
  if (call.now >= short.notBefore && sealIsDue(call)) return answer({});
  const pages = pagesToGiveBack(call);
  if (pages > 0) return answer({ vacuumPages: pages });
  return answer({ idle: !check(call) });
}

/** An answer, with what was noticed since the last. */
function answer(part: Partial<KeepAnswer>): KeepAnswer {
  const damaged = [...archive.damagedRows, ...sealer.damaged];
  const dropped = compactor.dropped - droppedBefore;
  const told = { effects: [], vacuumPages: 0, idle: false, damaged, dropped, failed, ...part };
  archive.damagedRows.clear();
  sealer.damaged = [];
  droppedBefore = compactor.dropped;
  failed = [];
  return told;
}

function pagesToGiveBack({ all }: KeepCall): number {
  // A large database of the first schema was not rebuilt, and can only use its free pages again.
  if (autoVacuum.get() !== incremental) return 0;
  const free = freePages.get() ?? 0;
  const kept = all ? freePagesKeptAtLeast : Math.max(freePagesKept, (allPages.get() ?? 0) / 10);
  return Math.max(0, Math.min(vacuumPagesAtOnce, Math.ceil(free - kept)));
}

/** Reads a few rows of everything stored, so that what a disk forgot is found before somebody asks for it ([STO-5]). */
function check({ now, all }: KeepCall): boolean {
  const everyMs = settings.checkEveryHours * 3_600_000;
  checkedAt ??= now;
  if (all || everyMs === 0 || Math.abs(now - checkedAt) < everyMs) return false;
  const { done, damaged } = scrub.slice(rowsChecked);
  if (done) checkedAt = now;
  for (const { table, key } of damaged) archive.damagedRows.add(`${table} ${key}`);
  return true;
}

serveThread({ next, waiting: () => sealer.countWaiting() }, () => db.close());
