// The time by which readings grow old and windows close. It is the clock's, except after the clock jumped by more than a
// day: what went by a wrong time would not come back, so the time from before counts until the clock has run on for an
// hour without another jump ([STO-3]).
import { dayMs } from '../keys.ts';
import type { Db } from '../schema.ts';

const jumpMs = dayMs;
const agreesAfterMs = dayMs / 24;

export class TrustedTime {
  private trusted: number | null = null;
  /** The last look, and since when the clock has run without a jump, while it is doubted. */
  private looked = 0;
  private doubtedSince: number | null = null;
  private readonly lastAt;

  constructor(db: Db) {
    this.lastAt = db.prepare<[], number>('SELECT at FROM log ORDER BY offset DESC LIMIT 1').pluck();
  }

  /** The time to go by. `agreed`: somebody says that the clock is right. */
  at(now: number, agreed: boolean): number {
    if (this.trusted === null) {
      // A start is like a look after the last commit; the earlier of both lets go of less.
      this.looked = this.lastAt.get() ?? now;
      this.trusted = Math.min(now, this.looked);
    }
    if (Math.abs(now - this.looked) > jumpMs) this.doubtedSince = now;
    this.looked = now;
    const since = this.doubtedSince;
    if (since !== null && !agreed && Math.abs(now - since) < agreesAfterMs) return this.trusted;
    this.doubtedSince = null;
    this.trusted = now;
    return now;
  }
}
