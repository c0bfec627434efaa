// Why a stretch of a series has no readings: gaps that the gateway gives a reason for, and ranges that somebody
// declared wrong. Held beside the readings, because an absence that lasts grows while nothing arrives.
import type { HistoryGap, HistoryReadings, Millis, Void } from '@telltale/gateway/contract';

export type Absence =
  | { kind: 'gap'; from: Millis; to: Millis; reason: HistoryGap['reason'] }
  | { kind: 'void'; from: Millis; to: Millis; void: Void };

export type Reasons = Pick<HistoryReadings, 'gaps' | 'voids'>;

export type Absences = {
  /** What the gateway said at `asOf` about everything from `from` on; it replaces what was held about that. */
  learn(reasons: Reasons, from: Millis, asOf: Millis): void;
  /** A reading came: where a gap was, a device may send later what it kept. With a reading inside it is no gap. */
  heard(ts: Millis): void;
  /** In the order of time. A gap that had not ended when it was told lasts until `now`, or until a reading came. */
  list(now: Millis, newest: Millis | null): Absence[];
  /** True where a reading of that time is left out of every answer. */
  isVoided(ts: Millis): boolean;
  /** Forgets what ended before `from`. */
  trim(from: Millis): void;
};

/** None are known yet. */
export function createAbsences(): Absences {
  let gaps: HistoryGap[] = [];
  let voids: Void[] = [];
  let toldAt = Number.NEGATIVE_INFINITY;

  return {
    learn(reasons, from, asOf) {
      // Charts ask somewhat beyond the present; that nothing came from there yet is no absence.
      const told = reasons.gaps.map(gap => ({ ...gap, to: Math.min(gap.to, asOf) }));
      const before = gaps.map(gap => ({ ...gap, to: Math.min(gap.to, from) }));
      gaps = joinGaps([...before, ...told]);
      voids = joinVoids(
        voids.filter(each => each.to <= from),
        reasons.voids,
      );
      toldAt = asOf;
    },
    heard(ts) {
      const inside = (gap: HistoryGap) => ts >= gap.from && ts < gap.to;
      if (gaps.some(inside)) gaps = gaps.filter(gap => !inside(gap));
    },
    list(now, newest) {
      const lasting = (gap: HistoryGap) => gap.to === toldAt && (newest === null || newest <= gap.to);
      return [
        ...gaps.map((gap): Absence => ({ kind: 'gap', ...gap, to: lasting(gap) ? Math.max(gap.to, now) : gap.to })),
        ...voids.map((each): Absence => ({ kind: 'void', from: each.from, to: each.to, void: each })),
      ].sort((a, b) => a.from - b.from);
    },
    isVoided: ts => isVoided(voids, ts),
    trim(from) {
      gaps = gaps.filter(gap => gap.to > from);
      voids = voids.filter(each => each.to > from);
    },
  };
}

/** In the order of time; what touches and has the same reason is one gap. */
export function joinGaps(gaps: readonly HistoryGap[]): HistoryGap[] {
  const joined: HistoryGap[] = [];
  for (const gap of [...gaps].sort((a, b) => a.from - b.from)) {
    if (gap.to <= gap.from) continue;
    const same = joined.findLast(each => each.reason === gap.reason);
    if (same !== undefined && gap.from <= same.to) same.to = Math.max(same.to, gap.to);
    else joined.push({ ...gap });
  }
  return joined;
}

/** Each once; where both lists have one, `later` is right. */
export function joinVoids(earlier: readonly Void[], later: readonly Void[]): Void[] {
  return [...new Map([...earlier, ...later].map(each => [each.id, each])).values()];
}

/** True where one of `voids` has `ts` in it. */
export function isVoided(voids: readonly Void[], ts: Millis): boolean {
  return voids.some(each => each.restored === null && ts >= each.from && ts < each.to);
}

/**
 * True where nothing is known of most of the time between two readings: no line leads from one to the other.
 * `absences` are in the order of time.
 */
export function isAbsent(absences: readonly Absence[], from: Millis, to: Millis): boolean {
  let absent = 0;
  let counted = from;
  for (const each of absences) {
    const start = Math.max(each.from, counted);
    const end = Math.min(each.to, to);
    if (end <= start) continue;
    absent += end - start;
    counted = end;
  }
  return absent > 0 && absent >= (to - from) / 2;
}

/** `ts`, or the nearer end of what covers it: a bucket may reach into an absence that its readings do not. */
export function outside(absences: readonly Absence[], ts: Millis): Millis {
  const covering = absences.find(each => ts > each.from && ts < each.to);
  if (covering === undefined) return ts;
  return ts - covering.from < covering.to - ts ? covering.from : covering.to;
}

/** What covers `at`; a void before a gap, because it is a person's word. */
export function absenceAt(absences: readonly Absence[], at: Millis): Absence | null {
  const covering = absences.filter(each => at >= each.from && at <= each.to);
  return covering.find(each => each.kind === 'void') ?? covering[0] ?? null;
}
