// The audit trail: a line for each step that somebody took and for what came of it, written in the same commit.
import type { AuditEntry, Command } from './contract/index.ts';
import type { Effect } from './store/index.ts';

/** Adds a line to the audit trail. Nothing changes it afterwards. */
export function auditEffect({ at, action, device, by, subject, ...body }: Omit<AuditEntry, 'id'>): Effect {
  return ['audit.add', at, action, device, by, subject, JSON.stringify(body)];
}

/** The line for the last step of a command. */
export function commandAudit(command: Command): Effect {
  const { device, id, state, transitions } = command;
  const { at, cause, by } = transitions.at(-1) ?? { at: command.updatedAt, cause: 'requested' };
  const isRequest = transitions.length === 1;
  return auditEffect({
    at,
    action: 'command',
    what: cause === 'approved' ? 'approved' : state,
    device,
    by: isRequest ? command.by : (by ?? null),
    from: isRequest ? command.from : cause === 'approved' ? (command.approval?.from ?? null) : null,
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
