// How command types lie in the store. Each change leaves a line in the audit trail, in the same commit.
import { auditEffect } from './audit-tables.ts';
import type { CommandTypesPorts } from './command/index.ts';
import { type CommandType, limits } from './contract/index.ts';
import type { Clock } from './lib/clock.ts';
import type { Effect, Store } from './store/index.ts';

export function commandTypeTables(store: Store, clock: Clock): Pick<CommandTypesPorts, 'save'> {
  return {
    save(id, type, { by, from }) {
      const change: Effect = type === null ? ['commandType.delete', id] : ['commandType.put', id, JSON.stringify(type)];
      const line = { action: 'command-type', what: type === null ? 'deleted' : 'put', subject: id, by, from } as const;
      return store.write([change, auditEffect({ ...line, at: clock.now(), device: null, reason: null, detail: type })]);
    },
  };
}

export async function loadCommandTypes(store: Store): Promise<CommandType[]> {
  const rows = await store.query<{ body: string }>('commandType.all', limits.commandTypesMax);
  return rows.map(({ body }) => JSON.parse(body) as CommandType);
}
