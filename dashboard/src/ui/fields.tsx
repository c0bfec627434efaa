// The fields of forms: a line of text, a choice, several entries a line each, yes or no, and a scope.
import type { Role } from '@telltale/gateway/contract';
import type { ComponentChildren, InputHTMLAttributes } from 'preact';
import { useId } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import type { ScopeDraft, ScopeProblem } from '../model/scope-draft.ts';

type FieldProps = {
  label: string;
  hint?: string | undefined;
  /** What is wrong with what is in it. */
  problem?: string | undefined;
};
type Described = { id: string; 'aria-describedby': string; 'aria-invalid': boolean };

/** Hint and problem describe a field, they are no part of its name. */
function Field({
  label,
  hint,
  problem,
  bad = false,
  children,
}: FieldProps & { bad?: boolean; children(described: Described): ComponentChildren }) {
  const id = useId();
  return (
    <div class="field">
      <label class="label" for={id}>
        {label}
      </label>
      {children({ id, 'aria-describedby': `${id}-more`, 'aria-invalid': bad || problem !== undefined })}
      <span id={`${id}-more`}>
        {hint !== undefined && <span class={bad ? 'hint bad' : 'hint'}>{hint}</span>}
        {problem !== undefined && <span class="hint bad">{problem}</span>}
      </span>
    </div>
  );
}

type LineProps = FieldProps & {
  value: string;
  /** The hint is what is wrong. */
  bad?: boolean;
  input(value: string): void;
  type?: 'text' | 'password' | 'number' | 'datetime-local';
  name?: string;
  placeholder?: string;
  required?: boolean;
  readOnly?: boolean;
  autocomplete?: 'off' | 'current-password' | 'new-password' | 'one-time-code';
  inputMode?: 'numeric' | 'decimal';
  minLength?: number;
  maxLength?: number;
  min?: number;
  max?: number;
};

/** Names and secrets: nothing is capitalised or corrected. */
export function Line({ label, value, hint, problem, bad = false, input, ...more }: LineProps) {
  // The types of Preact want to know which of the types of input it is; any of these takes all of the rest.
  const attributes = { autocapitalize: 'none', spellcheck: false, ...more } as InputHTMLAttributes;
  return (
    <Field label={label} hint={hint} problem={problem} bad={bad}>
      {described => (
        <input {...attributes} {...described} value={value} onInput={event => input(event.currentTarget.value)} />
      )}
    </Field>
  );
}

type ChoiceProps<Value extends string | number> = FieldProps & {
  value: Value;
  options: readonly (readonly [value: Value, words: string])[];
  choose(value: NoInfer<Value>): void;
};

/** One of a few. */
export function Choice<Value extends string | number>(props: ChoiceProps<Value>) {
  const { label, value, options, hint, problem, choose } = props;
  return (
    <Field label={label} hint={hint} problem={problem}>
      {described => (
        <select
          {...described}
          value={String(value)}
          onChange={event => choose(options[event.currentTarget.selectedIndex]![0])}
        >
          {options.map(([each, words]) => (
            <option key={each} value={String(each)}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

type LinesProps = FieldProps & { value: string; rows?: number; input(value: string): void };

/** Several entries, one a line; or any text that is read by a program. */
export function Lines({ label, hint, problem, value, rows = 3, input }: LinesProps) {
  return (
    <Field label={label} hint={hint} problem={problem}>
      {described => (
        <textarea
          {...described}
          class="code"
          rows={rows}
          value={value}
          onInput={event => input(event.currentTarget.value)}
          autocapitalize="none"
          spellcheck={false}
        />
      )}
    </Field>
  );
}

type CheckProps = FieldProps & { checked: boolean; change(checked: boolean): void };

/** Yes or no. */
export function Check({ label, hint, problem, checked, change }: CheckProps) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={event => change(event.currentTarget.checked)} />
      <span>
        {label}
        {hint !== undefined && <span class="hint">{hint}</span>}
        {problem !== undefined && <span class="hint bad">{problem}</span>}
      </span>
    </label>
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
