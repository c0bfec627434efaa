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
/** `waiting`: readings that are committed and not sealed. `all`: do now what otherwise waits for its time. */
export type KeepCall = { now: number; waiting: number; all: boolean };
export type KeepAnswer = {
  /** What is to be committed before the next call; empty where there is nothing to do. */
  effects: KeepEffect[];
  /** Pages to give back to the file system. */
  vacuumPages: number;
  idle: boolean;
  /** Rows that were found damaged by the check since the last call. */
  damaged: string[];
};

/** Pages that stay free for what comes next: 8 MB, and a tenth of the file. */
const freePagesKept = 4_096;
const freePagesKeptAtLeast = 64;
/** Pages given back at once, a megabyte. */
const vacuumPagesAtOnce = 512;
/** Rows checked in one call. */
const rowsChecked = 50;

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
const allPages = db.prepare<[], number>('PRAGMA page_count').pluck();

/** The two lanes. The long one may be in the middle of something while the short one works. */
let short: Task | null = null;
let long: Task | null = null;
let shortTurn = true;
let trimmedAt = Number.NEGATIVE_INFINITY;
let sweptBatches = false;
let budgetAt = Number.NEGATIVE_INFINITY;
let agedAt = Number.NEGATIVE_INFINITY;
let checkedAt: number | null = null;

function nextShort({ now, waiting, all }: KeepCall): Task | null {
  const enough = waiting >= settings.sealReadings || all;
  if (enough ? sealer.hasWaiting() : sealer.isDue(now, settings.sealAfterMs)) {
    return sealer.seal(settings.sealReadings, now);
  }
  // Once a second is often enough; a clock that was set back must not stop it.
  if (all || Math.abs(now - trimmedAt) >= 1_000) {
    trimmedAt = now;
    return trimmer.trim(now, settings.resumeMs, all);
  }
  return null;
}

function nextLong({ now, all }: KeepCall): Task | null {
  if (!sweptBatches) {
    sweptBatches = true;
    return compactor.sweep();
  }
  if (compactor.isDue(now) || (all && compactor.hasBatches())) {
    sweptBatches = false;
    return compactor.compact();
  }
  // What cannot be taken back waits until the clock can be believed.
  const agreed = trusted.at(now, all);
  const window = closer.due(agreed);
  if (window !== null) return closer.close(window.level, window.window);
  const { diskBudget } = settings;
  // Where nothing more may go, asking again at once would not help.
  if (diskBudget !== null && Math.abs(now - budgetAt) >= 1_000 && retainer.isOver(diskBudget)) {
    budgetAt = now;
    return retainer.keepBudget(diskBudget, agreed);
  }
  if (settings.retention.length > 0 && Math.abs(now - agedAt) >= agesEveryMs) {
    agedAt = now;
    return retainer.keepAges(settings.retention, agreed);
  }
  return null;
}

/** The next slice of a lane; undefined where its task is done. */
function advance(task: Task | null): KeepEffect[] | undefined {
  archive.refresh();
  for (;;) {
    const step = task?.next();
    if (step === undefined || step.done === true) return undefined;
    if (step.value.length > 0) return step.value;
  }
}

function takeShort(call: KeepCall): KeepEffect[] | undefined {
  short ??= nextShort(call);
  const effects = advance(short);
  if (effects === undefined) short = null;
  return effects;
}

function takeLong(call: KeepCall): KeepEffect[] | undefined {
  for (;;) {
    long ??= nextLong(call);
    if (long === null) return undefined;
    const effects = advance(long);
    if (effects !== undefined) return effects;
    // It had nothing to write; another task may be due.
    long = null;
  }
}

const answer = (effects: KeepEffect[], idle = false): KeepAnswer => ({ effects, vacuumPages: 0, idle, damaged: [] });

function next(call: KeepCall): KeepAnswer {
  // In turns, so that a seal under way and a long compaction both go on.
  shortTurn = !shortTurn;
  const lanes = shortTurn ? [takeShort, takeLong] : [takeLong, takeShort];
  for (const lane of lanes) {
    const effects = lane(call);
    if (effects !== undefined) return answer(effects);
  }
  // A task that ended without effects may have made room for the next one.
  if (nothingLeft(call)) return vacuum(call) ?? check(call) ?? answer([], true);
  return answer([]);
}

function nothingLeft(call: KeepCall): boolean {
  if (short !== null || long !== null) return false;
  if ((call.waiting >= settings.sealReadings || call.all) && sealer.hasWaiting()) return false;
  if (call.all && compactor.hasBatches()) return false;
  return sweptBatches && !compactor.isDue(call.now) && closer.due(trusted.at(call.now, call.all)) === null;
}

function vacuum({ all }: KeepCall): KeepAnswer | null {
  const free = freePages.get() ?? 0;
  const kept = all ? freePagesKeptAtLeast : Math.max(freePagesKept, (allPages.get() ?? 0) / 10);
  if (free <= kept) return null;
  return { ...answer([]), vacuumPages: Math.min(vacuumPagesAtOnce, Math.ceil(free - kept)) };
}

/** Reads a few rows of everything stored, so that what a disk forgot is found before somebody asks for it ([STO-5]). */
function check({ now, all }: KeepCall): KeepAnswer | null {
  const everyMs = settings.checkEveryHours * 3_600_000;
  checkedAt ??= now;
  if (all || everyMs === 0 || Math.abs(now - checkedAt) < everyMs) return null;
  const { done, damaged } = scrub.slice(rowsChecked);
  if (done) checkedAt = now;
  return { ...answer([]), damaged: damaged.map(({ table, key, error }) => `${table} ${key}: ${error}`) };
}

serveThread({ next, waiting: () => sealer.countWaiting(), used: () => retainer.used() }, () => db.close());
