// Whether the files that are open are still the ones in the folder. Where a system lets a file be deleted while it is
// open, commits go on without an error into what is gone with the process.
import { statSync } from 'node:fs';

type Identity = { dev: bigint; ino: bigint } | undefined;

const identityOf = (path: string): Identity => statSync(path, { bigint: true, throwIfNoEntry: false });
const same = (one: Identity, other: Identity) => one?.ino === other?.ino && one?.dev === other?.dev;

/** What is no longer there. A file in the place of the database is somebody else's. */
export type Displaced = 'database deleted' | 'database replaced' | 'wal deleted';

export class FilesInPlace {
  private readonly path: string;
  private readonly database: Identity;
  private readonly wal: Identity;

  /** Remembers the files of the database at `path`, which is open. */
  constructor(path: string) {
    this.path = path;
    this.database = identityOf(path);
    this.wal = identityOf(`${path}-wal`);
  }

  /** What is not in its place any more, or null. Two questions to the system, some microseconds. */
  displaced(): Displaced | null {
    const now = identityOf(this.path);
    if (!same(now, this.database)) return now === undefined ? 'database deleted' : 'database replaced';
    return same(identityOf(`${this.path}-wal`), this.wal) ? null : 'wal deleted';
  }
}
