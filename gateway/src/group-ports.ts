// What groups of commands ask of the stages.
import { Groups } from './command/index.ts';
import type { Stages } from './gateway.ts';
import { devicesOf, groupTables, loadOpenGroups } from './group-tables.ts';

export function makeGroups(
  stages: Pick<Stages, 'clock' | 'commandTypes' | 'commands' | 'devices' | 'sights' | 'store'>,
): Groups {
  const { clock, commands, devices, sights, store } = stages;
  return new Groups({
    clock,
    ...groupTables(store),
    devicesOf: (target, sees) => devicesOf(devices, (scope, id) => sights.covers(scope, id), target, sees),
    plan: (device, request, confirmation) => stages.commandTypes.plan(device, request, confirmation),
    request: (device, request, { key, requester, ...options }) =>
      commands.request(device, request, key, requester, options),
    cancel: (command, requester) => commands.cancel(command, requester),
  });
}

/** Takes up the groups that were not over when the gateway stopped, once the commands were. */
export async function resumeGroups(
  { groups, store }: Pick<Stages, 'groups' | 'store'>,
  restored: boolean,
): Promise<void> {
  const { rows, lastId } = await loadOpenGroups(store);
  await groups.resume(rows, { restored, lastId });
}
