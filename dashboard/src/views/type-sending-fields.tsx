// How a command of a type is sent: what is asked before it is, how long it lives, and how often it is tried.
import { dangers, limits } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { Check, Choice, Line } from '../ui/fields.tsx';
import { LifeChoice } from './command-life.tsx';
import type { PartProps } from './command-type-form.tsx';

const words = text.commandTypes.sending;

export function TypeSendingFields({ form, change, problemAt }: PartProps) {
  return (
    <section class="card type-part" aria-label={words.title}>
      <h2>{words.title}</h2>
      <Choice
        label={words.danger}
        value={form.danger}
        options={dangers.map(each => [each, words.dangers[each]] as const)}
        problem={problemAt('danger')}
        choose={danger => change({ danger })}
      />
      <Check
        label={words.secondPerson}
        hint={words.secondPersonHint}
        problem={problemAt('secondPerson')}
        checked={form.secondPerson}
        change={secondPerson => change({ secondPerson })}
      />
      <div class="pair">
        <LifeChoice ttlMs={form.ttlMs} choose={ttlMs => change({ ttlMs })} />
        <Line
          label={words.retries}
          type="number"
          min={0}
          max={limits.commandRetriesMax}
          value={form.retries}
          input={retries => change({ retries })}
          hint={words.retriesHint}
          problem={problemAt('retries')}
        />
        <Line
          label={words.retryAfter}
          inputMode="decimal"
          value={form.retryAfter}
          input={retryAfter => change({ retryAfter })}
          problem={problemAt('retryAfterMs')}
        />
      </div>
      <Check
        label={words.supersede}
        hint={words.supersedeHint}
        problem={problemAt('supersede')}
        checked={form.supersede}
        change={supersede => change({ supersede })}
      />
      <Check
        label={words.reply}
        hint={words.replyHint}
        problem={problemAt('reply')}
        checked={form.reply}
        change={reply => change({ reply })}
      />
    </section>
  );
}
