// The time range of the charts: the last so long, or from one time to another.
import { useState } from 'preact/hooks';
import type { Range } from '../history/feed.ts';
import { text } from '../i18n/en.ts';
import { localText } from '../ui/local-text.ts';

const minute = 60_000;
const presets = [15 * minute, 60 * minute, 360 * minute, 1_440 * minute, 10_080 * minute] as const;

type Props = { range: Range; choose(range: Range): void };

/** The presets follow the present; a custom range stands still. */
export function RangePicker({ range, choose }: Props) {
  const [open, setOpen] = useState(false);
  const custom = range.kind === 'between';
  return (
    <div class="range">
      <fieldset class="segments">
        <legend class="hidden">{text.range.label}</legend>
        {presets.map(ms => (
          <button
            key={ms}
            type="button"
            aria-pressed={range.kind === 'last' && range.ms === ms}
            onClick={() => {
              setOpen(false);
              choose({ kind: 'last', ms });
            }}
          >
            {text.range.preset(ms / minute)}
          </button>
        ))}
        <button type="button" aria-pressed={custom} aria-expanded={open || custom} onClick={() => setOpen(!open)}>
          {text.range.custom}
        </button>
      </fieldset>
      {(open || custom) && <Custom key={JSON.stringify(range)} range={range} choose={choose} />}
    </div>
  );
}

function Custom({ range, choose }: Props) {
  const now = Date.now();
  const [from, setFrom] = useState(localText(range.kind === 'between' ? range.from : now - range.ms));
  const [to, setTo] = useState(localText(range.kind === 'between' ? range.to : now));
  const fromMs = new Date(from).getTime();
  const toMs = new Date(to).getTime();
  const valid = fromMs < toMs;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (valid) choose({ kind: 'between', from: fromMs, to: toMs });
  };
  return (
    <form class="range-custom" onSubmit={submit}>
      <label>
        <span class="label">{text.range.from}</span>
        <input
          type="datetime-local"
          step="1"
          value={from}
          onInput={event => setFrom(event.currentTarget.value)}
          required
        />
      </label>
      <label>
        <span class="label">{text.range.to}</span>
        <input type="datetime-local" step="1" value={to} onInput={event => setTo(event.currentTarget.value)} required />
      </label>
      <button type="submit" class="button" disabled={!valid}>
        {text.range.show}
      </button>
    </form>
  );
}
