// Saves what only the open files still hold, after their names were taken away while the gateway ran ([STO-5]). All that
// was ever committed can be read through them until the process ends.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from '../folder.ts';
import { type Db, fileName } from '../schema.ts';
import type { Displaced } from './in-place.ts';
import { putBack } from './rebuild.ts';
import { asideFolder, setAside, stampOf } from './set-aside.ts';

/** Saves all of the open database `db` in `dir`; returns what was done, for people. Throws where there is no room. */
export function rescue(db: Db, dir: string, displaced: Displaced, now: number): string {
  if (displaced === 'wal deleted') return keepWal(db);
  const stamp = stampOf(now);
  const copy = (path: string) => {
    db.prepare('VACUUM INTO ?').run(path);
    const file = openSync(path, 'r+');
    fsyncSync(file);
    closeSync(file);
  };
  if (displaced === 'database deleted') {
    putBack(dir, stamp, copy, `${fileName} was deleted while the gateway ran, and all of it was saved`);
    return 'all of it was saved, and is put in its place with the next start';
  }
  // Whoever put another file there wants that one. Our write-ahead log would be applied to it.
  const folder = asideFolder(dir, `${stamp}-replaced`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  copy(join(folder, fileName));
  const foreign = join(dir, `${fileName}.put-there`);
  renameSync(join(dir, fileName), foreign);
  setAside(dir, stamp);
  renameSync(foreign, join(dir, fileName));
  syncFolder(dir);
  return `all of it was saved in ${folder}, and the file that was put there is used with the next start`;
}

/** The database itself is there: what the deleted log holds is brought into it. */
function keepWal(db: Db): string {
  const [done] = db.pragma('wal_checkpoint(FULL)') as { busy: number }[];
  if (done?.busy !== 0)
    throw new Error('somebody reads, so that the write-ahead log could not be brought into the file');
  return 'what it held was brought into the database';
}
