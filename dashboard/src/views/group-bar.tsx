// What became of a group's commands: one bar, and the same in words.
import type { CommandGroup } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatCount } from '../i18n/format.ts';
import { groupParts } from '../model/group-parts.ts';

const words = text.groups;

/** The list says everything that the bar shows. */
export function GroupBar({ group }: { group: CommandGroup }) {
  const parts = groupParts(group).map(part => ({
    ...part,
    words: words.part(formatCount(part.count), words.outcome[part.outcome]),
  }));
  return (
    <div class="group-progress" data-state={group.state}>
      <div class="stack group-bar" role="img" aria-label={words.bar(parts.map(part => part.words).join(', '))}>
        {parts.map(part => (
          <span
            key={part.outcome}
            class={`stack-part is-${part.tone}`}
            style={{ flexGrow: part.count / group.total }}
            title={part.words}
          />
        ))}
      </div>
      <ul class="group-key small">
        {parts.map(part => (
          <li key={part.outcome} data-outcome={part.outcome} data-count={part.count}>
            <span class={`stack-swatch is-${part.tone}`} aria-hidden="true" />
            {part.words}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The state in words, with its tone. */
export function GroupState({ group }: { group: CommandGroup }) {
  const tone = { waiting: 'is-late', running: 'is-good', stopped: 'is-bad', finished: '' }[group.state];
  return <span class={`mark ${tone}`}>{words.state[group.state]}</span>;
}
