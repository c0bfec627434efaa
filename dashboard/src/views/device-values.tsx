// The latest value of every metric of a device; of one that was announced and never sent, that it was not.
import { text } from '../i18n/en.ts';
import type { Watch } from '../model/watch.ts';
import { Reading } from '../ui/reading.tsx';

/** More than these are shown smaller, in more columns. */
const largeTilesMax = 12;

/** Tiles in the order of the metrics' names. */
export function DeviceValues({ id, watch }: { id: string; watch: Watch }) {
  const entries = watch.device(id).value;
  if (entries.length === 0) {
    return <p class="empty muted">{watch.settled.value ? text.device.noReadings : text.loading}</p>;
  }
  return (
    <>
      <div class={entries.length > largeTilesMax ? 'tiles is-dense' : 'tiles'}>
        {entries.map(entry => (
          <Reading key={entry.series.metric} entry={entry} settled={watch.settled} />
        ))}
      </div>
      {watch.overflow.value > 0 && <p class="notice is-late">{text.device.overflow}</p>}
    </>
  );
}
