// Goes through every row that holds an encoded body, decodes it, and counts.

import type { Compacting } from '../archive.ts';
import { sealedKey, seriesOf, seriesOfSealed } from '../keys.ts';
import { type Db, entryKinds } from '../schema.ts';
import { checkChunks, checkJson, checkRollup, checkRun } from './bodies.ts';

/** What a database holds. Times are those of the readings' sources; null where there is none. */
export type WalkCounts = {
  /** Each once, but for those that were sealed more than once. */
  readings: number;
  series: number;
  devices: number;
  users: number;
  commands: number;
  entries: number;
  firstOffset: number | null;
  lastOffset: number | null;
  earliest: number | null;
  latest: number | null;
};

type PackedRow = { key: number; firstTs: number; lastTs: number; count: number; body: Uint8Array };
type LogRow = { offset: number; kind: number; body: Uint8Array };

/** Tables whose bodies are JSON, with the column that names a row. */
const jsonTables = [
  ['device', 'id'],
  ['command', 'id'],
  ['command_type', 'id'],
  ['command_group', 'id'],
  ['device_state', 'device'],
  ['state_change', 'id'],
  ['audit', 'id'],
  ['user', 'name'],
  ['credential', 'name'],
  ['void', 'id'],
  ['dead_letter', 'id'],
  ['mqtt_session', 'client'],
] as const;
const eventKinds = new Set<number>(Object.values(entryKinds).filter(kind => kind !== entryKinds.readings));
const keysPerBatch = sealedKey(1, 0);

export class Walk {
  private readonly db: Db;
  private readonly problem: (sentence: string) => void;
  private readonly tables: Set<unknown>;
  private readonly series: Set<unknown>;
  private readings = 0;
  private earliest = Number.POSITIVE_INFINITY;
  private latest = Number.NEGATIVE_INFINITY;

  constructor(db: Db, problem: (sentence: string) => void) {
    this.db = db;
    this.problem = problem;
    this.tables = new Set(db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all());
    this.series = new Set(db.prepare('SELECT id FROM series').pluck().all());
  }

  run(): WalkCounts {
    this.walkLog();
    this.walkPacked('sealed', this.isLeftOver());
    this.walkPacked('chunk', () => false);
    this.walkRollups();
    for (const [table, name] of jsonTables) this.walkJson(table, name);
    const offsets = this.db
      .prepare<[], { entries: number; firstOffset: number | null; lastOffset: number | null }>(
        'SELECT count(*) AS entries, min(offset) AS firstOffset, max(offset) AS lastOffset FROM log',
      )
      .get() ?? { entries: 0, firstOffset: null, lastOffset: null };
    const finite = (time: number) => (Number.isFinite(time) ? time : null);
    return {
      readings: this.readings,
      series: this.series.size,
      devices: this.count('device'),
      users: this.count('user'),
      commands: this.count('command'),
      ...offsets,
      earliest: finite(this.earliest),
      latest: finite(this.latest),
    };
  }

  private count(table: string): number {
    return this.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
  }

  private meta(key: string): unknown {
    return this.db.prepare('SELECT value FROM meta WHERE key = ?').pluck().get(key);
  }

  /** Runs one check, and makes what it throws a problem of the named row. */
  private check<Result>(row: string, work: () => Result): Result | null {
    try {
      return work();
    } catch (error) {
      this.problem(`${row}: ${(error as Error).message}`);
      return null;
    }
  }

  private span(first: number, last: number): void {
    this.earliest = Math.min(this.earliest, first);
    this.latest = Math.max(this.latest, last);
  }

  /** Offsets have no holes ([STO-1]), where nothing was sealed and taken out. What was sealed is counted there. */
  private walkLog(): void {
    const sealedThrough = Number(this.meta('sealed_through') ?? 0);
    let before: number | null = null;
    const rows = this.db.prepare<[], LogRow>('SELECT offset, kind, body FROM log ORDER BY offset');
    for (const { offset, kind, body } of rows.iterate()) {
      if (before !== null && offset > sealedThrough + 1 && offset !== before + 1) {
        this.problem(`the log has a hole between ${before} and ${offset}`);
      }
      before = offset;
      const row = `log entry ${offset}`;
      if (kind !== entryKinds.readings) {
        // What another version or a salvage wrote is passed over, as every reader of the log does.
        if (eventKinds.has(kind)) this.check(row, () => checkJson(body));
        continue;
      }
      const facts = this.check(row, () => checkRun(offset, body));
      if (facts === null) continue;
      if (offset > sealedThrough) this.readings += facts.count;
      if (facts.count > 0) this.span(facts.first, facts.last);
      for (const id of facts.series) if (!this.series.has(id)) this.problem(`${row}: there is no series ${id}`);
    }
  }

  /** True of the sealed rows that do not count: of no batch, or with readings that lie in windows by now. */
  private isLeftOver(): (key: number) => boolean {
    const saved = this.meta('compacting');
    const compacting =
      saved === undefined ? null : this.check('compaction', () => JSON.parse(String(saved)) as Compacting);
    const batches = this.tables.has('batch')
      ? new Set(this.db.prepare('SELECT id FROM batch').pluck().all())
      : new Set();
    return key => {
      const batch = Math.floor(key / keysPerBatch);
      if (!batches.has(batch)) return true;
      return compacting !== null && batch <= compacting.batch && seriesOfSealed(key) <= compacting.series;
    };
  }

  private walkPacked(table: 'sealed' | 'chunk', isCopy: (key: number) => boolean): void {
    if (!this.tables.has(table)) return;
    const rows = this.db.prepare<[], PackedRow>(
      `SELECT key, first_ts AS firstTs, last_ts AS lastTs, count, body FROM ${table} ORDER BY key`,
    );
    for (const { key, firstTs, lastTs, count, body } of rows.iterate()) {
      const row = `${table} ${key}`;
      const found = this.check(row, () => checkChunks(body));
      if (found === null) continue;
      if (found !== count) this.problem(`${row}: it says ${count} readings and has ${found}`);
      if (!isCopy(key)) this.readings += found;
      if (found > 0) this.span(firstTs, lastTs);
      const series = table === 'sealed' ? seriesOfSealed(key) : seriesOf(key);
      if (!this.series.has(series)) this.problem(`${row}: there is no series ${series}`);
    }
  }

  private walkRollups(): void {
    if (!this.tables.has('rollup')) return;
    const rows = this.db.prepare<[], { key: number; body: Uint8Array }>('SELECT key, body FROM rollup ORDER BY key');
    for (const { key, body } of rows.iterate()) this.check(`rollup ${key}`, () => checkRollup(key, body));
  }

  private walkJson(table: string, name: string): void {
    if (!this.tables.has(table)) return;
    const rows = this.db.prepare<[], { name: unknown; body: string }>(`SELECT ${name} AS name, body FROM ${table}`);
    for (const row of rows.iterate()) this.check(`${table} ${row.name}`, () => checkJson(row.body));
  }
}
