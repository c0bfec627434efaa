// What a chart shows, in a sentence, for those who do not see it.
import type { LineColumns } from '../history/line-data.ts';
import type { Stretch } from '../history/state-data.ts';
import { text } from '../i18n/en.ts';
import { formatNumber, formatTime, formatValue } from '../i18n/format.ts';

/** Lowest, highest and last value, and how many breaks there are. */
export function summariseLine(metric: string, unit: string | null, columns: LineColumns, now: number): string {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let breaks = 0;
  for (let index = 0; index < columns.times.length; index += 1) {
    const value = columns.values[index];
    if (value === null || value === undefined) breaks += 1;
    low = Math.min(low, columns.lows[index] ?? low);
    high = Math.max(high, columns.highs[index] ?? high);
  }
  const last = columns.values.at(-1);
  if (last === undefined || last === null) return text.chart.emptySummary(metric);
  const withUnit = (value: number) => (unit === null ? formatNumber(value) : `${formatNumber(value)} ${unit}`);
  return text.chart.summary({
    metric,
    low: withUnit(low),
    high: withUnit(high),
    last: withUnit(last),
    at: formatTime(columns.times.at(-1)!, now),
    breaks,
  });
}

/** The last state, since when, and how many changes there were. */
export function summariseStates(metric: string, stretches: readonly Stretch[], now: number): string {
  const last = stretches.at(-1);
  if (last === undefined) return text.chart.emptySummary(metric);
  const changes = stretches.filter((each, index) => index > 0 && stretches[index - 1]!.value !== each.value).length;
  return text.chart.stateSummary(metric, formatValue(last.value), formatTime(last.to, now), changes);
}
