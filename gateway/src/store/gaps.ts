// Why there is nothing where there is nothing.
import type { HistoryGap } from '../contract/index.ts';
import type { Db } from './schema.ts';
import { clip, type Span, union } from './spans.ts';

/** Rows looked at for one answer: more changes than that in a range cannot be shown one by one. */
const rowsMax = 10_000;

export class Gaps {
  private readonly presenceIn;
  private readonly presenceBefore;
  private readonly downtimeIn;
  private readonly rejectedIn;

  constructor(db: Db) {
    this.presenceIn = db.prepare<[string, number, number], { at: number; state: string }>(
      `SELECT at, state FROM presence WHERE device = ? AND at >= ? AND at < ? ORDER BY at LIMIT ${rowsMax}`,
    );
    this.presenceBefore = db
      .prepare<[string, number], string>(
        'SELECT state FROM presence WHERE device = ? AND at < ? ORDER BY at DESC LIMIT 1',
      )
      .pluck();
    this.downtimeIn = db.prepare<[number, number], Span>(
      `SELECT from_at AS "from", to_at AS "to" FROM downtime
       WHERE to_at > ? AND from_at < ? ORDER BY from_at LIMIT ${rowsMax}`,
    );
    this.rejectedIn = db.prepare<[string, number, number], Span>(
      `SELECT from_at AS "from", to_at AS "to" FROM rejected
       WHERE device = ? AND to_at > ? AND from_at < ? ORDER BY from_at LIMIT ${rowsMax}`,
    );
  }

  /** Spans of [from, to) in which device or gateway was away or payloads were refused, whether or not readings lie there. */
  spans(device: string, from: number, to: number): HistoryGap[] {
    const gaps: HistoryGap[] = [
      ...clip(this.downtimeIn.all(from, to), from, to).map(span => ({ ...span, reason: 'gateway-down' as const })),
      ...clip(this.offline(device, from, to), from, to).map(span => ({ ...span, reason: 'device-offline' as const })),
      ...clip(this.rejectedIn.all(device, from, to), from, to).map(span => ({
        ...span,
        reason: 'payload-rejected' as const,
      })),
    ];
    return gaps.sort((a, b) => a.from - b.from);
  }

  private offline(device: string, from: number, to: number): Span[] {
    const spans: Span[] = [];
    let since = this.presenceBefore.get(device, from) === 'offline' ? from : null;
    for (const { at, state } of this.presenceIn.all(device, from, to)) {
      if (state === 'offline') since ??= at;
      else if (since !== null) {
        spans.push({ from: since, to: at });
        since = null;
      }
    }
    if (since !== null) spans.push({ from: since, to });
    return union(spans);
  }
}
