// One subscription of one viewer, and how far it has come.
// `latest`: what changed and was not sent yet is a set of series; memory is bounded by their number. `log`: a place
// in the log; a viewer that cannot take more is left there, and goes on from the log when it can ([LIV-3]).
import { type GapReason, limits, type Position } from '../contract/index.ts';
import type { Channel, EventTaker, FreshnessChange, Member } from './channel.ts';
import type { LogPage } from './log-pages.ts';
import { encodeSnapRow, hasAged, type Latest } from './readings.ts';
import { encodeData, partsOf, type Round, type RoundRow } from './round.ts';

/** Entries that a viewer in log mode may fall behind, or resume over: beyond it history is the quicker way. */
const behindEntriesMax = 200_000;

export type SubscriptionPorts = {
  epoch: string;
  /** Offset up to which commits have been handed out. */
  head(): number;
  /** Offset of the oldest entry that the log still has. */
  firstOffset(): number;
  latest(series: number): Latest | undefined;
  /** True for a metric that its device announced. */
  isAnnounced(series: number): boolean;
  /** Number of the newest change of freshness without a reading. */
  freshSeq(): number;
  covered(channel: Channel): Iterable<number>;
  readPage(after: number): Promise<LogPage>;
};

/** The viewer's side of it: sends, defines series first, and says whether more may be sent now. */
export type Outlet = EventTaker & {
  hasRoom(): boolean;
  define(series: readonly number[]): void;
  /** Sends a frame; `news` where it tells something that a viewer waits for. */
  send(frame: string | Buffer, news: boolean): void;
  isClosed(): boolean;
  /** Counts what was not delivered. */
  gap(reason: GapReason): void;
  /** Calls `pump` again a little later: the store could not answer. */
  retrySoon(): void;
  /** Nothing waits any more. */
  caughtUp(): void;
};

/** Where to go on, and up to which change of freshness the viewer was told; null where that is not known. */
export type Since = { position: Position; seen: number | null };

export class Subscription implements Member {
  readonly name: string;
  readonly channel: Channel;
  private state: 'waiting' | 'live' | 'behind' = 'waiting';
  /** All up to here was sent, or is in `dirty`, or waits in the channel. */
  private cursor: number;
  /** All up to here was sent. */
  private claimed = -1;
  private readonly dirty = new Set<number>();
  /** True while the rows sent are those of the snapshot. */
  private snapping = false;
  private reading = false;
  private sending = false;
  /** True until what was missed was sent; its end is told with the end of a snapshot, if only an empty one. */
  private resuming = false;
  /** True once the viewer was told that it is slow. */
  private slow = false;
  /** Changes of freshness up to this one were told; null where that is not known. */
  private seen: number | null = null;
  private readonly nameJson: string;
  private readonly ports: SubscriptionPorts;
  private readonly outlet: Outlet;
  readonly owner: EventTaker;

  constructor(name: string, channel: Channel, ports: SubscriptionPorts, outlet: Outlet) {
    this.name = name;
    this.channel = channel;
    this.ports = ports;
    this.owner = this.outlet = outlet;
    this.cursor = ports.head();
    this.nameJson = JSON.stringify(name);
  }

  /** Begins with a snapshot, or with what came after `since` ([LIV-2]). */
  start(since: Since | null): void {
    const head = this.ports.head();
    this.cursor = head;
    this.state = 'live';
    if (since === null) this.snapshot(-1, null);
    else this.resume(since, head);
    this.pump();
  }

  /** Takes a round of its channel: sends it, or notes what is to be sent later. */
  take(round: Round): void {
    if (this.state === 'waiting' || this.state === 'behind') return;
    const isClean = this.isClean();
    if (isClean && this.outlet.hasRoom()) return this.sendRound(round);
    // All that was sent so far is known to be before this round.
    if (isClean) this.claimed = Math.max(round.base, this.cursor);
    if (this.channel.spec.mode === 'latest') {
      for (const series of round.seriesAfter(this.cursor)) this.dirty.add(series);
      this.cursor = round.head;
    } else {
      this.cursor = Math.max(round.base, this.cursor);
      this.state = 'behind';
      this.seen = this.ports.freshSeq();
    }
    if (!this.snapping) this.tellSlow(true);
  }

