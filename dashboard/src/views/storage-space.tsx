// The bytes of the database by part: one stacked bar, and the same as numbers.
import type { Storage } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatBytes, formatShare } from '../i18n/format.ts';
import { bytesTotal, spaceParts } from './storage-words.ts';

/** The list says everything that the bar shows. */
export function StorageSpace({ storage }: { storage: Storage }) {
  const parts = spaceParts(storage);
  const total = formatBytes(bytesTotal(storage));
  return (
    <section class="card storage-space" aria-labelledby="storage-space">
      <div class="storage-head">
        <h2 id="storage-space">{text.storage.space}</h2>
        <span class="muted">{text.storage.total(total)}</span>
      </div>
      <div class="stack" role="img" aria-label={text.storage.barLabel(total)}>
        {parts.map(each => (
          <span
            key={each.name}
            class={`stack-part is-${each.name}`}
            style={{ flexGrow: each.share }}
            title={`${text.storage.part[each.name]}: ${formatBytes(each.bytes)}`}
          />
        ))}
      </div>
      <ul class="stack-key">
        {parts.map(each => (
          <li key={each.name} data-part={each.name}>
            <span class={`stack-swatch is-${each.name}`} aria-hidden="true" />
            <span>{text.storage.part[each.name]}</span>
            <b>{formatBytes(each.bytes)}</b>
            <span class="muted">{formatShare(each.share)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
