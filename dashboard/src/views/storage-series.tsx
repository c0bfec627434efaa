// The series that take most of the space, largest first.
import type { SeriesStorage } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatBytes, formatCount, formatNumber } from '../i18n/format.ts';
import { Link } from '../ui/link.tsx';

type Props = { series: readonly SeriesStorage[]; more: boolean; among: number | null; showMore(): void };

/** Each leads to its device. */
export function StorageSeries({ series, more, among, showMore }: Props) {
  const { column } = text.storage;
  return (
    <section class="card storage-series" aria-labelledby="storage-series">
      <h2 id="storage-series">{text.storage.series}</h2>
      {series.length === 0 ? (
        <p class="muted">{text.storage.seriesNone}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{column.series}</th>
              <th scope="col">{column.readings}</th>
              <th scope="col" class="is-each">
                {column.each}
              </th>
              <th scope="col">{column.bytes}</th>
            </tr>
          </thead>
          <tbody>
            {series.map(each => (
              <Row key={`${each.device}\n${each.metric}`} of={each} />
            ))}
          </tbody>
        </table>
      )}
      {more && (
        <button type="button" class="button" onClick={showMore}>
          {text.fleet.more}
        </button>
      )}
      {among !== null && <p class="muted small">{text.storage.among(formatCount(among))}</p>}
    </section>
  );
}

function Row({ of: { device, metric, readings, bytes } }: { of: SeriesStorage }) {
  return (
    <tr>
      <th scope="row">
        <Link to={{ name: 'device', id: device }}>{device}</Link> <span>{metric}</span>
      </th>
      <td>{formatCount(readings)}</td>
      <td class="is-each">{readings === 0 ? text.dash : formatNumber(Math.round((bytes / readings) * 10) / 10)}</td>
      <td>{formatBytes(bytes)}</td>
    </tr>
  );
}
