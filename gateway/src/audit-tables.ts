// The audit trail: a line for each step that somebody took and for what came of it, written in the same commit.
import type { AuditEntry, AuditFilter, Command } from './contract/index.ts';
import type { Effect, Store } from './store/index.ts';

/** Who left a line is told as it was then: nothing of it is looked up again. */
type Row = Pick<AuditEntry, 'id' | 'at' | 'action' | 'device' | 'by' | 'subject'> & { body: string };

/** Adds a line to the audit trail. Nothing changes it afterwards. */
export function auditEffect({ at, action, device, by, subject, ...body }: Omit<AuditEntry, 'id'>): Effect {
  return ['audit.add', at, action, device, by, subject, JSON.stringify(body)];
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

/**
 * Lines of the trail, newest first, of those whose id is smaller than `before`. One question of bounded cost: it may find
 * fewer lines than were asked for, and \`next\` is then the id before which to ask again, null at the end.
 */
export async function listAudit(
  store: Pick<Store, 'query'>,
  filter: AuditFilter,
  before: number,
  limit: number,
): Promise<{ items: AuditEntry[]; next: number | null }> {
  const { device = '', by = '', action = '', from = 0, to = Number.MAX_SAFE_INTEGER } = filter;
  const [index, key] = indexOf(filter);
  const rows = await store.query<Row>(`audit.page${index}`, key, before, action, device, by, from, to, limit);
  const items = rows.map(({ body, ...row }): AuditEntry => ({ ...row, ...JSON.parse(body) }));
  if (items.length === limit) return { items, next: items.at(-1)?.id ?? null };
  const [reached] = await store.query<{ id: number }>(`audit.reach${index}`, key, before);
  return { items, next: reached?.id ?? null };
}

/** The index that leads to the fewest lines, and what is looked for in it. */
function indexOf({ subject, device, by }: AuditFilter): [index: 'Subject' | 'Device' | 'By' | '', key: string] {
  if (subject !== undefined) return ['Subject', subject];
  if (device !== undefined) return ['Device', device];
  if (by !== undefined) return ['By', by];
  return ['', ''];
}
