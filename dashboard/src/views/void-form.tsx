// The form that voids a range of one metric. It stays beside the chart instead of above it, because the range is
// marked there.

import { text } from '../i18n/en.ts';
import { reasonLengthMax, type VoidForm } from '../model/void-form.ts';
import { Failure } from '../ui/failure.tsx';
import { localText } from '../ui/local-text.ts';
import { isUncertain } from './use-sending.ts';

type Props = {
  form: VoidForm;
  /** The chart can be marked with the pointer. */
  markable: boolean;
  /** The range is voided, or nobody knows whether it is. */
  changed(): void;
  close(done: boolean): void;
};

/** Says what is missing only once a reason was typed: an empty form is no mistake. */
export function VoidRangeForm({ form, markable, changed, close }: Props) {
  const problem = form.problem.value;
  const error = form.error.value;
  const uncertain = error !== null && isUncertain(error);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const done = await form.send();
    const failure = form.error.peek();
    if (done || (failure !== null && isUncertain(failure))) changed();
    if (done) close(true);
  };
  return (
    <form class="void-form" onSubmit={submit} aria-label={text.voids.open}>
      <p class="hint">{markable ? text.voids.hint : text.voids.hintStates}</p>
      <div class="void-range">
        <TimeField label={text.voids.from} at={form.from.value} input={at => (form.from.value = at)} />
        <TimeField label={text.voids.to} at={form.to.value} input={at => (form.to.value = at)} />
      </div>
      <label class="field">
        <span class="label">{text.voids.reason}</span>
        <input
          name="reason"
          value={form.reason.value}
          onInput={event => (form.reason.value = event.currentTarget.value)}
          placeholder={text.voids.reasonExample}
          maxLength={reasonLengthMax}
          required
        />
      </label>
      {problem !== null && problem !== 'reason' && (
        <p class="hint bad" role="alert">
          {text.voids.problem[problem]}
        </p>
      )}
      {error !== null && <Failure error={error} />}
      {uncertain && <p class="hint">{text.voids.uncertain}</p>}
      <div class="actions">
        <button type="button" class="button is-small" onClick={() => close(false)}>
          {text.cancel}
        </button>
        <button type="submit" class="button is-small is-primary" disabled={problem !== null || form.busy.value}>
          {form.busy.value ? text.voids.busy : text.voids.submit}
        </button>
      </div>
    </form>
  );
}

function TimeField({ label, at, input }: { label: string; at: number; input(at: number): void }) {
  return (
    <label class="field">
      <span class="label">{label}</span>
      <input
        type="datetime-local"
        step="1"
        value={localText(at)}
        onInput={event => input(new Date(event.currentTarget.value).getTime())}
        required
      />
    </label>
  );
}
