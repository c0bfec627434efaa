// Why there is nothing where there is nothing.
import type { HistoryGap } from '../contract/index.ts';
import type { Db } from './schema.ts';
import { type Span, union } from './spans.ts';

/** Rows looked at for one answer: more changes than that in a range cannot be shown one by one. */
const rowsMax = 10_000;

type Presence = { at: number; state: string };

export class Gaps {
  private readonly presenceIn;
  private readonly offlineSince;
  private readonly presenceAfter;
  private readonly downtimeIn;
  private readonly rejectedIn;

  constructor(db: Db) {
    this.presenceIn = db.prepare<[string, number, number], Presence>(
      `SELECT at, state FROM presence WHERE device = ? AND at >= ? AND at < ? ORDER BY at LIMIT ${rowsMax}`,
    );
    // Since when the device has been away: the first time that it was said after it was last there.
    this.offlineSince = db
      .prepare<[string, number, string, number], number>(
        `SELECT at FROM presence WHERE device = ? AND at < ? AND at > coalesce(
           (SELECT max(at) FROM presence WHERE device = ? AND at < ? AND state <> 'offline'), -1e300)
         ORDER BY at LIMIT 1`,
      )
      .pluck();
    this.presenceAfter = db.prepare<[string, number], Presence>(
      `SELECT at, state FROM presence WHERE device = ? AND at >= ? AND state <> 'offline' ORDER BY at LIMIT 1`,
    );
    this.downtimeIn = db.prepare<[number, number], Span>(
      `SELECT from_at AS "from", to_at AS "to" FROM downtime
       WHERE to_at > ? AND from_at < ? ORDER BY from_at LIMIT ${rowsMax}`,
    );
    this.rejectedIn = db.prepare<[string, number, number], Span>(
      `SELECT from_at AS "from", to_at AS "to" FROM rejected
       WHERE device = ? AND to_at > ? AND from_at < ? ORDER BY from_at LIMIT ${rowsMax}`,
    );
  }

  /**
   * Spans that touch [from, to) in which device or gateway was away or payloads were refused, whole, whether or not
   * readings lie in them. What has not ended yet ends at `now`.
   */
  spans(device: string, from: number, to: number, now: number): HistoryGap[] {
    const gaps: HistoryGap[] = [
      ...this.downtimeIn.all(from, to).map(span => ({ ...span, reason: 'gateway-down' as const })),
      ...this.offline(device, from, to, now).map(span => ({ ...span, reason: 'device-offline' as const })),
      ...this.rejectedIn.all(device, from, to).map(span => ({ ...span, reason: 'payload-rejected' as const })),
    ];
    return gaps.sort((a, b) => a.from - b.from);
  }

  private offline(device: string, from: number, to: number, now: number): Span[] {
    const spans: Span[] = [];
    let since = this.offlineSince.get(device, from, device, from) ?? null;
    for (const { at, state } of this.presenceIn.all(device, from, to)) {
      if (state === 'offline') since ??= at;
      else if (since !== null) {
        spans.push({ from: since, to: at });
        since = null;
      }
    }
    if (since !== null) spans.push({ from: since, to: this.presenceAfter.get(device, to)?.at ?? Math.max(now, to) });
    return union(spans);
  }
}
