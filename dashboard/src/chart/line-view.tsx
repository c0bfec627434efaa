// A feed of numbers as a line chart with its readout.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Feed } from '../history/feed.ts';
import { text } from '../i18n/en.ts';
import { formatNumber, formatTime } from '../i18n/format.ts';
import { absenceSentences, absenceWords } from './absence-words.ts';
import type { Span } from './bands.ts';
import { createLineChart, type Hover, type HoverPoint, type LineChart } from './line-chart.ts';
import { summariseLine } from './summary.ts';

type Props = {
  feed: Feed;
  metric: string;
  unit: string | null;
  /** Grows when there is something new to draw. */
  version: number;
  now: number;
  /** The newest reading is confirmed as live. */
  live: boolean;
  /** What somebody is about to void. */
  draft: Span | null;
  selected(from: number, to: number): void;
};

/** Draws again whenever `version` or the second changes. */
export function LineView({ feed, metric, unit, version, now, live, draft, selected }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<LineChart | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const select = useRef(selected);
  select.current = selected;

  useEffect(() => {
    const made = createLineChart(host.current!, {
      syncKey: 'device',
      hover: setHover,
      selected: (from, to) => select.current(from, to),
    });
    chart.current = made;
    return () => {
      chart.current = null;
      made.destroy();
    };
  }, []);

  const absences = feed.absences();
  const columns = feed.line!.columns(absences);
  const bounds = feed.bounds();
  useEffect(
    () => chart.current?.draw({ columns, absences, draft, bounds, live }),
    [feed, version, now, live, draft?.from, draft?.to],
  );

  const step = (event: KeyboardEvent) => {
    const points = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20 }[event.key];
    if (points === undefined) return;
    event.preventDefault();
    chart.current?.step(points);
  };

  return (
    <div class="chart">
      <Readout hover={hover} unit={unit} now={now} />
      <div
        class="chart-plot"
        ref={host}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the cursor of the chart
        tabIndex={0}
        role="img"
        onKeyDown={step}
        aria-label={summariseLine(metric, unit, columns, now) + absenceSentences(absences, bounds, now)}
      />
    </div>
  );
}

function Readout({ hover, unit, now }: { hover: Hover | null; unit: string | null; now: number }) {
  if (hover === null) return <p class="chart-readout" aria-hidden="true" />;
  return (
    <p class="chart-readout">
      {hover.absence !== null && <span class="chart-why">{absenceWords(hover.absence, now)}</span>}
      {hover.point !== null && <PointReadout point={hover.point} unit={unit} now={now} />}
    </p>
  );
}

function PointReadout({ point, unit, now }: { point: HoverPoint; unit: string | null; now: number }) {
  return (
    <>
      <b>
        {formatNumber(point.value)}
        {unit !== null && <span class="unit"> {unit}</span>}
      </b>
      {point.high > point.low && <span>{text.chart.spread(formatNumber(point.low), formatNumber(point.high))}</span>}
      <time>{formatTime(point.ts, now)}</time>
    </>
  );
}
