// The latest value of every metric of a device, and the metrics that it announced and never sent.
import type { Latest } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import type { Watch } from '../model/watch.ts';
import { NeverSeen } from '../ui/never-seen.tsx';
import { Reading } from '../ui/reading.tsx';

/** More than these are shown smaller, in more columns. */
const largeTilesMax = 12;

type Props = { id: string; watch: Watch; latest: Latest | null };

/** Tiles in the order of the metrics' names; those never seen, of which only `latest` knows, come last. */
export function DeviceValues({ id, watch, latest }: Props) {
  const entries = watch.device(id).value;
  const seen = new Set(entries.map(entry => entry.series.metric));
  const never = latest?.values.filter(({ freshness, metric }) => freshness === 'never' && !seen.has(metric)) ?? [];
  if (entries.length + never.length === 0) {
    return <p class="empty muted">{watch.settled.value ? text.device.noReadings : text.loading}</p>;
  }
  return (
    <>
      <div class={entries.length + never.length > largeTilesMax ? 'tiles is-dense' : 'tiles'}>
        {entries.map(entry => (
          <Reading key={entry.series.metric} entry={entry} settled={watch.settled} />
        ))}
        {never.map(({ metric }) => (
          <NeverSeen key={metric} metric={metric} />
        ))}
      </div>
      {watch.overflow.value > 0 && <p class="notice is-late">{text.device.overflow}</p>}
    </>
  );
}
