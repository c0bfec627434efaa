// What somebody types to ask many devices at once, and the request that it comes to.
import { type GroupRequest, limits } from '@telltale/gateway/contract';
import { scopeOf } from '../model/scope-draft.ts';
import { readParams } from './command-params.ts';

export type GroupDraft = {
  devices: string;
  tags: string;
  name: string;
  params: string;
  ttlMs: number;
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
  name: '',
  params: '',
  ttlMs: limits.commandTtlMsDefault,
  reason: '',
  concurrency: String(limits.groupConcurrencyDefault),
  failuresMax: '',
  confirm: '',
});

/** Patterns and tags as they are typed for a scope. */
export function targetDraft({ devices, tags }: GroupDraft) {
  return { all: false, devices, tags };
}

/** What is sent for `total` devices; null while something is missing or wrong. */
export function groupRequest(draft: GroupDraft, total: number): GroupRequest | null {
  const read = readParams(draft.params);
  const name = draft.name.trim();
  const reason = draft.reason.trim();
  const isRight = total > 0 && total <= limits.groupDevicesMax && draft.confirm.trim() === String(total);
  if (!isRight || !read.ok || name === '') return null;
  return {
    ...scopeOf(targetDraft(draft)),
    name,
    ttlMs: draft.ttlMs,
    confirm: draft.confirm.trim(),
    concurrency: Number(draft.concurrency),
    ...(read.params === undefined ? {} : { params: read.params }),
    ...(reason === '' ? {} : { reason }),
    ...(draft.failuresMax === '' ? {} : { failuresMax: Number(draft.failuresMax) }),
  };
}
