// What shows that a command of a type was done: metrics, and the values that they have to come to.
import { text } from '../i18n/en.ts';
import { type ExpectForm, emptyExpect, type TermForm, type TypeForm } from '../model/type-form.ts';
import { Choice, Line } from '../ui/fields.tsx';
import { Icon } from '../ui/icons.tsx';
import type { PartProps } from './command-type-form.tsx';

const words = text.commandTypes.expect;
const hows = [
  ['equals', words.hows.equals],
  ['range', words.hows.range],
] as const;

export function TypeExpectFields({ form, change, problemAt }: PartProps) {
  const { expect } = form;
  const params = paramNames(form);
  return (
    <section class="card type-part" aria-label={words.title}>
      <h2>{words.title}</h2>
      <p class="hint">{words.intro}</p>
      {problemAt('expect') !== undefined && <p class="hint bad">{problemAt('expect')}</p>}
      {expect.map((each, at) => (
        // Rows have no name of their own: what stands at a place is that row.
        <fieldset key={at} class="type-row" aria-label={words.row(at + 1)} data-expect={at}>
          <ExpectRow
            of={each}
            params={params}
            put={next => change({ expect: expect.with(at, { ...each, ...next }) })}
            problemAt={key => problemAt(`expect.${at}.${key}`)}
          />
          {problemAt(`expect.${at}`) !== undefined && <p class="hint bad">{problemAt(`expect.${at}`)}</p>}
          <div class="actions">
            <button
              type="button"
              class="button is-small"
              aria-label={words.removeOf(at + 1)}
              onClick={() => change({ expect: expect.toSpliced(at, 1) })}
            >
              {words.remove}
            </button>
          </div>
        </fieldset>
      ))}
      <button type="button" class="button is-small" onClick={() => change({ expect: [...expect, emptyExpect] })}>
        <Icon name="plus" />
        {words.add}
      </button>
    </section>
  );
}

type RowProps = {
  of: ExpectForm;
  params: readonly string[];
  put(change: Partial<ExpectForm>): void;
  problemAt(key: string): string | undefined;
};

function ExpectRow({ of, params, put, problemAt }: RowProps) {
  return (
    <>
      <div class="type-row-fields">
        <Line label={words.metric} value={of.metric} input={metric => put({ metric })} problem={problemAt('metric')} />
        <Choice label={words.how} value={of.how} options={hows} choose={how => put({ how })} />
        <Line
          label={words.within}
          inputMode="decimal"
          value={of.within}
          input={within => put({ within })}
          problem={problemAt('withinMs')}
        />
      </div>
      <div class="type-row-fields">
        {(of.how === 'equals' ? (['equals'] as const) : (['min', 'max'] as const)).map(key => (
          <Term
            key={key}
            label={words[key]}
            term={of[key]}
            params={params}
            put={term => put({ [key]: term })}
            problem={problemAt(key)}
          />
        ))}
      </div>
    </>
  );
}

type TermProps = {
  label: string;
  term: TermForm;
  params: readonly string[];
  put(term: TermForm): void;
  problem: string | undefined;
};

/** A value, or the parameter that it is taken from. */
function Term({ label, term, params, put, problem }: TermProps) {
  // One that is there no more stays in sight, for the gateway to refuse.
  const names = term.param === '' || params.includes(term.param) ? params : [term.param, ...params];
  const isFixed = term.param === '';
  return (
    <>
      <Choice
        label={words.from(label)}
        value={term.param}
        options={[['', words.fixed], ...names.map(name => [name, words.param(name)] as const)]}
        problem={isFixed ? undefined : problem}
        choose={param => put({ ...term, param })}
      />
      {isFixed && <Line label={label} value={term.value} input={value => put({ ...term, value })} problem={problem} />}
    </>
  );
}

/** Those that have a name in the rows, or in the schema as it is written. */
function paramNames({ params: { mode, table, json } }: TypeForm): string[] {
  if (mode === 'rows') return table.rows.map(({ name }) => name.trim()).filter(name => name !== '');
  try {
    return mode === 'json' ? Object.keys(JSON.parse(json).properties ?? {}) : [];
  } catch {
    return [];
  }
}
