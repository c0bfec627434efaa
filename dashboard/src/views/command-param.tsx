// One parameter of a command as a field: a number with its unit and limits, a switch, a choice, text, or JSON.
import { useId } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import type { ParamField } from '../model/command-fields.ts';
import { hintOf } from './command-words.ts';

type Props = {
  field: ParamField;
  value: string;
  /** What is typed cannot be sent as it is. */
  wrong: boolean;
  /** What the gateway said about it. */
  problem: string | undefined;
  input(value: string): void;
};

/** Hint and problem describe the field, they are no part of its name. */
export function CommandParam({ field, value, wrong, problem, input }: Props) {
  const hintId = useId();
  const hint = hintOf(field);
  const control = { id: `${hintId}-field`, 'aria-describedby': hintId, 'aria-invalid': wrong || problem !== undefined };
  const label = (
    <label class="label" for={control.id}>
      {field.label}
      {field.needed && <span aria-hidden="true"> *</span>}
    </label>
  );
  return (
    <div class="field" data-param={field.name}>
      {field.kind === 'flag' ? (
        <label class="check">
          <input
            {...control}
            type="checkbox"
            checked={value === 'true'}
            onChange={event => input(String(event.currentTarget.checked))}
          />
          <span>{field.label}</span>
        </label>
      ) : (
        <>
          {label}
          <Control field={field} value={value} control={control} input={input} />
        </>
      )}
      <span id={hintId}>
        {hint !== '' && <span class={wrong && field.kind === 'number' ? 'hint bad' : 'hint'}>{hint}</span>}
        {wrong && field.kind === 'json' && <span class="hint bad">{text.command.notJson}</span>}
        {problem !== undefined && <span class="hint bad">{text.command.expected(problem)}</span>}
      </span>
    </div>
  );
}

type ControlProps = Pick<Props, 'field' | 'value' | 'input'> & {
  control: { id: string; 'aria-describedby': string; 'aria-invalid': boolean };
};

function Control({ field, value, control, input }: ControlProps) {
  const typed = (event: { currentTarget: { value: string } }) => input(event.currentTarget.value);
  switch (field.kind) {
    case 'number':
      return (
        <span class="with-unit">
          <input
            {...control}
            type="number"
            value={value}
            min={field.min ?? undefined}
            max={field.max ?? undefined}
            step={field.step ?? (field.isInteger ? 1 : 'any')}
            placeholder={field.begin}
            required={field.needed}
            onInput={typed}
          />
          {field.unit !== null && <span class="muted">{field.unit}</span>}
        </span>
      );
    case 'choice':
      return (
        <select {...control} value={value} required={field.needed} onChange={typed}>
          {(!field.needed || field.begin === '') && (
            <option value="">{field.needed ? text.command.choose : text.command.leftOut}</option>
          )}
          {field.values.map((each, at) => (
            <option key={String(at)} value={String(at)}>
              {wordsFor(each)}
            </option>
          ))}
        </select>
      );
    case 'json':
      return (
        <textarea
          {...control}
          class="code"
          rows={2}
          value={value}
          onInput={typed}
          autocapitalize="none"
          spellcheck={false}
        />
      );
    default:
      return (
        <input
          {...control}
          value={value}
          placeholder={field.begin}
          maxLength={(field.kind === 'text' ? field.lengthMax : null) ?? undefined}
          required={field.needed}
          onInput={typed}
          autocapitalize="none"
          spellcheck={false}
        />
      );
  }
}

function wordsFor(value: unknown): string {
  if (typeof value === 'boolean') return value ? text.value.on : text.value.off;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
