// One subscription of one viewer, and how far it has come.
// `latest`: what changed and was not sent yet is a set of series; memory is bounded by their number. `log`: a place
// in the log; a viewer that cannot take more is left there, and goes on from the log when it can ([LIV-3]).
import type { Freshness, GapReason, Mode } from '../contract/index.ts';
import { limits } from '../contract/index.ts';
import { type Channel, type Encoded, encodeRow, encodeSnapRow, type Readings } from './channel.ts';

/** Entries that a viewer in log mode may fall behind, or resume over: beyond it history is the quicker way. */
const behindEntriesMax = 200_000;

export type SubscriptionPorts = {
  epoch: string;
  offset(): number;
  /** Offset of the oldest entry that the log still has. */
  firstOffset(): number;
  /** The newest reading of a series. */
  latest(
    series: number,
  ): { ts: number; value: number | boolean | string; freshness: Freshness; offset: number } | undefined;
  seriesCount(): number;
  readLog(after: number): Promise<{ runs: Readings[]; through: number }>;
};

/** The viewer's side of it: sends text, defines series first, and says whether more may be sent now. */
export type Outlet = {
  hasRoom(): boolean;
  define(series: Iterable<number>): void;
  send(text: string): void;
  isClosed(): boolean;
  /** Counts what was not delivered. */
  gap(reason: GapReason): void;
};

export class Subscription {
  readonly name: string;
  readonly mode: Mode;
  readonly channel: Channel;
  /** All up to here was sent, or is in `dirty`. */
  cursor: number;
  private state: 'waiting' | 'live' | 'behind' = 'waiting';
  private readonly dirty = new Set<number>();
  /** True while the rows sent are those of the snapshot. */
  private snapping = false;
  private reading = false;
  private readonly nameJson: string;
  private readonly ports: SubscriptionPorts;
  private readonly outlet: Outlet;

  constructor(name: string, mode: Mode, channel: Channel, ports: SubscriptionPorts, outlet: Outlet) {
    this.name = name;
    this.mode = mode;
    this.channel = channel;
    this.ports = ports;
    this.outlet = outlet;
    this.cursor = ports.offset();
    this.nameJson = JSON.stringify(name);
  }

  /** Begins with a snapshot, or with what came after `since` ([LIV-2]). */
  start(since: { epoch: string; offset: number } | undefined): void {
    const head = this.ports.offset();
    this.cursor = head;
    this.state = 'live';
    if (since === undefined) this.snapshot(0);
    else if (since.epoch !== this.ports.epoch || since.offset > head) this.gap(since.offset, head, 'epoch');
    else if (this.mode === 'latest') this.snapshot(since.offset);
    else if (since.offset + 1 < this.ports.firstOffset()) this.gap(since.offset, head, 'trimmed');
    else {
      this.cursor = since.offset;
      this.state = 'behind';
      this.tellStale();
    }
    this.pump();
  }

  /** Takes what a commit brought; `head` is its last offset. */
  deliver(encoded: Encoded | null, head: number): void {
    // What comes before the start is part of the snapshot, or of what is read from the log.
    if (this.state === 'waiting') return;
    if (
      this.mode === 'latest' &&
      encoded !== null &&
      (this.dirty.size > 0 || this.snapping || !this.outlet.hasRoom())
    ) {
      for (const series of encoded.series) this.dirty.add(series);
      this.cursor = head;
      return;
    }
    if (this.mode === 'log' && (this.state === 'behind' || this.snapping || !this.outlet.hasRoom())) {
      this.state = 'behind';
      return;
    }
    const before = this.cursor;
    this.cursor = head;
    if (encoded === null) return;
    this.outlet.define(encoded.series);
    const frames = this.mode === 'latest' ? encoded.latest : encoded.all;
    for (const [i, rows] of frames.entries()) {
      // Only the last frame of a commit says that all of it was there.
      const offset = i === frames.length - 1 ? head : before;
      this.outlet.send(`{"t":"data","sub":${this.nameJson},"offset":${offset},"rows":[${rows}]}`);
    }
  }

  /** Tells of freshness that changed without a reading. A viewer that is behind sees it with the value instead. */
  freshen(changes: readonly { series: number; freshness: Freshness }[]): void {
    if (this.state === 'waiting') return;
    const fitting = changes.filter(({ series }) => this.channel.covers(series) && !this.dirty.has(series));
    if (fitting.length === 0) return;
    if (!this.outlet.hasRoom()) {
      for (const { series } of fitting) this.dirty.add(series);
      return;
    }
    this.outlet.define(fitting.map(({ series }) => series));
    const rows = fitting.map(({ series, freshness }) => `[${series},"${freshness}"]`).join(',');
    this.outlet.send(`{"t":"fresh","sub":${this.nameJson},"offset":${this.cursor},"rows":[${rows}]}`);
  }

  /** True where all that was committed was handed to the socket. */
  isCaughtUp(): boolean {
    return this.state === 'live' && this.dirty.size === 0 && !this.snapping;
  }

