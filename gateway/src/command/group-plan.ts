// What a group is looked at for before anything is asked: whether every one of its devices would take the command.
import { setImmediate } from 'node:timers/promises';
import { type CommandRequest, Refusal } from '../contract/index.ts';

/** Devices that are looked at in one turn of the event loop. */
const plannedAtOnce = 250;

type Plan = (device: string, request: CommandRequest, confirmation: string) => { needsApproval: boolean };

/**
 * True where another person has to agree first, because one of the devices needs it. Throws the Refusal of the first
 * device that would refuse, with its name.
 */
export async function planAll(plan: Plan, devices: readonly string[], request: CommandRequest): Promise<boolean> {
  let waits = false;
  for (const [at, device] of devices.entries()) {
    if (at % plannedAtOnce === plannedAtOnce - 1) await setImmediate();
    try {
      if (plan(device, request, String(devices.length)).needsApproval) waits = true;
    } catch (error) {
      if (error instanceof Refusal) throw new Refusal(error.code, `${device}: ${error.detail ?? error.message}`);
      throw error;
    }
  }
  return waits;
}
