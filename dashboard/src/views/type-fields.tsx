// The form of one command type as whoever sends it fills it in: its parameters, how long it may wait, why, and what to know.
import type { CommandType } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { LifeChoice, ReasonField } from './command-life.tsx';
import { beginLife, beginTypeDraft, readTypeDraft, type TypeDraft } from './type-draft.ts';
import { TypeNotices, TypeParams } from './type-params.tsx';

export type Typed = { draft: TypeDraft; ttlMs: number; reason: string };

/** What is in it at first. */
export function beginTyped(type: CommandType): Typed {
  return { draft: beginTypeDraft(type), ttlMs: beginLife(type), reason: '' };
}

type Props = { type: CommandType; typed: Typed; error: unknown; change(change: Partial<Typed>): void };

/** For something dangerous the reason is asked for when it is confirmed. */
export function TypeFields({ type, typed: { draft, ttlMs, reason }, error, change }: Props) {
  return (
    <>
      {type.description !== null && <p>{type.description}</p>}
      <TypeParams type={type} draft={draft} error={error} change={next => change({ draft: next })} />
      <div class="field-row">
        <LifeChoice ttlMs={ttlMs} choose={next => change({ ttlMs: next })} />
        {type.danger !== 'danger' && <ReasonField reason={reason} input={next => change({ reason: next })} />}
      </div>
      <TypeNotices
        type={type}
        params={readTypeDraft(type, draft)?.value}
        agreeWithinMs={ttlMs}
        danger={text.command.danger}
      />
    </>
  );
}

/** What the button that sends it says. */
export function sendWords({ secondPerson }: Pick<CommandType, 'secondPerson'>): string {
  return secondPerson ? text.command.ask : text.command.send;
}
