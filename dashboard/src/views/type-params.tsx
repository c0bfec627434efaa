// The parameters of a command type: a field for each where its schema has them, else JSON; and what to know of the type.
import type { CommandType } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatDuration } from '../i18n/format.ts';
import { fieldsOf, readDraft } from '../model/command-fields.ts';
import { CommandParam } from './command-param.tsx';
import { readParams } from './command-params.ts';
import { typeEffectWords } from './command-words.ts';
import { ParamsField } from './params-field.tsx';
import { type TypeDraft, typeProblems } from './type-draft.ts';

type Props = { type: CommandType; draft: TypeDraft; error: unknown; change(draft: TypeDraft): void };

export function TypeParams({ type, draft, error, change }: Props) {
  const fields = fieldsOf(type.params);
  if (fields === null) {
    return (
      <ParamsField
        json={draft.json}
        read={readParams(draft.json)}
        chosen={0}
        example={type.params === null ? text.command.paramsExample : ''}
        input={json => change({ ...draft, json })}
      />
    );
  }
  const read = readDraft(fields, draft.values);
  const problems = typeProblems(type, error);
  return (
    <>
      {fields.map(field => (
        <CommandParam
          key={field.name}
          field={field}
          value={draft.values[field.name] ?? ''}
          wrong={!read.ok && read.wrong.includes(field.name)}
          problem={problems?.get(field.name)}
          input={value => change({ ...draft, values: { ...draft.values, [field.name]: value } })}
        />
      ))}
    </>
  );
}

type NoticeProps = {
  type: CommandType;
  params: unknown;
  /** How long another person has to agree, where one has to; null has no end. */
  agreeWithinMs: number | null;
  /** What is asked for before something dangerous. */
  danger: string;
};

/** What will show the effect, how dangerous it is, and that another person has to agree. */
export function TypeNotices({ type, params, agreeWithinMs, danger }: NoticeProps) {
  const known = params !== null && typeof params === 'object' ? (params as Record<string, unknown>) : {};
  const labelOf = (name: string) => type.params?.properties?.[name]?.title ?? name;
  return (
    <>
      <p class="hint" data-effect>
        {typeEffectWords(type, known, labelOf)}
      </p>
      {type.danger === 'caution' && <p class="notice is-late">{text.command.caution}</p>}
      {type.danger === 'danger' && <p class="notice is-bad">{danger}</p>}
      {type.secondPerson && (
        <p class="notice is-late">
          {text.command.secondPerson(agreeWithinMs === null ? null : formatDuration(agreeWithinMs))}
        </p>
      )}
    </>
  );
}
