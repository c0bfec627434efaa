// One device in the list. It renders again only when its own values change.
import type { Device, ValueType } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { isSeen, type WatchedSeries } from '../model/latest-table.ts';
import type { Watch } from '../model/watch.ts';
import { Age } from '../ui/age.tsx';
import { Link } from '../ui/link.tsx';
import { PresenceMark } from '../ui/presence.tsx';
import { Reading } from '../ui/reading.tsx';

/** Values shown of each device; the device's own page has them all. */
const readingsShown = 4;
const order: Record<ValueType, number> = { number: 0, boolean: 1, string: 2 };

type Props = { device: Device; watch: Watch | null };

/** Name and presence lead to the device's page. */
export function FleetRow({ device, watch }: Props) {
  return (
    <li class="fleet-row" data-device={device.id}>
      <Link to={{ name: 'device', id: device.id }} class="fleet-name">
        <b>{device.name === '' ? device.id : device.name}</b>
        {device.name !== '' && device.name !== device.id && <span class="muted small">{device.id}</span>}
        {device.tags.length > 0 && <span class="muted small">{device.tags.join(' · ')}</span>}
      </Link>
      <PresenceMark presence={device.presence} />
      {watch === null ? <span /> : <Readings device={device} watch={watch} />}
    </li>
  );
}

function Readings({ device, watch }: { device: Device; watch: Watch }) {
  const entries = watch.device(device.id).value;
  if (entries.length === 0) {
    return (
      <p class="fleet-none muted">
        {watch.refused.value ?? (device.lastReadingAt === null ? text.fleet.noReadings : text.fleet.lastReading)}{' '}
        {device.lastReadingAt !== null && <Age at={device.lastReadingAt} />}
      </p>
    );
  }
  const shown = [...entries].sort(byImportance).slice(0, readingsShown);
  return (
    <div class="fleet-readings">
      {shown.map(entry => (
        <Reading key={entry.series.metric} entry={entry} settled={watch.settled} />
      ))}
      {entries.length > shown.length && (
        <span class="fleet-rest muted">{text.fleet.rest(entries.length - shown.length)}</span>
      )}
    </div>
  );
}

/** Numbers say most at a glance, words least, and what was never seen nothing. */
function byImportance(a: WatchedSeries, b: WatchedSeries): number {
  return rankOf(a) - rankOf(b);
}

function rankOf(entry: WatchedSeries): number {
  return isSeen(entry) ? order[entry.series.type] : 3;
}
