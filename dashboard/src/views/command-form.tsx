// Sending a command: what the device takes, each with a form of its own, and anything else where the gateway allows it.
import type { Command, Device } from '@telltale/gateway/contract';
import { useState } from 'preact/hooks';
import { text } from '../i18n/en.ts';
import { chosenType } from '../model/shared-types.ts';
import { Failure } from '../ui/failure.tsx';
import { FreeCommand } from './command-free.tsx';
import { TypedCommand } from './command-typed.tsx';
import { TypeChips } from './type-chips.tsx';
import type { Offer } from './use-command-types.ts';

type Props = { device: Device; offer: Offer; sent(command: Command): void };

/** What was typed stays until another command is chosen: the next is often the same with another number. */
export function CommandForm({ device, offer: { types, error, reload }, sent }: Props) {
  const [chosen, setChosen] = useState<string | null>(null);
  if (types === null) {
    return error === null ? <p class="loading">{text.loading}</p> : <Failure error={error} retry={reload} />;
  }
  const { items, untyped } = types;
  const mayBeOther = untyped === 'allow';
  const type = chosenType(items, mayBeOther, chosen);
  const head = (
    <>
      <h2>{text.command.title}</h2>
      <TypeChips legend={text.command.types} types={items} chosen={type} mayBeOther={mayBeOther} choose={setChosen} />
    </>
  );
  if (type !== null) {
    // A type that was changed meanwhile has other fields.
    return <TypedCommand key={JSON.stringify(type)} type={type} device={device} head={head} sent={sent} />;
  }
  if (!mayBeOther) return <p class="muted">{text.command.noTypes}</p>;
  return <FreeCommand device={device} typed={items.map(({ name }) => name)} head={head} sent={sent} />;
}
