// One metric's chart: opens its feed, draws it at a calm pace, says when something is missing, and lets a range of it
// be voided.
import { useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import { LineView } from '../chart/line-view.tsx';
import { StateView } from '../chart/state-view.tsx';
import type { Series } from '../connection/index.ts';
import { type Feed, openFeed, type Range } from '../history/feed.ts';
import { text } from '../i18n/en.ts';
import { shownFreshness } from '../model/trust.ts';
import { createVoidForm, type VoidForm } from '../model/void-form.ts';
import type { Watch } from '../model/watch.ts';
import { useApp } from '../ui/app-context.ts';
import { Failure } from '../ui/failure.tsx';
import { useOpened } from '../ui/use-opened.ts';
import { VoidTools } from './void-tools.tsx';

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
  const [form, setForm] = useState<VoidForm | null>(null);
  const changed = () =>
    app.batcher(() => {
      version.value = version.peek() + 1;
    });
  const feed = useOpened(
    () =>
      openFeed(
        { device: id, metric: series.metric, type: series.type, cadenceMs, range },
        { api: app.api, connection: app.connection, clock: app.clock, gatewayNow: app.time.now, changed },
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
  const draft = form?.draft.value ?? null;
  const selected = (from: number, to: number) => {
    // While a range is being voided, marking one means that and not a closer look.
    if (form !== null) form.mark(from, to);
    else if (to - from >= selectionMsMin) choose({ kind: 'between', from: Math.round(from), to: Math.round(to) });
  };
  return (
    <figure class="card chart-card" data-chart={series.metric}>
      <figcaption>
        <b>{series.metric}</b>
        {series.unit !== null && <span class="unit">{series.unit}</span>}
        {range.kind === 'last' && shown !== 'live' && <span class={`tag is-${shown}`}>{text.freshness[shown]}</span>}
        {status.name === 'loading' && <span class="muted small">{text.loading}</span>}
      </figcaption>
      {status.name === 'failed' && <Failure error={status.error} retry={feed.reload} />}
      {feed.line === null ? (
        <StateView feed={feed} metric={series.metric} now={now} draft={draft} />
      ) : (
        <LineView
          feed={feed}
          metric={series.metric}
          unit={series.unit}
          version={drawn}
          now={range.kind === 'last' ? now : 0}
          live={range.kind === 'last' && shown === 'live'}
          draft={draft}
          selected={selected}
        />
      )}
      {isBare(feed) && <p class="chart-empty muted">{text.chart.empty}</p>}
      <VoidTools
        device={id}
        metric={series.metric}
        form={form}
        markable={feed.line !== null}
        open={() => setForm(createVoidForm({ device: id, metric: series.metric, ...feed.bounds() }, app.api))}
        close={() => setForm(null)}
        changed={feed.reload}
      />
    </figure>
  );
}

/** Nothing to draw, and no band that says why. */
function isBare(feed: Feed): boolean {
  return feed.line?.size() === 0 && feed.status().name === 'ready' && feed.absences().length === 0;
}
