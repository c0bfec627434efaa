// A value as it may be shown: with its unit, its age, and how far it can be trusted, in words and signs and not in
// colour alone.
import type { ReadonlySignal } from '@preact/signals';
import { text } from '../i18n/en.ts';
import { formatValue } from '../i18n/format.ts';
import type { WatchedSeries } from '../model/latest-table.ts';
import { type ShownFreshness, shownFreshness } from '../model/trust.ts';
import { Age } from './age.tsx';
import { useApp } from './app-context.ts';
import { Icon, type IconName } from './icons.tsx';

const signs: Record<ShownFreshness, IconName | null> = {
  live: null,
  late: 'clock',
  stale: 'stale',
  never: null,
  unconfirmed: 'unplugged',
};

/** One series: its name, value and age. `settled` says whether its watch holds what the gateway holds. */
export function Reading({ entry, settled }: { entry: WatchedSeries; settled: ReadonlySignal<boolean> }) {
  const { live } = useApp();
  const { metric, unit } = entry.series;
  const { ts, value, freshness } = entry.latest.value;
  const shown = shownFreshness(freshness, live.confirmed.value && settled.value);
  const isSeen = ts !== null && shown !== 'never';
  return (
    <div class={`reading is-${shown}`} data-metric={metric} data-freshness={shown}>
      <span class="reading-name" title={metric}>
        {metric}
      </span>
      <span class="reading-value">
        {!isSeen ? (
          <span class="reading-number">{text.dash}</span>
        ) : (
          <>
            <span
              class={typeof value === 'string' ? 'reading-number reading-text' : 'reading-number'}
              title={String(value)}
            >
              {formatValue(value)}
            </span>
            {unit !== null && <span class="unit">{unit}</span>}
          </>
        )}
      </span>
      <span class="reading-age">
        {signs[shown] !== null && <Icon name={signs[shown]} />}
        {text.freshness[shown] !== '' && <span class="reading-word">{text.freshness[shown]}</span>}
        {text.freshness[shown] !== '' && isSeen && <span aria-hidden="true">·</span>}
        {isSeen && <Age at={ts} />}
      </span>
    </div>
  );
}
