// Who controls a device and how it should be: desired and reported state, groups of commands, who else
// is there, and the audit trail.
import type { CommandState } from './command.ts';
import type { Page } from './rest.ts';
import type { Millis, Value } from './words.ts';

/** A field that somebody set; `by` names who. */
export type DesiredField = { value: Value; at: Millis; by: string };
/** A field that the device told. */
export type ReportedField = { value: Value; at: Millis };

/** How a device should be, how it says that it is, and what is between the two. */
export type DeviceState = {
  device: string;
  /** Grows by one with each change of `desired`; 0 where nothing was ever desired. */
  version: number;
  desired: Record<string, DesiredField>;
  reported: Record<string, ReportedField>;
  /** Desired fields that the device does not report so. */
  difference: Record<string, Value>;
};
/** Fields to set; null takes one back. `reason` is kept. */
export type DesiredChange = { fields: Record<string, Value | null>; reason?: string };
/** One change of either side. `by` is null where the device said it; `version` is null there, too. */
export type StateChange = {
  id: number;
  device: string;
  at: Millis;
  side: 'desired' | 'reported';
  version: number | null;
  fields: Record<string, Value | null>;
  by: string | null;
  from: string | null;
  reason: string | null;
};
/** What the device receives on `devices/{id}/desired`: the fields that are to change. */
export type DesiredPayload = { version: number; fields: Record<string, Value> };

/** Which devices a group is for: those that fit a pattern or have a tag. */
export type GroupTarget = { devices: string[]; tags: string[] };
export const groupStates = ['waiting', 'running', 'stopped', 'finished'] as const;
/** waiting: another person has to agree. stopped: by somebody, or because too many failed. */
export type GroupState = (typeof groupStates)[number];
/** One command to many devices. `counts` has every state that a command of it is in, and `pending`: not asked yet. */
export type CommandGroup = {
  id: string;
  target: GroupTarget;
  name: string;
  params: unknown;
  state: GroupState;
  /** Why it was stopped. */
  stopped: 'withdrawn' | 'failures' | 'restored' | null;
  createdAt: Millis;
  updatedAt: Millis;
  by: string;
  from: string;
  reason: string | null;
  total: number;
  counts: Partial<Record<CommandState | 'pending' | 'refused', number>>;
  /** How many are open at once, and after how many that did not work it stops. */
  concurrency: number;
  failuresMax: number;
  approvedBy: string | null;
  /** Devices that were asked nothing because the gateway refused it, with why; the first of them. */
  refusals: { device: string; error: string }[];
};

/** Somebody has a device for himself: others send it nothing until it ends. In memory alone; a restart ends it. */
export type Lease = {
  /** The person: a user and that user's tokens are one. */
  by: string;
  since: Millis;
  /** By the gateway's clock as it stands when this is told; what counts is the time that goes by. */
  until: Millis;
  reason: string | null;
};
/** Asks for a lease, or for more time of one's own. `takeOver` takes another's, and needs a reason. */
export type LeaseRequest = { ttlMs?: number; reason?: string; takeOver?: boolean };
/** Who watches a device now, each person once and `limits.watchingMax` at the most, and who has it. */
export type DeviceControl = { device: string; watching: string[]; lease: Lease | null };
/** The newest command that was asked of a device, or change of its desired state; `name` is what was asked or set. */
export type LastChange = { by: string; at: Millis; what: 'command' | 'desired'; name: string };
export type DeviceControlAnswer = DeviceControl & { lastChange: LastChange | null };

export const auditActions = [
  'command',
  'desired',
  'lease',
  'group',
  'command-type',
  'session',
  'enrolment',
  'config',
  'tool',
  'rest',
] as const;
export type AuditAction = (typeof auditActions)[number];
/**
 * One line of the audit trail. `what` is the step: a command's state, `taken`, `released`, `put` and so on; of `session`
 * `sign-in`, `sign-in-refused` or `sign-out`; of `rest` method and route of a request that changed something and has no
 * line of its own kind; of `tool` the command. `detail` is what was asked, sent or answered.
 */
export type AuditEntry = {
  id: number;
  at: Millis;
  action: AuditAction;
  what: string;
  device: string | null;
  /** Null where the gateway or the device did it; `tool#` and an account's name where a tool on the machine did. */
  by: string | null;
  from: string | null;
  reason: string | null;
  /**
   * Id of the command, the group or the type; the name of a user or credential, the id of a token, void or enrolment
   * key; the file of a tool.
   */
  subject: string | null;
  detail: unknown;
};
/** A line without what whoever writes it adds. */
export type AuditNote = Omit<AuditEntry, 'id' | 'at'>;
/** Which lines are asked for; all that are given have to fit. `from` is the first instant, `to` the first one after. */
export type AuditFilter = {
  device?: string;
  /** Exactly; of a token `user/token`. */
  by?: string;
  action?: AuditAction;
  subject?: string;
  from?: Millis;
  to?: Millis;
};
export type AuditPage = Page<AuditEntry>;
