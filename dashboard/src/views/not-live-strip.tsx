// The strip under the top bar while nothing on the screen is confirmed: since when, and why.
import { useSignal } from '@preact/signals';
import { closeCodes } from '@telltale/gateway/contract';
import { useEffect } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { formatTime } from '../i18n/format.ts';
import { useApp } from '../ui/app-context.ts';
import { Icon } from '../ui/icons.tsx';

/** A first connection takes a moment; only past this is its absence worth a strip. */
const graceMs = 1_500;

/** Nothing while the page is live, and what it shows is stored. */
export function NotLiveStrip() {
  const { live, clock } = useApp();
  const late = useSignal(false);
  const confirmed = live.confirmed.value;
  const last = live.lastConfirmedAt.value;
  useEffect(() => {
    late.value = false;
    return confirmed ? undefined : clock.after(graceMs, () => (late.value = true));
  }, [confirmed, clock, late]);
  // The values themselves turn at once; the strip waits, so that the page does not jump at every short break.
  if (confirmed && !live.storing.value) {
    return (
      <div class="strip" role="status">
        <Icon name="unplugged" />
        <p>
          <b>{text.strip.notStoring}</b> {text.strip.notStoringWhy}
        </p>
      </div>
    );
  }
  if (confirmed || !late.value) return null;
  const state = live.state.value;
  const why =
    state.name === 'stopped' ? (closeCodes as Record<number, { means: string }>)[state.code]?.means : undefined;
  return (
    <div class="strip" role="status">
      <Icon name="unplugged" />
      <p>
        <b>{text.strip.title}</b> {last === null ? text.strip.never : text.strip.since(formatTime(last, clock.now()))}
        {why !== undefined && ` ${text.strip.stopped(why)}`}
      </p>
    </div>
  );
}
