// What the store is measured against: one table in SQLite, clustered by series and time, as durable as the store.
import { join } from 'node:path';
import Database from 'better-sqlite3';

export class Clustered {
  readonly db: Database.Database;
  private readonly insert: Database.Statement<[number, number, number]>;

  constructor(dir: string) {
    this.db = new Database(join(dir, 'clustered.db'));
    this.db.pragma('journal_mode = WAL');
    this.db.pragma('synchronous = FULL');
    this.db.exec(
      'CREATE TABLE IF NOT EXISTS reading (series INTEGER, ts INTEGER, value REAL, PRIMARY KEY (series, ts)) WITHOUT ROWID',
    );
    this.insert = this.db.prepare('INSERT INTO reading (series, ts, value) VALUES (?, ?, ?)');
  }

  begin(): void {
    this.db.exec('BEGIN IMMEDIATE');
  }

  add(series: number, ts: number, value: number | boolean): void {
    this.insert.run(series, ts, Number(value));
  }

  commit(): void {
    this.db.exec('COMMIT');
  }

  close(): void {
    this.db.close();
  }
}
