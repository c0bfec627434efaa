// Lines of the audit trail for what the tools beside the gateway change: by whom, as the machine knows that person.
import { userInfo } from 'node:os';
import { auditEffect } from './audit-tables.ts';
import type { Effect } from './store/index.ts';

/** Of a name or a file; longer ones are cut, so that a line is bounded whatever the command line has. */
const lengthMax = 256;
const cut = (text: string): string => text.slice(0, lengthMax).toWellFormed();

/**
 * Who runs the tool: `tool#` and the name of this process's account, its number where it has none, as in a container. No
 * user of the gateway can be called so.
 */
export function toolUser(): string {
  try {
    return cut(`tool#${userInfo().username}`);
  } catch {
    return `tool#${process.getuid?.() ?? 'unknown'}`;
  }
}

/** The line of a tool, to be written with what it changes. `detail` has no secret. */
export function toolLine(what: string, subject: string | null, detail: Record<string, unknown> | null): Effect {
  return auditEffect({
    at: Date.now(),
    action: 'tool',
    what,
    device: null,
    by: toolUser(),
    from: null,
    reason: null,
    subject: subject === null ? null : cut(subject),
    detail,
  });
}
