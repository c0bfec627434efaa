// What is done about a damaged or missing database before it is opened ([STO-5]): nothing of it is ever deleted, and
// nothing begins empty without a word.
import { join } from 'node:path';
import { fileName } from '../schema.ts';
import { type Damage, examine } from './examine.ts';
import { finishRebuild, isFromLater, rebuild, removeIncomplete } from './rebuild.ts';
import { setAside, stampOf } from './set-aside.ts';

/** What was found. Where `newEpoch` is set, offsets from before mean nothing any more; `say` is for people. */
export type Found = { newEpoch: boolean; say: string | null };

/** The database is damaged and nothing was done about it: says what is wrong, where, and what can be done. */
export class StoreDamaged extends Error {
  readonly code = 'store_damaged';
}

/** Sees to it that the database in `dir` can be opened. The caller holds the lock. Throws StoreDamaged. */
export function prepareDatabase(dir: string, onDamage: 'salvage' | 'refuse', now: number): Found {
  const finished = finishRebuild(dir);
  if (finished !== null) return { newEpoch: true, say: `the database was damaged; ${finished}` };
  removeIncomplete(dir);
  const path = join(dir, fileName);
  const damage = examine(path);
  if (damage === null) return { newEpoch: false, say: null };
  if (damage.sound) return accept(dir, damage, now);
  if (onDamage === 'refuse') {
    throw new StoreDamaged(
      `${damage.say}; bring back a backup with telltale restore, or set store.onDamage: salvage to set the file aside ` +
        'and go on with what can be read of it',
    );
  }
  if (isFromLater(path)) {
    throw new StoreDamaged(
      `${damage.say}, and a later version wrote it: salvage it with that, or use telltale restore`,
    );
  }
  try {
    return { newEpoch: true, say: `${damage.say}; ${rebuild(dir, now)}` };
  } catch (error) {
    // Gives the room back: a full disk is what most likely stopped it. A complete file stays for the next start.
    removeIncomplete(dir);
    throw new StoreDamaged(`${damage.say}; it could not be salvaged: ${(error as Error).message}`, { cause: error });
  }
}

/** History went missing, but what there is can be used. */
function accept(dir: string, damage: Damage, now: number): Found {
  // Where the file itself is gone, SQLite would delete what is left of it.
  const folder = damage.kind === 'missing' ? setAside(dir, stampOf(now)) : null;
  const aside = folder === null ? '' : `; what was left of it was set aside in ${folder}`;
  return { newEpoch: true, say: `${damage.say}${aside}; a new epoch begins` };
}