  /** Tells of freshness that changed without a reading. A viewer that is behind sees it with the value instead. */
  freshen(changes: readonly FreshnessChange[], rows: string): void {
    // What catches up from the log is told at the end, for its rows may be older than the change.
    if (this.state === 'waiting' || this.state === 'behind') return;
    if (!this.isClean() || !this.outlet.hasRoom()) {
      if (this.isClean()) this.claimed = this.position();
      for (const { series } of changes) this.dirty.add(series);
      return;
    }
    this.outlet.define(changes.map(({ series }) => series));
    this.outlet.send(`{"t":"fresh","sub":${this.nameJson},"offset":${this.position()},"rows":[${rows}]}`, true);
  }

  /** Series whose row has to be sent anew, although no reading came: a metric was announced. */
  renew(series: readonly number[]): void {
    if (this.state !== 'live') return;
    if (this.isClean()) this.claimed = this.position();
    for (const index of series) this.dirty.add(index);
    this.pump();
  }

  /** True where all that was committed was handed to the socket, or waits for the next round. */
  isCaughtUp(): boolean {
    return this.state === 'live' && this.isClean();
  }

  /** Offset up to which the viewer has everything; -1 before its first snapshot is whole. */
  position(): number {
    if (this.sending || !this.isCaughtUp()) return this.claimed;
    return Math.max(this.channel.through(), this.cursor);
  }

  /** Sends on, as far as there is room. Called when room comes back. */
  pump(): void {
    if (this.state === 'waiting') return;
    this.pumpDirty();
    if (this.state === 'behind' && !this.snapping && !this.reading) void this.catchUp();
  }

  private isClean(): boolean {
    return this.dirty.size === 0 && !this.snapping;
  }

  private resume({ position, seen }: Since, head: number): void {
    const { epoch, offset } = position;
    if (epoch !== this.ports.epoch || offset > head) return this.gap(offset, head, 'epoch');
    this.claimed = offset;
    if (this.channel.spec.mode === 'latest') return this.snapshot(offset, seen);
    if (offset + 1 < this.ports.firstOffset()) return this.gap(offset, head, 'trimmed');
    this.cursor = offset;
    this.state = 'behind';
    this.seen = seen;
    this.resuming = true;
  }

  private sendRound(round: Round): void {
    const { frames, series } = round.shareOf(this.nameJson, this.cursor);
    this.claimed = Math.max(round.base, this.cursor);
    if (frames.length > 0) this.sendFrames(frames, series, round.head);
    this.cursor = this.claimed = round.head;
  }

  /** Only with the last of several frames everything up to `head` is there. */
  private sendFrames(frames: readonly Buffer[], series: readonly number[], head: number): void {
    this.outlet.define(series);
    this.sending = true;
    for (const [i, frame] of frames.entries()) {
      if (i === frames.length - 1) this.claimed = head;
      this.outlet.send(frame, true);
    }
    this.sending = false;
  }

  private tellSlow(behind: boolean): void {
    if (this.slow === behind) return;
    this.slow = behind;
    this.outlet.send(`{"t":"slow","sub":${this.nameJson},"offset":${this.cursor},"behind":${behind}}`, false);
  }

  private snapshot(changedAfter: number, seen: number | null): void {
    this.snapping = true;
    const isWhole = changedAfter < 0;
    for (const series of this.ports.covered(this.channel)) {
      const latest = this.ports.latest(series);
      if (latest === undefined) {
        if (isWhole && this.ports.isAnnounced(series)) this.dirty.add(series);
      } else if (latest.offset > changedAfter || hasAged(latest, seen)) this.dirty.add(series);
    }
  }

