// Sending a command: what the device takes, each with a form of its own, and anything else where the gateway allows it.
import type { Command, CommandType, Device } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { Failure } from '../ui/failure.tsx';
import { Icon } from '../ui/icons.tsx';
import { FreeCommand } from './command-free.tsx';
import { TypedCommand } from './command-typed.tsx';
import { useCommandTypes } from './use-command-types.ts';

type Props = { device: Device; sent(command: Command): void };

/** What was typed stays until another command is chosen: the next is often the same with another number. */
export function CommandForm({ device, sent }: Props) {
  const { types, error, reload } = useCommandTypes(device);
  const [chosen, setChosen] = useState<string | null>(null);
  if (types === null) {
    return error === null ? <p class="loading">{text.loading}</p> : <Failure error={error} retry={reload} />;
  }
  const { items, untyped } = types;
  const mayBeOther = untyped === 'allow';
  // '' is any other command.
  const fallback = items[0]?.id ?? '';
  const isOffered = chosen !== null && (chosen === '' ? mayBeOther : items.some(({ id }) => id === chosen));
  const at = isOffered ? chosen : fallback;
  const type = items.find(({ id }) => id === at);
  const head = (
    <>
      <h2>{text.command.title}</h2>
      {items.length > 0 && <TypeChips types={items} at={at} mayBeOther={mayBeOther} choose={setChosen} />}
    </>
  );
  if (type !== undefined) {
    // A type that was changed meanwhile has other fields.
    return <TypedCommand key={JSON.stringify(type)} type={type} device={device} head={head} sent={sent} />;
  }
  if (!mayBeOther) return <p class="muted">{text.command.noTypes}</p>;
  return <FreeCommand device={device} typed={items.map(({ name }) => name)} head={head} sent={sent} />;
}

type ChipsProps = { types: readonly CommandType[]; at: string; mayBeOther: boolean; choose(id: string): void };

function TypeChips({ types, at, mayBeOther, choose }: ChipsProps) {
  return (
    <fieldset class="chips">
      <legend class="label">{text.command.types}</legend>
      {types.map(({ id, name, title, danger }) => (
        <button
          key={id}
          type="button"
          class={danger === 'none' ? 'chip' : `chip is-${danger}`}
          data-type={id}
          aria-pressed={id === at}
          aria-label={danger === 'none' ? undefined : `${title ?? name} (${text.command.dangers[danger]})`}
          onClick={() => choose(id)}
        >
          {danger !== 'none' && <Icon name="warning" />} {title ?? name}
        </button>
      ))}
      {mayBeOther && (
        <button type="button" class="chip" data-type="" aria-pressed={at === ''} onClick={() => choose('')}>
          {text.command.other}
        </button>
      )}
    </fieldset>
  );
}
