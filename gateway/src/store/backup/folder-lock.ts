// The lock that a running gateway holds on its data folder, taken by whoever needs the folder without one.
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { StoreUnusable, unusable } from '../folder.ts';

/** Takes the lock of the data folder until `close` of what it returns. Throws StoreUnusable where a gateway has it. */
export function lockFolder(dir: string): { close(): void } {
  const lock = new Database(join(dir, 'lock'), { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw unusable(dir, error as Error);
    throw new StoreUnusable(`a gateway runs on the data folder ${dir}: stop it first (store.dir)`);
  }
  return lock;
}
