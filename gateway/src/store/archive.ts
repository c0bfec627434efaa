// Readings that have left the log: those sealed batch by batch, and those compacted into windows. Whoever asks gets them
// in the order in which later ones win ([ING-4]): the coarser level first, then the finer, then the batches.
import { decodeChunks } from './codec/chunk.ts';
import { DamagedError } from './codec/damaged.ts';
import type { Columns } from './columns.ts';
import { keyOf, type Level, levels, sealedKey, windowKey, windowMs, windowOf, windowOfKey } from './keys.ts';
import type { Db } from './schema.ts';

/** A batch of sealed readings: when it was sealed, its last log entry, and the span of its source times. */
export type Batch = { id: number; at: number; through: number; count: number; firstTs: number; lastTs: number };

/** How far a compaction under way has come: series up to this one have nothing left in batches up to that one. */
export type Compacting = { batch: number; series: number };

/** The first and the last window of a level that have readings, of any series. */
type Windows = { first: number; last: number };

export type ChunkRow = { key: number; firstTs: number; lastTs: number; count: number; body: Uint8Array };

/** Batches at most, beyond which compaction has stopped: nothing is read of more. */
const batchesMax = 10_000;
/** Damaged rows told at once: one is enough to act on. */
const damagedMax = 100;

/** What a series takes, and from which times on its readings and rollups are kept. */
export type SeriesUse = {
  count: number;
  bytes: number;
  rollupBytes: number;
  firstTs: number;
  lastTs: number;
  rawFrom: number;
  rollupFrom: number;
};

/** Where readings may lie that have left the log. */
export type Where = 'windows' | 'batches' | 'both';

/** Reads a moment of the database: `refresh` begins the next one. */
export class Archive {
  /** Rows that cannot be read, for whoever tells of them and empties this. */
  readonly damagedRows = new Set<string>();
  /** Spans of such rows that were met since `refresh`. */
  damaged: { from: number; to: number }[] = [];
  private moment: { batches: Batch[]; compacting: Compacting | null; windows: Map<Level, Windows | null> } | null =
    null;
  private readonly readMeta;
  private readonly readBatches;
  private readonly readSealed;
  private readonly readParts;
  private readonly countParts;
  private readonly countSealed;
  private readonly readUse;
  private readonly firstKey;
  private readonly lastKey;

  constructor(db: Db) {
    this.readMeta = db.prepare<[string], string | number>('SELECT value FROM meta WHERE key = ?').pluck();
    this.readBatches = db.prepare<[number], Batch>(
      'SELECT id, at, through, count, first_ts AS firstTs, last_ts AS lastTs FROM batch ORDER BY id LIMIT ?',
    );
    this.readSealed = db
      .prepare<[number, number, number], Uint8Array>(
        'SELECT body FROM sealed WHERE key = ? AND last_ts >= ? AND first_ts < ?',
      )
      .pluck();
    this.readParts = db.prepare<[number, number, number, number], ChunkRow>(
      `SELECT key, first_ts AS firstTs, last_ts AS lastTs, count, body FROM chunk
       WHERE key >= ? AND key < ? AND last_ts >= ? AND first_ts < ?`,
    );
    this.countParts = db
      .prepare<number[], number>(
        `SELECT total(${share}) FROM chunk WHERE key >= ? AND key < ? AND last_ts >= ? AND first_ts < ?`,
      )
      .pluck();
    this.countSealed = db
      .prepare<number[], number>(`SELECT ${share} FROM sealed WHERE key = ? AND last_ts >= ? AND first_ts < ?`)
      .pluck();
    this.readUse = db.prepare<[number], SeriesUse>(
      `SELECT count, bytes, rollup_bytes AS rollupBytes, first_ts AS firstTs, last_ts AS lastTs,
         raw_from AS rawFrom, rollup_from AS rollupFrom FROM series_use WHERE series = ?`,
    );
    this.firstKey = db.prepare<[number, number], number>(edge('')).pluck();
    this.lastKey = db.prepare<[number, number], number>(edge('DESC')).pluck();
  }

  /** Forgets what was remembered of the moment before. */
  refresh(): void {
    this.damaged = [];
    this.moment = null;
  }

  /** Entries up to this offset are sealed. */
  sealedThrough(): number {
    return Number(this.readMeta.get('sealed_through') ?? 0);
  }

  compacting(): Compacting | null {
    return this.now().compacting;
  }

  batches(): Batch[] {
    return this.now().batches;
  }

  use(series: number): SeriesUse | undefined {
    return this.readUse.get(series);
  }

  /** Adds a series' readings of [from, to) in the batches, the earlier batch first. */
  addSealed(series: number, from: number, to: number, into: Columns): void {
    for (const { id, firstTs, lastTs } of this.batchesOf(series, from, to)) {
      const body = this.readSealed.get(sealedKey(id, series), from, to);
      if (body !== undefined)
        this.decode(body, into, from, to, { row: `sealed ${sealedKey(id, series)}`, firstTs, lastTs });
    }
  }

