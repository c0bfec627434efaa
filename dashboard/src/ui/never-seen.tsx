// A metric that its device announced and never sent: its name, and that there is nothing to show.
import { text } from '../i18n/en.ts';

/** Stands among the readings, so that what is missing is seen to be missing. */
export function NeverSeen({ metric }: { metric: string }) {
  return (
    <div class="reading is-never" data-metric={metric} data-freshness="never">
      <span class="reading-name" title={metric}>
        {metric}
      </span>
      <span class="reading-value">
        <span class="reading-number">{text.dash}</span>
      </span>
      <span class="reading-age">
        <span class="reading-word">{text.freshness.never}</span>
      </span>
    </div>
  );
}
