// Who has a device and who changed it last: the ports of leases and of the calls about them.
import type { ApiPorts } from './api/index.ts';
import { Leases } from './command/index.ts';
import type { LastChange } from './contract/index.ts';
import type { Devices } from './device/index.ts';
import type { Stages } from './gateway.ts';
import type { Store } from './store/index.ts';
import * as tables from './tables.ts';

/**
 * Each change of a lease leaves a line in the audit trail. A lease does not wait for it: it ends with the process. A line
 * that cannot be written is counted as those of requests are.
 */
export function makeLeases(stages: Pick<Stages, 'audit' | 'clock' | 'live'>): Leases {
  return new Leases({
    clock: stages.clock,
    record: ({ at: _, ...step }) => stages.audit.note({ action: 'lease', subject: null, ...step }),
    changed: device => stages.live.controlChanged(device),
  });
}

export function controlPorts({ devices, leases, live, store }: Stages): ApiPorts['control'] {
  return {
    of: device => live.controlOf(device),
    lastChange: device => lastChange(store, devices, device),
    take: (device, request, asker) => leases.take(device, request, asker),
    release: (device, asker, any) => leases.release(device, asker, any),
  };
}

/** The newest command that was asked of a device, or change of its desired state. */
async function lastChange(store: Store, { desired }: Devices, device: string): Promise<LastChange | null> {
  const commands = await tables.listCommands(store, { device }, '~', 1);
  const found: LastChange[] = commands.map(({ by, createdAt: at, name }) => ({ by, at, what: 'command', name }));
  for (const [name, { by, at }] of Object.entries(desired.describe(device).desired)) {
    found.push({ by, at, what: 'desired', name });
  }
  return found.sort((a, b) => b.at - a.at)[0] ?? null;
}