  /** Adds a series' readings in one batch. */
  addBatch(batch: Batch, series: number, into: Columns): void {
    const [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const body = this.readSealed.get(sealedKey(batch.id, series), from, to);
    if (body !== undefined)
      this.decode(body, into, from, to, { row: `sealed ${sealedKey(batch.id, series)}`, ...batch });
  }

  /** Adds a series' readings of [from, to) in the windows of all levels, the coarsest first. */
  addCompacted(series: number, from: number, to: number, into: Columns): void {
    for (const level of [...levels].reverse()) {
      for (const part of this.parts(level, series, from, to)) this.addPart(part, into, from, to);
    }
  }

  /** Adds the readings of a row that lie in [from, to). False where it is damaged, and noted as that. */
  addPart(part: ChunkRow, into: Columns, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): boolean {
    return this.decode(part.body, into, from, to, { row: `chunk ${part.key}`, ...part });
  }

  /** Whether the series has readings in the window of a level that holds `ts`. */
  has(level: Level, series: number, ts: number): boolean {
    const window = windowOf(level, ts);
    const key = keyOf(level, window, series);
    return (this.firstKey.get(key, keyOf(level, window, series + 1)) ?? null) !== null;
  }

  /**
   * About how many readings of [from, to) are where it is asked for: of a row that reaches beyond, as large a share as
   * lies inside.
   */
  countIn(series: number, from: number, to: number, where: Where): number {
    let count = 0;
    for (const { id } of where === 'windows' ? [] : this.batchesOf(series, from, to)) {
      count += this.countSealed.get(to, from, sealedKey(id, series), from, to) ?? 0;
    }
    if (where === 'batches') return count;
    for (const level of levels) {
      for (const window of this.windowsIn(level, from, to)) {
        count +=
          this.countParts.get(to, from, keyOf(level, window, series), keyOf(level, window, series + 1), from, to) ?? 0;
      }
    }
    return count;
  }

  /** The rows of one level that hold readings of the series in [from, to), in order of their windows. */
  *parts(level: Level, series: number, from: number, to: number): Iterable<ChunkRow> {
    for (const window of this.windowsIn(level, from, to)) {
      const rows = this.readParts.all(keyOf(level, window, series), keyOf(level, window, series + 1), from, to);
      if (rows.length > 1) rows.sort((a, b) => a.firstTs - b.firstTs);
      yield* rows;
    }
  }

  /** Where the earliest window of any level begins; null where none has readings. */
  firstOfWindows(): number | null {
    const starts = levels.flatMap(level => {
      const span = this.windows(level);
      return span === null ? [] : [span.first * windowMs(level)];
    });
    return starts.length === 0 ? null : Math.min(...starts);
  }

  /** No reading in batches or windows is earlier. */
  earliest(): number {
    let earliest = this.firstOfWindows() ?? Number.POSITIVE_INFINITY;
    for (const { firstTs } of this.batches()) earliest = Math.min(earliest, firstTs);
    return earliest;
  }

  /** No reading in batches or windows is later. */
  latest(): number {
    let latest = Number.NEGATIVE_INFINITY;
    for (const level of levels) {
      const span = this.windows(level);
      if (span !== null) latest = Math.max(latest, (span.last + 1) * windowMs(level) - 1);
    }
    for (const { lastTs } of this.batches()) latest = Math.max(latest, lastTs);
    return latest;
  }

  private decode(
    body: Uint8Array,
    into: Columns,
    from: number,
    to: number,
    { row, firstTs, lastTs }: { row: string; firstTs: number; lastTs: number },
  ): boolean {
    const before = into.count;
    try {
      decodeChunks(body, into, from, to);
      return true;
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      into.count = before;
      if (this.damaged.length < damagedMax) this.damaged.push({ from: firstTs, to: lastTs + 1 });
      if (this.damagedRows.size < damagedMax) this.damagedRows.add(row);
      return false;
    }
  }

  private *batchesOf(series: number, from: number, to: number): Iterable<Batch> {
    const compacting = this.compacting();
    for (const batch of this.batches()) {
      if (compacting !== null && batch.id <= compacting.batch && series <= compacting.series) continue;
      if (batch.lastTs >= from && batch.firstTs < to) yield batch;
    }
  }

  private *windowsIn(level: Level, from: number, to: number): Iterable<number> {
    const span = this.windows(level);
    if (span === null) return;
    const last = Math.min(span.last, windowOf(level, to - 1));
    for (let window = Math.max(span.first, windowOf(level, from)); window <= last; window++) yield window;
  }

  private windows(level: Level): Windows | null {
    const { windows } = this.now();
    let span = windows.get(level);
    if (span === undefined) {
      span = this.findWindows(level);
      windows.set(level, span);
    }
    return span;
  }

  private findWindows(level: Level): Windows | null {
    const [begin, end] = [windowKey(level, 0), windowKey((level + 1) as Level, 0)];
    const first = this.firstKey.get(begin, end);
    if (first === undefined) return null;
    return { first: windowOfKey(first), last: windowOfKey(this.lastKey.get(begin, end) as number) };
  }

  private now() {
    if (this.moment === null) {
      const saved = this.readMeta.get('compacting');
      const compacting = saved === undefined ? null : (JSON.parse(String(saved)) as Compacting);
      this.moment = { batches: this.readBatches.all(batchesMax), compacting, windows: new Map() };
    }
    return this.moment;
  }
}

/** What of a row's readings lies in [from, to), were they spread evenly; its parameters are `to` and `from`. */
const share = 'count * (min(last_ts + 1, ?) - max(first_ts, ?)) * 1.0 / (last_ts + 1 - first_ts)';

const edge = (order: string) => `SELECT key FROM chunk WHERE key >= ? AND key < ? ORDER BY key ${order} LIMIT 1`;
