// Lines of the audit trail that have no commit of their own to be in: requests over REST, signing in and out. They are
// written in the background, so that no answer waits; what cannot be written is counted and not tried again.
import { auditEffect } from './audit-tables.ts';
import { type AuditNote, type Code, limits } from './contract/index.ts';
import type { Clock } from './lib/clock.ts';
import type { Store } from './store/index.ts';

type Refused = { device: string; key: string | null; from: string; code: Code };

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

  /**
   * A device that got no credential. Where neither the key nor the device is known, what stands for the device may be
   * anything, a key in the wrong place too, and is left out.
   */
  enrolmentRefused({ device, key, from, code }: Refused, isDevice: boolean): void {
    const named = key !== null || isDevice ? device : null;
    const line = { action: 'enrolment', what: 'refused', device: named, by: null, from, reason: null } as const;
    this.note({ ...line, subject: key, detail: { code } });
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
