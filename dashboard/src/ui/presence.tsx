// Whether a device is connected: a dot whose form differs as well as its colour, and the word.
import type { Presence } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatDuration, formatFull } from '../i18n/format.ts';
import { useApp } from './app-context.ts';

/** With `since`, also how long it has been so and why. */
export function PresenceMark({ presence, since = false }: { presence: Presence; since?: boolean }) {
  const { live, time } = useApp();
  const known = live.confirmed.value;
  return (
    <span class={`presence is-${presence.state}${known ? '' : ' is-unconfirmed'}`}>
      <svg viewBox="0 0 10 10" aria-hidden="true">
        <circle cx="5" cy="5" r="3.7" />
      </svg>
      <span>{known ? text.presence[presence.state] : text.presence.was[presence.state]}</span>
      {since && known && presence.since !== null && (
        <span class="muted" title={formatFull(presence.since)}>
          {text.presence.lasts(formatDuration(time.ticking.value - presence.since))}
          {presence.cause !== null && ` (${text.presence.cause[presence.cause]})`}
        </span>
      )}
    </span>
  );
}
