// What an operator gets of a command type: the same fields as on the page of a device, with nothing behind the button.
import type { CommandType } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { TypeChips } from './type-chips.tsx';
import { beginTyped, sendWords, TypeFields } from './type-fields.tsx';

const words = text.commandTypes.preview;

/** Null while there is nothing to show. */
export function CommandTypePreview({ type }: { type: CommandType | null }) {
  return (
    <aside class="type-preview" aria-label={words.title}>
      <h2>{words.title}</h2>
      {type === null ? (
        <p class="muted">{words.waits}</p>
      ) : (
        // One that is changed begins anew, as it does for who has the form open.
        <Shown key={JSON.stringify(type)} type={type} />
      )}
    </aside>
  );
}

function Shown({ type }: { type: CommandType }) {
  const [typed, setTyped] = useState(() => beginTyped(type));
  return (
    <div class="card command-form">
      <TypeChips legend={text.command.types} types={[type]} chosen={type} mayBeOther={false} choose={() => {}} />
      <div class="command-fields">
        <TypeFields type={type} typed={typed} error={null} change={change => setTyped({ ...typed, ...change })} />
        <p class="hint">{words.notSent}</p>
        <div class="actions">
          <button type="button" class={type.danger === 'danger' ? 'button is-danger' : 'button is-primary'} disabled>
            {type.danger === 'danger' ? text.command.confirm : sendWords(type)}
          </button>
        </div>
      </div>
    </div>
  );
}
