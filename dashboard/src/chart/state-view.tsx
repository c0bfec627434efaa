// A feed of states as a timeline of coloured stretches, with the latest changes in words below it. Where nothing is
// known, a band says why.
import type { Value } from '@telltale/gateway/contract';
import type { Absence } from '../history/absences.ts';
import type { Feed } from '../history/feed.ts';
import type { Stretch } from '../history/state-data.ts';
import { text } from '../i18n/en.ts';
import { formatDuration, formatTime, formatValue } from '../i18n/format.ts';
import { absenceLabel, absenceSentences, absenceWords } from './absence-words.ts';
import { timeLabels } from './axis-time.ts';
import type { Span } from './bands.ts';
import { summariseStates } from './summary.ts';

const widthUnits = 1_000;
const heightUnits = 28;
/** Colours that can be told apart; a further value shares the last. */
const coloursMax = 6;
/** Changes in words; the timeline has them all. */
const changesShown = 6;

type Props = { feed: Feed; metric: string; now: number; draft: Span | null };

/** The stretches of the range of `feed`, the newest change first in the list. */
export function StateView({ feed, metric, now, draft }: Props) {
  const { from, to } = feed.bounds();
  const absences = feed.absences().filter(each => each.to > from && each.from < to);
  const stretches = feed.states!.stretches(absences).filter(each => each.to >= from && each.from <= to);
  const values = [...new Set(stretches.map(each => each.value))];
  const at = (ts: number) => ((Math.min(to, Math.max(from, ts)) - from) / (to - from)) * widthUnits;
  const marks = [0, 0.25, 0.5, 0.75, 1].map(part => from + (to - from) * part);
  return (
    <div class="states">
      <div class="states-track">
        <svg
          viewBox={`0 0 ${widthUnits} ${heightUnits}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={summariseStates(metric, stretches, now) + absenceSentences(absences, { from, to }, now)}
        >
          <rect class="states-ground" width={widthUnits} height={heightUnits} />
          {stretches.map(each => (
            <rect
              key={each.from}
              class={colourOf(each.value, values)}
              x={at(each.from)}
              // A moment is drawn too: what lasted for one reading only must not vanish.
              width={Math.max(2, at(each.to) - at(each.from))}
              height={heightUnits}
            >
              <title>{`${formatValue(each.value)}, ${formatTime(each.from, now)} – ${formatTime(each.to, now)}`}</title>
            </rect>
          ))}
        </svg>
        {absences.map(each => (
          <Band key={`${each.kind}${each.from}`} absence={each} from={at(each.from)} to={at(each.to)} now={now} />
        ))}
        {draft !== null && draft.to > from && draft.from < to && (
          <div class="states-draft" style={placed(at(draft.from), at(draft.to))} />
        )}
      </div>
      <div class="states-axis" aria-hidden="true">
        {timeLabels(marks, (to - from) / 4).map((label, index) => (
          <span key={marks[index]}>{label}</span>
        ))}
      </div>
      <Changes stretches={stretches} values={values} now={now} />
    </div>
  );
}

/** In front of the timeline and not part of it: the timeline is stretched, and words and hatching are not. */
function Band({ absence, from, to, now }: { absence: Absence; from: number; to: number; now: number }) {
  return (
    <div
      class={absence.kind === 'void' ? 'states-band is-void' : 'states-band'}
      style={placed(from, to)}
      title={absenceWords(absence, now)}
      aria-hidden="true"
    >
      <span>{absenceLabel(absence)}</span>
    </div>
  );
}

const placed = (from: number, to: number) => ({
  left: `${(from / widthUnits) * 100}%`,
  width: `${((to - from) / widthUnits) * 100}%`,
});

function Changes({ stretches, values, now }: { stretches: readonly Stretch[]; values: readonly Value[]; now: number }) {
  if (stretches.length === 0) return <p class="muted small">{text.chart.empty}</p>;
  return (
    <ol class="changes">
      {stretches
        .slice(-changesShown)
        .reverse()
        .map(each => (
          <li key={each.from}>
            <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
              <rect class={colourOf(each.value, values)} width="10" height="10" rx="2" />
            </svg>
            <span class="changes-value">{formatValue(each.value)}</span>
            <time>{formatTime(each.from, now)}</time>
            <span class="muted">{text.chart.lasted(formatDuration(each.to - each.from))}</span>
          </li>
        ))}
    </ol>
  );
}

function colourOf(value: Value, values: readonly Value[]): string {
  if (typeof value === 'boolean') return value ? 'state-on' : 'state-off';
  return `state-${Math.min(values.indexOf(value), coloursMax - 1)}`;
}
