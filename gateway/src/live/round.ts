// One round of a channel: the rows that go out together, encoded once for all viewers that call their subscription the
// same and lack the same, which are nearly all.
import { limits } from '../contract/index.ts';

export type RoundRow = { series: number; offset: number; text: string };

/** What one subscription is sent of a round: whole frames, ready for any socket. */
export type Share = { series: number[]; frames: Buffer[] };

export class Round {
  /** Everything up to here went out before. */
  readonly base: number;
  /** With this round everything up to here went out. */
  readonly head: number;
  private readonly rows: readonly RoundRow[];
  private readonly shares = new Map<string, Share>();

  constructor(rows: readonly RoundRow[], base: number, head: number) {
    this.rows = rows;
    this.base = base;
    this.head = head;
  }

  /** Frames for the subscription of this name (as JSON) that has everything up to `after` already. */
  shareOf(nameJson: string, after: number): Share {
    if (after > this.base) return encodeShare(this.rowsAfter(after), nameJson, after, this.head);
    let share = this.shares.get(nameJson);
    if (share === undefined) {
      share = encodeShare(this.rows, nameJson, this.base, this.head);
      this.shares.set(nameJson, share);
    }
    return share;
  }

  /** The series of which something came after `after`. */
  seriesAfter(after: number): number[] {
    return this.rowsAfter(after).map(({ series }) => series);
  }

  private rowsAfter(after: number): readonly RoundRow[] {
    return after > this.base ? this.rows.filter(({ offset }) => offset > after) : this.rows;
  }
}

function encodeShare(rows: readonly RoundRow[], nameJson: string, before: number, head: number): Share {
  return { series: rows.map(({ series }) => series), frames: encodeData(nameJson, rows, before, head) };
}

/**
 * `data` frames of rows that belong together. The offset of a frame says that all up to it was sent, so only the last
 * has `head`; those before it say that more follows, so that a viewer can take all of them or none.
 */
export function encodeData(nameJson: string, rows: readonly RoundRow[], before: number, head: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let i = 0; i < rows.length; i += limits.rowsPerFrameMax) {
    const part = rows.slice(i, i + limits.rowsPerFrameMax);
    const texts = part.map(({ text }) => text).join(',');
    const isLast = i + part.length === rows.length;
    const end = isLast ? '' : ',"more":true';
    frames.push(
      Buffer.from(`{"t":"data","sub":${nameJson},"offset":${isLast ? head : before},"rows":[${texts}]${end}}`),
    );
  }
  return frames;
}

/** Rows cut into parts of about a frame, each of whole entries. */
export function* partsOf(rows: readonly RoundRow[]): Iterable<RoundRow[]> {
  let begin = 0;
  for (let end = 1; end <= rows.length; end++) {
    const isEntryEnd = end === rows.length || rows[end]?.offset !== rows[end - 1]?.offset;
    if (!isEntryEnd || (end < rows.length && end - begin < limits.rowsPerFrameMax)) continue;
    yield rows.slice(begin, end);
    begin = end;
  }
}
