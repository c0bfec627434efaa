// What was typed into the form of a command type when the session ended: whoever signs in again finds it there.
import type { CommandType } from '@telltale/gateway/contract';
import type { TypeForm } from './type-form.ts';

/** `opened` is the type as it was when the form was opened, null for a new one. */
export type LeftDraft = { by: string; opened: CommandType | null; form: TypeForm };

// One, for as long as the page is not loaded anew: there is one form at a time.
let left: LeftDraft | null = null;

/** Keeps it; what was kept before goes. */
export function leaveDraft(draft: LeftDraft): void {
  left = draft;
}

/** Takes what the same person left in the form of the same type (null: of a new one); nobody gets it twice. */
export function takeDraft(by: string, id: string | null): LeftDraft | null {
  if (left === null || left.by !== by || (left.opened?.id ?? null) !== id) return null;
  const taken = left;
  left = null;
  return taken;
}
