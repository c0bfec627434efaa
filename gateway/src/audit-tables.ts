// The audit trail: a line for each step that somebody took and for what came of it, written in the same commit.
import type { AuditEntry, AuditFilter, Command } from './contract/index.ts';
import type { Effect, Store } from './store/index.ts';

/** Who left a line is told as it was then: nothing of it is looked up again. */
type Row = Pick<AuditEntry, 'id' | 'at' | 'action' | 'device' | 'by' | 'subject'> & { body: string };

/** Adds a line to the audit trail. Nothing changes it afterwards. */
export function auditEffect({ at, action, device, by, subject, ...body }: Omit<AuditEntry, 'id'>): Effect {
  return ['audit.add', at, action, device, by, subject, JSON.stringify(body)];
}

type Enrolled = { at: number; device: string; from: string; key: { id: string; name: string }; isAgain: boolean };

/** The line of a device that got its credential in exchange for an enrolment key. */
export function enrolledAudit({ at, device, from, key, isAgain }: Enrolled): Effect {
  const what = isAgain ? 'enrolled-again' : 'enrolled';
  const line = { at, action: 'enrolment', what, device, by: null, from, reason: null, subject: key.id } as const;
  return auditEffect({ ...line, detail: { key: key.name } });
}

/** The line for the last step of a command. */
export function commandAudit(command: Command): Effect {
  const { device, id, state, transitions } = command;
  const { at, cause, by, from } = transitions.at(-1) ?? { at: command.updatedAt, cause: 'requested' };
  const isRequest = transitions.length === 1;
  return auditEffect({
    at,
    action: 'command',
    what: cause === 'approved' || cause === 'delivered' ? cause : state,
    device,
    by: isRequest ? command.by : (by ?? null),
    from: isRequest ? command.from : (from ?? null),
    reason: isRequest ? command.reason : null,
    subject: id,
    detail: { cause, ...detailOf(command, isRequest) },
  });
}

/** What was asked, what was sent, and what was answered. */
function detailOf(command: Command, isRequest: boolean): Record<string, unknown> {
  const { name, params, expiresAt, expect, type, group, attempts, result, error, proof } = command;
  if (isRequest) return { name, params, expiresAt, expect, type, group };
  switch (command.state) {
    case 'sent':
      return { name, params, expiresAt, attempt: attempts };
    case 'acknowledged':
      return { result };
    case 'rejected':
    case 'failed':
      return { error };
    case 'verified':
    case 'contradicted':
      return { proof, result, error };
    default:
      return {};
  }
}

const dayMs = 86_400_000;

/**
 * Lines of the trail, newest first, of those whose id is smaller than `before`. One question of bounded cost: it may find
 * fewer lines than were asked for, and `next` is then the id before which to ask again, null at the end. The order is
 * the one in which they were written, whatever the clock was set to.
 */
export async function listAudit(
  store: Pick<Store, 'query'>,
  filter: AuditFilter,
  before: number,
  limit: number,
): Promise<{ items: AuditEntry[]; next: number | null }> {
  const span = await spanOf(store, filter, before);
  if (span === null) return { items: [], next: null };
  const { device = '', by = '', action = '', from = Number.MIN_SAFE_INTEGER, to = Number.MAX_SAFE_INTEGER } = filter;
  const [index, key] = indexOf(filter);
  const where = [key, ...span];
  const rows = await store.query<Row>(`audit.page${index}`, ...where, action, device, by, from, to, limit);
  const items = rows.map(({ body, ...row }): AuditEntry => ({ ...row, ...JSON.parse(body) }));
  if (items.length === limit) return { items, next: items.at(-1)?.id ?? null };
  const [reached] = await store.query<{ id: number }>(`audit.reach${index}`, ...where);
  return { items, next: reached?.id ?? null };
}

/** The ids from which on and before which lines of the filter's days may be; null where there are none. */
async function spanOf(
  store: Pick<Store, 'query'>,
  { from, to }: AuditFilter,
  before: number,
): Promise<[first: number, before: number] | null> {
  if (from === undefined && to === undefined) return [0, before];
  const days = [from ?? Number.MIN_SAFE_INTEGER, to ?? Number.MAX_SAFE_INTEGER].map(at => Math.trunc(at / dayMs));
  const [span] = await store.query<{ first: number | null; last: number | null }>('audit.span', ...days, before);
  return span?.first == null || span.last === null ? null : [span.first, span.last + 1];
}

/** The index that leads to the fewest lines, and what is looked for in it. */
function indexOf({
  subject,
  device,
  by,
  action,
}: AuditFilter): [index: 'Subject' | 'Device' | 'By' | 'Action' | '', key: string] {
  if (subject !== undefined) return ['Subject', subject];
  if (device !== undefined) return ['Device', device];
  if (by !== undefined) return ['By', by];
  if (action !== undefined) return ['Action', action];
  return ['', ''];
}
