// A group of commands as it is kept, and how a new one comes out of what was asked for.
import {
  type Approval,
  type CommandGroup,
  type CommandRequest,
  type GroupRequest,
  type GroupTarget,
  limits,
  Refusal,
} from '../contract/index.ts';
import type { Requester } from './command.ts';

/** The counts of `group` are what the commands tell, in memory while it runs and in the store once it is over. */
export type GroupRow = {
  group: CommandGroup;
  /** Ids in order, fixed when the group was made. */
  devices: string[];
  /** What each device is asked. */
  request: CommandRequest;
  /** Who asked and their idempotency key, as one text; null where none was given. */
  key: string | null;
  approval: Approval | null;
  /** Devices that the gateway refused, all of them; `group.refusals` has the first, with why. */
  refused: string[];
};

/** `stopping` is a stopped group of which some commands are still open. */
export type GroupColumn = CommandGroup['state'] | 'stopping';

/** A line of the audit trail. */
export type GroupLine = {
  what: 'made' | 'approved' | 'stopped' | 'finished';
  at: number;
  by: string | null;
  from: string | null;
  reason: string | null;
};

/** Patterns and tags as they are kept. */
export function targetOf({ devices = [], tags = [] }: Partial<GroupTarget>): GroupTarget {
  return { devices: [...new Set(devices)], tags: [...new Set(tags)] };
}

/** Refuses a list of devices that no group can have, or that is not the one that whoever asks has seen. */
export function checkDevices(found: readonly string[], { confirm }: GroupRequest): void {
  const { length } = found;
  if (length === 0) throw new Refusal('unprocessable', 'no device fits; expected at least one');
  if (length > limits.groupDevicesMax) {
    throw new Refusal('unprocessable', `expected at most ${limits.groupDevicesMax} devices, got ${length}`);
  }
  if (confirm !== undefined && confirm !== String(length)) {
    const got = JSON.stringify(confirm);
    throw new Refusal('confirm_needed', `confirm: expected the number of devices, ${length}, got ${got}`);
  }
}

/** What each device is asked: the request without what concerns the group alone. */
export function requestOf(asked: GroupRequest): CommandRequest {
  const { devices: _devices, tags: _tags, concurrency: _concurrency, failuresMax: _failuresMax, ...request } = asked;
  return request;
}

type Made = { id: string; now: number; key: string | null; devices: string[]; waits: boolean };

/** The row of a new group, with what was left out filled in. */
export function newRow(asked: GroupRequest, { by, from }: Requester, made: Made): GroupRow {
  const { id, now, key, devices, waits } = made;
  const { concurrency, failuresMax } = asked;
  const request = requestOf(asked);
  const group: CommandGroup = {
    id,
    target: targetOf(asked),
    name: request.name,
    params: request.params ?? null,
    state: waits ? 'waiting' : 'running',
    stopped: null,
    createdAt: now,
    updatedAt: now,
    by,
    from,
    reason: request.reason ?? null,
    total: devices.length,
    counts: { pending: devices.length },
    concurrency: concurrency ?? limits.groupConcurrencyDefault,
    failuresMax: failuresMax ?? Math.max(1, Math.floor(devices.length / 10)),
    approvedBy: null,
    refusals: [],
  };
  return { group, devices, request, key, approval: null, refused: [] };
}

/** True where the same was asked for once more. */
export function isSameRequest({ group, request }: GroupRow, asked: GroupRequest): boolean {
  const essence = (...parts: unknown[]) => JSON.stringify(parts);
  return (
    essence(group.target, request.name, request.params ?? null) ===
    essence(targetOf(asked), asked.name, asked.params ?? null)
  );
}