  /** Sends on, as far as there is room. Called when room comes back. */
  pump(): void {
    if (this.state === 'waiting') return;
    this.pumpDirty();
    if (this.state === 'behind' && !this.snapping && !this.reading) void this.catchUp();
  }

  /** Values that are no longer live may have aged while the viewer was away. */
  private tellStale(): void {
    const changes: { series: number; freshness: Freshness }[] = [];
    for (let series = 1; series < this.ports.seriesCount(); series++) {
      const freshness = this.ports.latest(series)?.freshness;
      if (freshness !== undefined && freshness !== 'live') changes.push({ series, freshness });
    }
    this.freshen(changes);
  }

  private snapshot(changedAfter: number): void {
    this.snapping = true;
    for (let series = 1; series < this.ports.seriesCount(); series++) {
      const reading = this.ports.latest(series);
      // What is no longer live may have become so while the viewer was away, without a reading that would tell it.
      const changed = reading !== undefined && (reading.offset > changedAfter || reading.freshness !== 'live');
      if (changed && this.channel.covers(series)) this.dirty.add(series);
    }
  }

  private pumpDirty(): void {
    while ((this.dirty.size > 0 || this.snapping) && this.outlet.hasRoom()) {
      const taken: number[] = [];
      for (const series of this.dirty) {
        if (taken.length >= limits.rowsPerFrameMax) break;
        taken.push(series);
        this.dirty.delete(series);
      }
      this.outlet.define(taken);
      const rows: string[] = [];
      for (const series of taken) {
        const reading = this.ports.latest(series);
        // A series whose device was deleted meanwhile has no latest value any more.
        if (reading === undefined) continue;
        // A row of a snapshot says its freshness; when a slow viewer catches up it gets one too, for it may have aged.
        rows.push(encodeSnapRow(series, reading.ts, reading.value, reading.freshness));
      }
      const done = this.dirty.size === 0;
      const head = `{"t":"snap","sub":${this.nameJson},"offset":${this.cursor}`;
      this.outlet.send(`${head},"rows":[${rows.join(',')}],"done":${done}}`);
      if (done) this.snapping = false;
    }
  }

  /** Reads the log from the cursor to its end; then the subscription is live again, without a seam ([LIV-2]). */
  private async catchUp(): Promise<void> {
    this.reading = true;
    try {
      while (this.outlet.hasRoom() && !this.outlet.isClosed()) {
        const head = this.ports.offset();
        if (this.cursor >= head) {
          this.state = 'live';
          return;
        }
        const isTrimmed = this.cursor + 1 < this.ports.firstOffset();
        if (isTrimmed || head - this.cursor > behindEntriesMax) {
          this.state = 'live';
          this.gap(this.cursor, head, isTrimmed ? 'trimmed' : 'slow');
          this.pumpDirty();
          return;
        }
        const page = await this.ports.readLog(this.cursor).catch(() => null);
        // The store is too busy to answer: it is tried again with the next pump.
        if (page === null) return;
        const { runs, through } = page;
        if (this.outlet.isClosed()) return;
        // It may have been trimmed while the page was read.
        if (this.cursor + 1 < this.ports.firstOffset()) continue;
        // The log may hold a commit already that was not handed out yet: that one comes live, not twice.
        const known = this.ports.offset();
        this.sendRuns(
          runs.filter(({ offset }) => offset <= known),
          Math.min(through, known),
        );
      }
    } finally {
      this.reading = false;
    }
  }

  private sendRuns(runs: readonly Readings[], through: number): void {
    let rows: string[] = [];
    const defined = new Set<number>();
    const flush = (offset: number) => {
      this.outlet.define(defined);
      this.outlet.send(`{"t":"data","sub":${this.nameJson},"offset":${offset},"rows":[${rows.join(',')}]}`);
      rows = [];
      defined.clear();
    };
    for (const run of runs) {
      for (let i = 0; i < run.count; i++) {
        const series = run.series(i);
        if (!this.channel.covers(series)) continue;
        defined.add(series);
        rows.push(encodeRow(series, run.ts(i), run.value(i)));
        // The position of a frame is one up to which all was sent: here the entry before.
        if (rows.length >= limits.rowsPerFrameMax && i < run.count - 1) flush(run.offset - 1);
      }
      // Frames end with an entry: the offset of a frame says that all of the entry was in it.
      if (rows.length >= limits.rowsPerFrameMax) flush(run.offset);
    }
    if (rows.length > 0) flush(through);
    this.cursor = through;
  }

  /** Says what will not be delivered, then begins again with a snapshot. */
  private gap(from: number, to: number, reason: GapReason): void {
    this.outlet.gap(reason);
    this.outlet.send(`{"t":"gap","sub":${this.nameJson},"from":${from},"to":${to},"reason":"${reason}"}`);
    this.cursor = to;
    this.dirty.clear();
    this.snapshot(0);
  }
}
