// A group of commands that is not over: its row, how far it has come, and what of it is still to be written.
import { type Command, type CommandGroup, isOpen, limits } from '../contract/index.ts';
import type { Timer } from '../lib/clock.ts';
import type { Requester } from './command.ts';
import { answerByOf } from './group-answers.ts';
import { GroupProgress, type GroupStep } from './group-progress.ts';
import type { GroupColumn, GroupLine, GroupRow } from './group-row.ts';

/** What the disk refused, or there was no room for, is tried again after so long. */
export const retryMs = 5_000;

export class GroupRun {
  readonly progress: GroupProgress;
  /** Not in the store yet. */
  readonly lines: GroupLine[] = [];
  /** Grows with every change, so that whoever saved knows whether there is more to save. */
  version = 0;
  /** What is in the store has this version. */
  savedVersion = -1;
  /** False while its beginning is not in the store, or what came of it before a restart is not read. */
  ready = false;
  /** Who stopped it, where somebody did since the gateway started. */
  stoppedBy: Requester | null = null;
  /** Set while something that a full disk refused is to be tried again. */
  retry: Timer | null = null;
  /** Set while devices are put aside because there was no room for a command of theirs. */
  takeUp: Timer | null = null;
  /** By device that there was no room for, the elapsed time from when on it is refused for that. */
  private readonly roomBy = new Map<string, number>();
  private row: GroupRow;

  constructor(row: GroupRow) {
    this.row = row;
    this.progress = new GroupProgress(row.devices);
  }

  get id(): string {
    return this.row.group.id;
  }

  get state(): CommandGroup['state'] {
    return this.row.group.state;
  }

  get failuresMax(): number {
    return this.row.group.failuresMax;
  }

  get concurrency(): number {
    return this.row.group.concurrency;
  }

  /** The row as it is now, counts and all. */
  shown(): GroupRow {
    return { ...this.row, group: { ...this.row.group, counts: this.progress.counts() } };
  }

  /** What its row is searched by. */
  column(): GroupColumn {
    return this.state === 'stopped' && this.progress.openCount() > 0 ? 'stopping' : this.state;
  }

  /** True where nothing will change by itself any more. */
  isSettled(): boolean {
    return this.state === 'finished' || (this.state === 'stopped' && this.progress.openCount() === 0);
  }

  /** True where the store does not have what it should have. How far a group that runs has come need not be there. */
  isUnsaved(): boolean {
    return this.lines.length > 0 || (this.isSettled() && this.savedVersion !== this.version);
  }

  /**
   * Changes the row, and keeps the line that tells of it until both are in the store. Returns how that is taken back
   * where the store refuses it; nothing is where it was changed further meanwhile.
   */
  change(
    at: number,
    change: Partial<CommandGroup>,
    line: Omit<GroupLine, 'at'>,
    more: Partial<GroupRow> = {},
  ): () => void {
    const before = this.row;
    const kept = { ...line, at };
    this.row = { ...before, ...more, group: { ...before.group, ...change, updatedAt: at } };
    this.lines.push(kept);
    const version = ++this.version;
    return () => {
      if (this.version !== version) return;
      this.row = before;
      this.lines.splice(this.lines.indexOf(kept), 1);
    };
  }

  heard(step: GroupStep, at: number): boolean {
    if (!this.progress.heard(step)) return false;
    this.roomBy.delete(step.device);
    this.touch(at);
    return true;
  }

  refused(device: string, error: string, at: number): void {
    if (!this.progress.refused(device)) return;
    this.roomBy.delete(device);
    const { refusals } = this.row.group;
    this.row.refused.push(device);
    if (refusals.length < limits.groupRefusalsMax) {
      this.row.group = { ...this.row.group, refusals: [...refusals, { device, error }] };
    }
    this.touch(at);
  }

  /** The device was not asked after all: it is the next again, or with `aside` after the others. */
  giveBack(device: string, aside: boolean): void {
    if (aside) this.progress.putAside(device);
    else this.progress.giveBack(device);
    // Of a stopped group that may have been the last one on its way.
    this.version++;
  }

  /** True for a device that room was waited for, for as long as its command would have lived: that was `ttlMs`. */
  isWaitOver(device: string, elapsed: number, ttlMs: number): boolean {
    const by = this.roomBy.get(device);
    if (by === undefined) this.roomBy.set(device, elapsed + ttlMs);
    return by !== undefined && elapsed >= by;
  }

  /** Nothing of the device's command is waited for any more. */
  givenUp(device: string, at: number): void {
    this.progress.giveUp(device);
    this.touch(at);
  }

  /**
   * Takes up who was refused before a restart: of a group that was stopped they stay that, those of one that runs are
   * forgotten, for they are asked again.
   */
  resumeRefusals(): void {
    if (this.state === 'stopped') {
      for (const device of this.row.refused) this.progress.refused(device);
    } else {
      this.row = { ...this.row, refused: [], group: { ...this.row.group, refusals: [] } };
    }
  }

  private touch(at: number): void {
    this.row.group.updatedAt = Math.max(this.row.group.updatedAt, at);
    this.version++;
  }
}

/** What a command tells of its group. */
export function stepOf(command: Command): GroupStep {
  const { device, id, state, expiresAt, updatedAt, transitions } = command;
  const cause = transitions.at(-1)?.cause ?? 'requested';
  const answerBy = answerByOf({ expiresAt, updatedAt, cause });
  return { device, id, state, steps: transitions.length, open: isOpen(command), answerBy };
}
