// Spans of time, [from, to), in order and apart from each other: joining, taking away, widening to multiples.

export type Span = { from: number; to: number };

/** The spans as one list in order, those that touch joined. */
export function union(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last !== undefined && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else if (span.to > span.from) joined.push({ ...span });
  }
  return joined;
}

/** What of `spans` lies in none of `taken`; both in order. */
export function subtract(spans: readonly Span[], taken: readonly Span[]): Span[] {
  const left: Span[] = [];
  for (const { from, to } of spans) {
    let at = from;
    for (const hole of taken) {
      if (hole.to <= at) continue;
      if (hole.from >= to) break;
      if (hole.from > at) left.push({ from: at, to: hole.from });
      at = hole.to;
    }
    if (at < to) left.push({ from: at, to });
  }
  return left;
}

/** The span widened to multiples of `step`. */
export const widen = ({ from, to }: Span, step: number): Span => ({
  from: Math.floor(from / step) * step,
  to: Math.ceil(to / step) * step,
});

/** What of the spans lies in [from, to). */
export const clip = (spans: readonly Span[], from: number, to: number): Span[] =>
  spans
    .map(span => ({ from: Math.max(span.from, from), to: Math.min(span.to, to) }))
    .filter(span => span.to > span.from);
