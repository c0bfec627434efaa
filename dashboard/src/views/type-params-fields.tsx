// The parameters of a command type as rows, as the JSON Schema itself where rows cannot say all of it, or left open.
import { text } from '../i18n/en.ts';
import { emptyRow, isNumeric, type ParamRow, paramKinds, type RowField } from '../model/param-rows.ts';
import { type ParamsForm, withMode } from '../model/type-form.ts';
import { Check, Choice, Line, Lines } from '../ui/fields.tsx';
import { Icon } from '../ui/icons.tsx';
import type { PartProps } from './command-type-form.tsx';

const words = text.commandTypes.params;
const modes = ['rows', 'json', 'any'] as const;

export function TypeParamsFields({ form, change, problemAt }: PartProps) {
  const { params } = form;
  const put = (next: Partial<ParamsForm>) => change({ params: { ...params, ...next } });
  const asRows = withMode(params, 'rows');
  return (
    <section class="card type-part" aria-label={words.title}>
      <h2>{words.title}</h2>
      <fieldset class="segments">
        <legend class="hidden">{words.legend}</legend>
        {modes.map(mode => {
          const next = withMode(params, mode);
          return (
            <button
              key={mode}
              type="button"
              aria-pressed={params.mode === mode}
              disabled={next === null}
              onClick={() => next !== null && change({ params: next })}
            >
              {words.mode[mode]}
            </button>
          );
        })}
      </fieldset>
      {params.mode === 'any' && <p class="hint">{words.any}</p>}
      {params.mode === 'json' && (
        <>
          <Lines
            label={words.json}
            hint={words.jsonHint}
            rows={12}
            value={params.json}
            input={json => put({ json })}
            problem={problemAt('params')}
          />
          {asRows === null && <p class="hint">{words.toRows}</p>}
        </>
      )}
      {params.mode === 'rows' && <Rows params={params} put={put} problemAt={problemAt} />}
    </section>
  );
}

type RowsProps = Pick<PartProps, 'problemAt'> & { params: ParamsForm; put(next: Partial<ParamsForm>): void };

function Rows({ params: { table }, put, problemAt }: RowsProps) {
  const { rows, others } = table;
  const putRows = (next: readonly ParamRow[]) => put({ table: { ...table, rows: next } });
  return (
    <>
      {problemAt('params') !== undefined && <p class="hint bad">{problemAt('params')}</p>}
      {rows.length === 0 && <p class="muted">{words.none}</p>}
      {rows.map((row, at) => (
        // Rows have no name of their own: what stands at a place is that row.
        <fieldset key={at} class="type-row" aria-label={words.row(at + 1)} data-row={at}>
          <RowFields
            row={row}
            put={change => putRows(rows.with(at, { ...row, ...change }))}
            problemAt={field => problemAt(`params.${at}.${field}`)}
          />
          <div class="actions">
            <Check
              label={words.required}
              checked={row.required}
              change={required => putRows(rows.with(at, { ...row, required }))}
            />
            {at > 0 && (
              <button
                type="button"
                class="button is-small"
                aria-label={words.upOf(at + 1)}
                onClick={() => putRows([...rows.slice(0, at - 1), row, rows[at - 1]!, ...rows.slice(at + 1)])}
              >
                {words.up}
              </button>
            )}
            <button
              type="button"
              class="button is-small"
              aria-label={words.removeOf(at + 1)}
              onClick={() => putRows(rows.toSpliced(at, 1))}
            >
              {words.remove}
            </button>
          </div>
        </fieldset>
      ))}
      <button type="button" class="button is-small" onClick={() => putRows([...rows, emptyRow])}>
        <Icon name="plus" />
        {words.add}
      </button>
      <Check
        label={words.others}
        hint={words.othersHint}
        checked={others}
        change={next => put({ table: { ...table, others: next } })}
      />
    </>
  );
}

type RowProps = {
  row: ParamRow;
  put(change: Partial<ParamRow>): void;
  problemAt(field: RowField): string | undefined;
};

function RowFields({ row, put, problemAt }: RowProps) {
  const line = (field: RowField, label: string, inputMode?: 'decimal') => (
    <Line
      label={label}
      value={row[field]}
      input={value => put({ [field]: value })}
      problem={problemAt(field)}
      autocomplete="off"
      {...(inputMode === undefined ? {} : { inputMode })}
    />
  );
  return (
    <>
      <div class="type-row-fields">
        {line('name', words.name)}
        {line('title', words.label)}
        <Choice
          label={words.kind}
          value={row.kind}
          options={paramKinds.map(kind => [kind, words.kinds[kind]] as const)}
          // What was the value at first means something else now.
          choose={kind => put({ kind, initial: '' })}
        />
        {isNumeric(row.kind) && line('unit', words.unit)}
      </div>
      <div class="type-row-fields">
        {isNumeric(row.kind) && (
          <>
            {line('minimum', words.minimum, 'decimal')}
            {line('maximum', words.maximum, 'decimal')}
            {line('multipleOf', words.multipleOf, 'decimal')}
            {line('initial', words.initial, 'decimal')}
          </>
        )}
        {row.kind === 'choice' && (
          <Lines
            label={words.choices}
            hint={words.choicesHint}
            value={row.choices}
            input={choices => put({ choices })}
            problem={problemAt('choices')}
          />
        )}
        {(row.kind === 'choice' || row.kind === 'text') && line('initial', words.initial)}
        {row.kind === 'flag' && (
          <Choice
            label={words.initial}
            value={row.initial as '' | 'true' | 'false'}
            options={(['', 'true', 'false'] as const).map(value => [value, words.initialFlag[value]] as const)}
            choose={initial => put({ initial })}
          />
        )}
      </div>
      {line('description', words.description)}
    </>
  );
}
