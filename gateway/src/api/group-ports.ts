// What the API asks of those who know groups of commands.
import type { Command, CommandGroup, GroupPreview, GroupRequest, GroupTarget } from '../contract/index.ts';
import type { Sees } from './sight.ts';

type Requester = { by: string; from: string };
/** A group and the devices that it is for. */
export type GroupOf = { group: CommandGroup; devices: string[] };

export type GroupPorts = {
  preview(target: Partial<GroupTarget>, sees: Sees): Promise<GroupPreview>;
  create(request: GroupRequest, key: string | null, requester: Requester, sees: Sees): Promise<CommandGroup>;
  /** Throws Refusal('not_found'). */
  get(id: string): Promise<GroupOf>;
  /** Newest first, of those whose id is smaller than `before`; the devices are empty unless they are wanted. */
  list(before: string, limit: number, withDevices: boolean): Promise<GroupOf[]>;
  /** Newest first, of those whose id is smaller than `before`. */
  commands(filter: { group: string; failed: boolean }, before: string, limit: number): Promise<Command[]>;
  approve(id: string, requester: Requester): Promise<CommandGroup>;
  stop(id: string, reason: string | null, requester: Requester): Promise<CommandGroup>;
};
