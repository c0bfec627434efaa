// Writing a few rows beside a running gateway, from a command-line tool in a process of its own. SQLite's own lock
// keeps the two apart; the log is not touched, so that offsets stay the gateway's.
import { join } from 'node:path';
import { prepareDir, unusable } from './folder.ts';
import { type Db, fileName, openForWriting } from './schema.ts';
import { type Effect, effects } from './statements.ts';

function open(dir: string): Db {
  try {
    return openForWriting(join(dir, fileName), 'FULL');
  } catch (error) {
    throw unusable(dir, error as Error);
  }
}

/** Commits `list` to the database in `dir`, made where it is missing. */
export function writeBeside(dir: string, list: readonly Effect[]): void {
  prepareDir(dir);
  const db = open(dir);
  try {
    db.transaction(() => {
      for (const [name, ...params] of list) db.prepare(effects[name]).run(...params);
    }).immediate();
  } finally {
    db.close();
  }
}