  private pumpDirty(): void {
    while (!this.isClean() && this.outlet.hasRoom()) {
      const taken: number[] = [];
      for (const series of this.dirty) {
        if (taken.length >= limits.rowsPerFrameMax) break;
        taken.push(series);
        this.dirty.delete(series);
      }
      const rows: string[] = [];
      for (const series of taken) {
        const latest = this.ports.latest(series);
        // A series whose device was deleted meanwhile has no latest value any more.
        if (latest === undefined && !this.ports.isAnnounced(series)) continue;
        rows.push(encodeSnapRow(series, latest));
      }
      this.outlet.define(taken);
      const done = this.dirty.size === 0;
      const news = rows.length > 0 || this.claimed < 0;
      if (done) {
        this.snapping = false;
        if (this.state === 'live') this.claimed = this.cursor;
      }
      const head = `{"t":"snap","sub":${this.nameJson},"offset":${this.cursor}`;
      this.outlet.send(`${head},"rows":[${rows.join(',')}],"done":${done}}`, news);
      if (!done || this.state !== 'live') continue;
      this.tellSlow(false);
      this.outlet.caughtUp();
    }
  }

  /** Reads the log from the cursor to its end; then the subscription is live again, without a seam ([LIV-2]). */
  private async catchUp(): Promise<void> {
    this.reading = true;
    const caught = new Set<number>();
    try {
      while (this.outlet.hasRoom() && !this.outlet.isClosed()) {
        const head = this.ports.head();
        if (this.cursor >= head) return this.goLive(caught);
        const isTrimmed = this.cursor + 1 < this.ports.firstOffset();
        if (isTrimmed || head - this.cursor > behindEntriesMax) {
          this.state = 'live';
          this.gap(this.cursor, head, isTrimmed ? 'trimmed' : 'slow');
          this.pumpDirty();
          return;
        }
        const page = await this.ports.readPage(this.cursor).catch(() => null);
        if (page === null) return this.outlet.retrySoon();
        if (this.outlet.isClosed()) return;
        // It may have been trimmed while the page was read.
        if (this.cursor + 1 < this.ports.firstOffset()) continue;
        // The log may hold a commit already that was not handed out yet: that one comes live, not twice.
        this.sendPage(page, Math.min(page.through, this.ports.head()), caught);
      }
    } finally {
      // Whoever goes on later needs to know of these rows, too.
      if (this.state === 'behind' && caught.size > 0) this.seen = null;
      this.reading = false;
    }
  }

  private sendPage(page: LogPage, through: number, caught: Set<number>): void {
    const rows = page.rowsFor(this.channel).filter(({ offset }) => offset > this.cursor && offset <= through);
    for (const { series } of rows) caught.add(series);
    for (const part of partsOf(rows)) {
      // A part ends with an entry, and the last one is as far as the page reaches.
      const end = part.at(-1) === rows.at(-1) ? through : (part.at(-1) as RoundRow).offset;
      this.sendFrames(
        encodeData(this.nameJson, part, this.cursor, end),
        part.map(({ series }) => series),
        end,
      );
      this.cursor = end;
    }
    this.cursor = this.claimed = through;
  }

  private goLive(caught: ReadonlySet<number>): void {
    this.state = 'live';
    this.snapping = this.resuming;
    this.resuming = false;
    // The rows may have made values look live that had aged since; and others may have aged meanwhile.
    const { seen } = this;
    for (const series of this.ports.covered(this.channel)) {
      const latest = this.ports.latest(series);
      if (latest === undefined || latest.freshness === 'live') continue;
      if (caught.has(series) || hasAged(latest, seen)) this.dirty.add(series);
    }
    this.pumpDirty();
    this.tellSlow(false);
    if (this.isClean()) this.outlet.caughtUp();
  }

  /** Says what will not be delivered, then begins again with a snapshot. */
  private gap(from: number, to: number, reason: GapReason): void {
    this.outlet.gap(reason);
    this.cursor = to;
    // In mode `latest` the viewer has nothing before the snapshot is whole; in mode `log` it was told of what it lacks.
    this.claimed = this.channel.spec.mode === 'log' ? to : -1;
    this.dirty.clear();
    this.snapshot(-1, null);
    this.outlet.send(`{"t":"gap","sub":${this.nameJson},"from":${from},"to":${to},"reason":"${reason}"}`, true);
  }
}
