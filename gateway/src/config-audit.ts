// Lines of the audit trail for what the gateway is set to from outside: its configuration, the administrator that it
// makes or gives a password to at a start, and its certificates.
import { createHash } from 'node:crypto';
import { auditEffect } from './audit-tables.ts';
import type { Config } from './config/index.ts';
import type { AuditNote } from './contract/index.ts';
import type { Logger } from './lib/logger.ts';
import type { Effect, Store } from './store/index.ts';

/** The configuration of the last start, in the table `meta`: by key, each value as `told` has it. */
const metaKey = 'config';
/** Of these it is told whether they are set, and nothing else of what they are. */
const secrets = new Set(['access.adminPassword']);
/** A longer value, as a list of command types, is told by its length and its digest. */
const lengthMax = 200;

const none = { device: null, by: null, from: null, reason: null, subject: null } as const;

function told(key: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (secrets.has(key)) return 'set';
  const json = JSON.stringify(value);
  if (json.length <= lengthMax) return json;
  return `${json.length} characters, SHA-256 ${createHash('sha256').update(json).digest('hex')}`;
}

/** Each key of the configuration with its value as it may be told; a list is one value. */
export function toldConfig(config: object, path = ''): Record<string, string | null> {
  const found: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(config)) {
    const key = path + name;
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      Object.assign(found, toldConfig(value, `${key}.`));
    } else {
      found[key] = told(key, value);
    }
  }
  return found;
}

type Parts = { store: Pick<Store, 'query' | 'write'>; clock: { now(): number }; log: Logger };

/**
 * Commits a line that says which keys are otherwise than at the last start, and what they are now. Where the disk
 * refuses it the next start finds the same. The first start has nothing to compare with, and leaves none.
 */
export async function noteConfig(config: Config, { store, clock, log }: Parts): Promise<void> {
  const now = toldConfig(config);
  const [last] = await store.query<{ value: string }>('meta.get', metaKey);
  const before = last === undefined ? null : (JSON.parse(last.value) as Record<string, string | null>);
  const keys = before === null ? [] : [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const changed = keys
    .map(key => ({ key, before: before?.[key] ?? null, after: now[key] ?? null }))
    .filter(each => each.before !== each.after);
  if (before !== null && changed.length === 0) return;
  const effects: Effect[] = [['meta.put', metaKey, JSON.stringify(now)]];
  if (before !== null) {
    effects.push(auditEffect({ ...none, at: clock.now(), action: 'config', what: 'changed', detail: { changed } }));
  }
  await store.write(effects).catch(error => {
    log.warn(
      { error: (error as Error).message },
      'what the configuration says otherwise was not put into the audit trail',
    );
  });
}

/** That a start made the administrator, or gave them the password of the configuration. */
export const administratorLine = (what: 'administrator-made' | 'administrator-password'): AuditNote => ({
  ...none,
  action: 'config',
  what,
  subject: 'admin',
  detail: null,
});

/** That a listener has another certificate from now on. `until`: Unix milliseconds. */
export const certificateLine = (listener: string, until: number): AuditNote => ({
  ...none,
  action: 'config',
  what: 'certificate',
  subject: listener,
  detail: { until: new Date(until).toISOString() },
});
