// The data folder, and what is said where it cannot be used.
import { accessSync, closeSync, constants, fsyncSync, mkdirSync, openSync } from 'node:fs';

/** Why the data folder cannot be used, in a sentence for whoever runs the gateway. */
export class StoreUnusable extends Error {}

const unwritable: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it lies on a file system that is read-only',
};

/** Makes the folder where it is missing, and sees that it can be written. Throws StoreUnusable. */
export function prepareDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    accessSync(dir, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = unwritable[code ?? ''] ?? message;
    throw new StoreUnusable(`the data folder ${dir} cannot be used: ${reason} (store.dir)`);
  }
}

/** What SQLite's error means for whoever runs the gateway. */
export function unusable(dir: string, error: Error & { code?: string }): StoreUnusable {
  // The lock of schema and log is held by one gateway at a time.
  if (error.code === 'SQLITE_BUSY') {
    return new StoreUnusable(`the data folder ${dir} is in use by another gateway (store.dir)`);
  }
  // Its sentence says all.
  if (error.code === 'store_damaged') return new StoreUnusable(error.message);
  return new StoreUnusable(`the database in ${dir} cannot be opened: ${error.message} (${error.code ?? 'no code'})`);
}

/** Sees the names in a folder on disk. Windows does that by itself, and cannot open one. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
