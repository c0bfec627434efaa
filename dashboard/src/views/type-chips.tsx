// Command types to choose from, the dangerous ones marked, and any other command where that may be sent.
import type { CommandType } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { Icon } from '../ui/icons.tsx';

type Props = {
  legend: string;
  types: readonly CommandType[];
  /** Null is any other command. */
  chosen: CommandType | null;
  mayBeOther: boolean;
  /** '' is any other command. */
  choose(id: string): void;
};

/** Nothing where there is nothing to choose. */
export function TypeChips({ legend, types, chosen, mayBeOther, choose }: Props) {
  if (types.length === 0) return null;
  return (
    <fieldset class="chips">
      <legend class="label">{legend}</legend>
      {types.map(({ id, name, title, danger }) => (
        <button
          key={id}
          type="button"
          class={danger === 'none' ? 'chip' : `chip is-${danger}`}
          data-type={id}
          aria-pressed={id === chosen?.id}
          aria-label={danger === 'none' ? undefined : `${title ?? name} (${text.command.dangers[danger]})`}
          onClick={() => choose(id)}
        >
          {danger !== 'none' && <Icon name="warning" />} {title ?? name}
        </button>
      ))}
      {mayBeOther && (
        <button type="button" class="chip" data-type="" aria-pressed={chosen === null} onClick={() => choose('')}>
          {text.command.other}
        </button>
      )}
    </fieldset>
  );
}
