// Why there are no readings, in words: short for a label in the chart, whole for its readout and its summary.
import type { Absence } from '../history/absences.ts';
import { text } from '../i18n/en.ts';
import { formatSpan } from '../i18n/format.ts';

/** In a summary; the chart shows all of them. */
const namedMax = 3;

/** What fits into a band. */
export function absenceLabel(absence: Absence): string {
  return absence.kind === 'void' ? text.absence.voided : text.absence.reason[absence.reason];
}

/** Reason and time; of a void also who declared it. */
export function absenceWords(absence: Absence, now: number): string {
  const span = formatSpan(absence.from, absence.to, now);
  if (absence.kind === 'gap') return text.absence.gap(text.absence.reason[absence.reason], span);
  return text.absence.void(absence.void.by, absence.void.reason, span);
}

/** Sentences about those within the bounds, the newest first; nothing where there are none. */
export function absenceSentences(
  absences: readonly Absence[],
  bounds: { from: number; to: number },
  now: number,
): string {
  const within = absences.filter(each => each.to > bounds.from && each.from < bounds.to).reverse();
  const named = within.slice(0, namedMax).map(each => ` ${sentence(absenceWords(each, now))}`);
  const rest = within.length - named.length;
  return named.join('') + (rest > 0 ? ` ${text.absence.more(rest)}` : '');
}

function sentence(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
}
