// One metric's chart: opens its feed, draws it at a calm pace, and says when something is missing.
import { useSignal } from '@preact/signals';
import { LineView } from '../chart/line-view.tsx';
import { StateView } from '../chart/state-view.tsx';
import type { Series } from '../connection/index.ts';
import { openFeed, type Range } from '../history/feed.ts';
import { text } from '../i18n/en.ts';
import { shownFreshness } from '../model/trust.ts';
import type { Watch } from '../model/watch.ts';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { useOpened } from '../ui/use-opened.ts';

type Props = {
  id: string;
  series: Series;
  range: Range;
  cadenceMs: number | null;
  watch: Watch;
  choose(range: Range): void;
};

/** A stretch shorter than this is a slip of the pointer. */
const selectionMsMin = 1_000;

/** A new range opens a new feed. */
export function MetricChart({ id, series, range, cadenceMs, watch, choose }: Props) {
  const app = useApp();
  const version = useSignal(0);
  const changed = () =>
    app.batcher(() => {
      version.value = version.peek() + 1;
    });
  const feed = useOpened(
    () =>
      openFeed(
        { device: id, metric: series.metric, type: series.type, cadenceMs, range },
        { api: app.api, connection: app.connection, gatewayNow: app.time.now, changed },
      ),
    [id, series.metric, series.type, range],
  );
  if (feed === null) return <div class="card chart-card" />;

  const drawn = version.value;
  const now = app.time.ticking.value;
  const status = feed.status();
  const entry = watch.device(id).value.find(each => each.series.metric === series.metric);
  const shown = shownFreshness(
    entry?.latest.value.freshness ?? 'never',
    app.live.confirmed.value && watch.settled.value,
  );
  const size = (feed.line ?? feed.states)!.size();
  const selected = (from: number, to: number) => {
    if (to - from >= selectionMsMin) choose({ kind: 'between', from: Math.round(from), to: Math.round(to) });
  };
  return (
    <figure class="card chart-card" data-chart={series.metric}>
      <figcaption>
        <b>{series.metric}</b>
        {series.unit !== null && <span class="unit">{series.unit}</span>}
        {range.kind === 'last' && shown !== 'live' && <span class={`tag is-${shown}`}>{text.freshness[shown]}</span>}
        {status.name === 'loading' && <span class="muted small">{text.loading}</span>}
      </figcaption>
      {status.name === 'failed' && <Failure error={status.error} retry={feed.retry} />}
      {feed.line === null ? (
        <StateView feed={feed} metric={series.metric} now={now} />
      ) : (
        <LineView
          feed={feed}
          metric={series.metric}
          unit={series.unit}
          version={drawn}
          now={range.kind === 'last' ? now : 0}
          live={range.kind === 'last' && shown === 'live'}
          selected={selected}
        />
      )}
      {size === 0 && status.name === 'ready' && feed.line !== null && (
        <p class="chart-empty muted">{text.chart.empty}</p>
      )}
    </figure>
  );
}
