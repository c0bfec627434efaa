// Commands to choose from, each a press that fills in the form: those the device knows, and those sent before.
import { text } from '../i18n/en.ts';
import type { RememberedCommand } from './command-memory.ts';
import { skeleton } from './command-params.ts';
import { describeOffered, type OfferedCommand } from './offered-commands.ts';

type Props = {
  offered: readonly OfferedCommand[];
  remembered: readonly RememberedCommand[];
  /** The name in the form. */
  name: string;
  choose(command: RememberedCommand): void;
};

/** Nothing where there is nothing to choose. */
export function CommandChips({ offered, remembered, name, choose }: Props) {
  // What the device offers as a whole need not be offered twice.
  const before = remembered.filter(({ name, params }) => params !== '' || !offered.some(each => each.name === name));
  return (
    <>
      {offered.length > 0 && (
        <fieldset class="chips">
          <legend class="label">{text.command.offered}</legend>
          {offered.map(each => (
            <button
              key={each.name}
              type="button"
              class="chip"
              data-offered={each.name}
              aria-pressed={each.name === name.trim()}
              onClick={() => choose({ name: each.name, params: skeleton(each.params) })}
            >
              {describeOffered(each)}
            </button>
          ))}
        </fieldset>
      )}
      {before.length > 0 && (
        <fieldset class="chips">
          <legend class="label">{text.command.remembered}</legend>
          {before.map(each => (
            <button key={`${each.name} ${each.params}`} type="button" class="chip" onClick={() => choose(each)}>
              {each.name} {each.params}
            </button>
          ))}
        </fieldset>
      )}
    </>
  );
}
