// The charts of a device: which metrics, which range, and a feed for each.

import type { Latest } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import type { Series } from '../connection/index.ts';
import type { Range } from '../history/feed.ts';
import { text } from '../i18n/en.ts';
import type { Watch } from '../model/watch.ts';
import { MetricChart } from './metric-chart.tsx';
import { RangePicker } from './range-picker.tsx';

/** Charts shown to begin with. */
const chartsAtFirst = 6;
/** Charts at a time: each is a subscription and a canvas that is drawn every second. */
const chartsMax = 16;
/** Short enough that a device that has just come to life fills it soon. */
const rangeMsAtFirst = 15 * 60_000;

type Props = { id: string; series: readonly Series[]; latest: Latest | null; watch: Watch };

/** Waits for `latest`, which says how often each metric comes and so how its history is best fetched. */
export function DeviceCharts({ id, series, latest, watch }: Props) {
  const [range, setRange] = useState<Range>({ kind: 'last', ms: rangeMsAtFirst });
  const [chosen, setChosen] = useState<readonly string[] | null>(null);
  if (series.length === 0 || latest === null) return null;
  const shown = chosen ?? series.slice(0, chartsAtFirst).map(each => each.metric);
  const toggle = (metric: string) =>
    setChosen(shown.includes(metric) ? shown.filter(each => each !== metric) : [...shown, metric].slice(-chartsMax));
  return (
    <>
      <div class="charts-head">
        <h2>{text.device.charts}</h2>
        <RangePicker range={range} choose={setRange} />
      </div>
      {series.length > chartsAtFirst && (
        <fieldset class="chips">
          <legend class="hidden">{text.device.chooseCharts}</legend>
          {series.map(({ metric }) => (
            <button
              key={metric}
              type="button"
              class="chip"
              aria-pressed={shown.includes(metric)}
              onClick={() => toggle(metric)}
            >
              {metric}
            </button>
          ))}
        </fieldset>
      )}
      <div class="charts">
        {series
          .filter(each => shown.includes(each.metric))
          .map(each => (
            <MetricChart
              key={each.metric}
              id={id}
              series={each}
              range={range}
              cadenceMs={latest.values.find(value => value.metric === each.metric)?.cadenceMs ?? null}
              watch={watch}
              choose={setRange}
            />
          ))}
      </div>
    </>
  );
}
