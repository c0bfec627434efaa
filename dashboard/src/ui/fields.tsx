// The fields of the forms about people and devices: a line of text, a choice, several entries a line each, a scope.
import type { Role } from '@telltale/gateway/contract';
import type { InputHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import type { ScopeDraft, ScopeProblem } from '../model/scope-draft.ts';

type LineProps = {
  label: string;
  value: string;
  hint?: string;
  /** The hint is what is wrong. */
  bad?: boolean;
  input(value: string): void;
  type?: 'text' | 'password' | 'number';
  name?: string;
  required?: boolean;
  autocomplete?: 'off' | 'current-password' | 'new-password' | 'one-time-code';
  inputMode?: 'numeric';
  minLength?: number;
  maxLength?: number;
  min?: number;
  max?: number;
};

/** Names and secrets: nothing is capitalised or corrected. Hints describe the field, they are no part of its name. */
export function Line({ label, value, hint, bad = false, input, ...more }: LineProps) {
  const hintId = useId();
  // The types of Preact want to know which of the types of input it is; any of these takes all of the rest.
  const attributes = { autocapitalize: 'none', spellcheck: false, ...more } as InputHTMLAttributes;
  return (
    <div class="field">
      <label>
        <span class="label">{label}</span>
        <input
          {...attributes}
          value={value}
          aria-describedby={hintId}
          aria-invalid={bad}
          onInput={event => input(event.currentTarget.value)}
        />
      </label>
      {hint !== undefined && (
        <span id={hintId} class={bad ? 'hint bad' : 'hint'}>
          {hint}
        </span>
      )}
    </div>
  );
}

type ChoiceProps<Value extends string | number> = {
  label: string;
  value: Value;
  options: readonly (readonly [value: Value, words: string])[];
  hint?: string;
  choose(value: NoInfer<Value>): void;
};

/** One of a few. */
export function Choice<Value extends string | number>({ label, value, options, hint, choose }: ChoiceProps<Value>) {
  const hintId = useId();
  return (
    <div class="field">
      <label>
        <span class="label">{label}</span>
        <select
          value={String(value)}
          aria-describedby={hintId}
          onChange={event => choose(options[event.currentTarget.selectedIndex]![0])}
        >
          {options.map(([each, words]) => (
            <option key={each} value={String(each)}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {hint !== undefined && (
        <span id={hintId} class="hint">
          {hint}
        </span>
      )}
    </div>
  );
}

type LinesProps = { label: string; hint: string; value: string; rows?: number; input(value: string): void };

/** Several entries, one a line. */
export function Lines({ label, hint, value, rows = 3, input }: LinesProps) {
  const hintId = useId();
  return (
    <div class="field">
      <label>
        <span class="label">{label}</span>
        <textarea
          class="code"
          rows={rows}
          value={value}
          aria-describedby={hintId}
          onInput={event => input(event.currentTarget.value)}
          autocapitalize="none"
          spellcheck={false}
        />
      </label>
      <span id={hintId} class="hint">
        {hint}
      </span>
    </div>
  );
}

/** What keeps a list of entries from being sent. An empty list is no mistake yet. */
export function EntryProblem({ problem }: { problem: ScopeProblem | null }) {
  if (problem === null || problem.kind === 'nothing') return null;
  const words = problem.kind === 'entry' ? text.entries.entry(problem.entry) : text.entries.tooMany(problem.max);
  return (
    <p class="hint bad" role="alert">
      {words}
    </p>
  );
}

type ScopeProps = { draft: ScopeDraft; role: Role; all?: string; change(draft: ScopeDraft): void };

/** All devices, or some of them by patterns and tags. An administrator is never limited. */
export function ScopeFields({ draft, role, all = text.scope.all, change }: ScopeProps) {
  if (role === 'administrator') return <p class="hint">{text.scope.administrator}</p>;
  return (
    <fieldset class="scope">
      <legend class="label">{text.scope.legend}</legend>
      <div class="segments">
        <button type="button" aria-pressed={draft.all} onClick={() => change({ ...draft, all: true })}>
          {all}
        </button>
        <button type="button" aria-pressed={!draft.all} onClick={() => change({ ...draft, all: false })}>
          {text.scope.some}
        </button>
      </div>
      {!draft.all && (
        <div class="pair">
          <Lines
            label={text.scope.patterns}
            hint={text.scope.patternsHint}
            value={draft.devices}
            input={devices => change({ ...draft, devices })}
          />
          <Lines
            label={text.scope.tags}
            hint={text.scope.tagsHint}
            value={draft.tags}
            input={tags => change({ ...draft, tags })}
          />
        </div>
      )}
    </fieldset>
  );
}
