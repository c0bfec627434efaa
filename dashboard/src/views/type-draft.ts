// What is typed for the parameters of a command type, and what would be sent of it.
import { type CommandType, limits } from '@telltale/gateway/contract';
import { ApiError } from '../history/rest.ts';
import { beginDraft, type Draft, fieldsOf, problemsByField, readDraft } from '../model/command-fields.ts';
import { readParams } from './command-params.ts';

/** What is typed: a text for each field, or JSON where the type has no fields. */
export type TypeDraft = { readonly values: Draft; readonly json: string };

export function beginTypeDraft({ params }: Pick<CommandType, 'params'>): TypeDraft {
  return { values: beginDraft(fieldsOf(params) ?? []), json: '' };
}

/** How long a command of this type may wait, where nobody chose otherwise. */
export function beginLife({ ttlMs, secondPerson }: Pick<CommandType, 'ttlMs' | 'secondPerson'>): number {
  return secondPerson ? Math.max(ttlMs, limits.commandApprovalTtlMsDefault) : ttlMs;
}

/** What would be sent, undefined where that is nothing; null while it cannot be. */
export function readTypeDraft({ params }: Pick<CommandType, 'params'>, draft: TypeDraft): { value?: unknown } | null {
  const fields = fieldsOf(params);
  const read = fields === null ? readParams(draft.json) : readDraft(fields, draft.values);
  return read.ok ? { value: read.params } : null;
}

/** What the gateway found wrong at which field; null where fields cannot show it. */
export function typeProblems({ params }: CommandType, error: unknown): ReadonlyMap<string, string> | null {
  const fields = fieldsOf(params);
  return fields !== null && error instanceof ApiError ? problemsByField(fields, error.fields) : null;
}
