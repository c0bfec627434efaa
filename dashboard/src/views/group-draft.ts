// What somebody types to ask many devices at once, and the request that it comes to.
import { type CommandType, type GroupRequest, limits } from '@telltale/gateway/contract';
import { scopeOf } from '../model/scope-draft.ts';
import { beginTypeDraft, readTypeDraft, type TypeDraft } from './type-draft.ts';

export type GroupDraft = {
  devices: string;
  tags: string;
  /** Id of the type that was chosen; '' is any other command, null nothing yet. */
  type: string | null;
  /** What was typed for it. */
  typed: TypeDraft | null;
  name: string;
  params: string;
  /** Null leaves it to the type. */
  ttlMs: number | null;
  reason: string;
  concurrency: string;
  /** Empty leaves it to the gateway. */
  failuresMax: string;
  /** The number of devices, typed once more. */
  confirm: string;
};

export const emptyGroupDraft: GroupDraft = Object.freeze({
  devices: '',
  tags: '',
  type: null,
  typed: null,
  name: '',
  params: '',
  ttlMs: null,
  reason: '',
  concurrency: String(limits.groupConcurrencyDefault),
  failuresMax: '',
  confirm: '',
});

/** Patterns and tags as they are typed for a scope. */
export function targetDraft({ devices, tags }: GroupDraft) {
  return { all: false, devices, tags };
}

/** How long a command may wait: as was chosen, else as its type says. */
export function lifeOf({ ttlMs }: GroupDraft, type: CommandType | null): number {
  return ttlMs ?? type?.ttlMs ?? limits.commandTtlMsDefault;
}

/** What was typed for this type; at first what it begins with. */
export function typedDraft({ type: chosen, typed }: GroupDraft, type: CommandType): TypeDraft {
  return typed !== null && chosen === type.id ? typed : beginTypeDraft(type);
}

/** What is sent for `total` devices; null while something is missing or wrong. Without a type it is as it was written. */
export function groupRequest(draft: GroupDraft, total: number, type: CommandType | null): GroupRequest | null {
  const params =
    type === null
      ? readTypeDraft(anyParams, { values: {}, json: draft.params })
      : readTypeDraft(type, typedDraft(draft, type));
  const name = type?.name ?? draft.name.trim();
  const reason = draft.reason.trim();
  const isRight = total > 0 && total <= limits.groupDevicesMax && draft.confirm.trim() === String(total);
  const isExplained = type?.danger !== 'danger' || reason !== '';
  if (!isRight || !isExplained || params === null || name === '') return null;
  return {
    ...scopeOf(targetDraft(draft)),
    name,
    ttlMs: lifeOf(draft, type),
    confirm: draft.confirm.trim(),
    concurrency: Number(draft.concurrency),
    ...(params.value === undefined ? {} : { params: params.value }),
    ...(reason === '' ? {} : { reason }),
    ...(draft.failuresMax === '' ? {} : { failuresMax: Number(draft.failuresMax) }),
  };
}

const anyParams = { params: null };
