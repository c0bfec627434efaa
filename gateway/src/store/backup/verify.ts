// Checks a backup whole: its checksum, SQLite's own structures, and every body in it, and counts what is there. Only
// reads, also from a medium that nobody can write to.
import { existsSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { StoreUnusable } from '../folder.ts';
import { type Db, schemaVersion } from '../schema.ts';
import { type ChecksumState, checkChecksum } from './checksum.ts';
import { Walk, type WalkCounts } from './walk.ts';

/** What is in a backup, and what is wrong with it; sound where `problems` is empty. */
export type VerifyReport = {
  bytes: number;
  checksum: ChecksumState;
  schema: number | null;
  epoch: string | null;
  counts: WalkCounts | null;
  problems: string[];
};

/** Problems that are told; a file that is damaged all over has one for each row. */
const problemsMax = 20;

/** The list of problems, cut where it gets long. */
class Problems {
  readonly list: string[] = [];
  private more = 0;

  add(sentence: string): void {
    if (this.list.length < problemsMax) this.list.push(sentence);
    else this.more++;
  }

  all(): string[] {
    return this.more === 0 ? this.list : [...this.list, `and ${this.more} more`];
  }
}

function openFile(file: string): Db {
  return new Database(file, { readonly: true, fileMustExist: true, timeout: 5_000 });
}

/** A set of tables that this program can walk, or the sentence that says why not. */
function readSchema(db: Db, report: VerifyReport): string | null {
  const known = db.prepare(`SELECT count(*) FROM sqlite_schema WHERE name IN ('meta', 'log', 'series')`).pluck().get();
  if (known !== 3) return 'it is a database, and not one of Telltale';
  report.schema = db.pragma('user_version', { simple: true }) as number;
  const epoch = db.prepare(`SELECT value FROM meta WHERE key = 'epoch'`).pluck().get();
  report.epoch = epoch === undefined ? null : String(epoch);
  if (report.schema > schemaVersion) {
    return `it has schema ${report.schema}, of a later version; this program knows schemas up to ${schemaVersion}`;
  }
  return null;
}

function checkDatabase(db: Db, report: VerifyReport, problems: Problems): void {
  const unknown = readSchema(db, report);
  if (unknown !== null) problems.add(unknown);
  db.pragma('cell_size_check = ON');
  const found = db.pragma(`integrity_check(${problemsMax})`) as { integrity_check: string }[];
  for (const { integrity_check: sentence } of found) {
    // SQLite's own account of a tree has lines of its own.
    if (sentence !== 'ok') problems.add(`SQLite finds: ${sentence.replaceAll('\n', '; ')}`);
  }
  if (unknown === null) report.counts = new Walk(db, sentence => problems.add(sentence)).run();
}

/** Checks and counts `file`. Throws StoreUnusable only where there is nothing to read. */
export function verifyFile(file: string): VerifyReport {
  if (!existsSync(file) || !statSync(file).isFile()) throw new StoreUnusable(`${file}: there is no such file`);
  const report: VerifyReport = {
    bytes: statSync(file).size,
    checksum: 'none',
    schema: null,
    epoch: null,
    counts: null,
    problems: [],
  };
  const problems = new Problems();
  let db: Db | null = null;
  try {
    report.checksum = checkChecksum(file);
    if (report.checksum === 'wrong') {
      problems.add('the checksum does not fit: bytes are damaged or missing, or were written since the backup');
    }
    db = openFile(file);
    checkDatabase(db, report, problems);
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    problems.add(`it cannot be read: ${message} (${code ?? 'no code'})`);
  } finally {
    db?.close();
  }
  report.problems = problems.all();
  return report;
}
