// Lines of the audit trail that have no commit of their own to be in: requests over REST, signing in and out. They are
// written in the background, so that no answer waits; what cannot be written is counted and not tried again.
import { auditEffect } from './audit-tables.ts';
import { type AuditNote, limits } from './contract/index.ts';
import type { Clock } from './lib/clock.ts';
import type { Store } from './store/index.ts';

export class AuditWriter {
  /** `lost`: lines that a full disk, or a store that has fallen behind, did not take. */
  readonly counters = { lines: 0, lost: 0 };
  private waiting = 0;
  private readonly clock: Pick<Clock, 'now'>;
  private readonly store: Pick<Store, 'write'>;

  constructor(clock: Pick<Clock, 'now'>, store: Pick<Store, 'write'>) {
    this.clock = clock;
    this.store = store;
  }

  /** Returns at once; the line is in the next commit. */
  note(line: AuditNote): void {
    if (this.waiting >= limits.auditLinesWaitingMax) {
      this.counters.lost++;
      return;
    }
    this.waiting++;
    this.store
      .write([auditEffect({ ...line, at: this.clock.now() })])
      .then(
        () => this.counters.lines++,
        () => this.counters.lost++,
      )
      .finally(() => this.waiting--);
  }
}
