// What a group is looked at for before anything is asked: whether every one of its devices would take the command. They
// may be of several types of one name, so that what fits one does not fit another.
import { setImmediate } from 'node:timers/promises';
import { type CommandRequest, type FieldProblem, type Millis, Refusal } from '../contract/index.ts';

/** So long others wait while devices are looked at: parameters may be large, and a look at them a long one. */
const turnMs = 10;
/** Devices that are named where they would refuse. More is no list to work through. */
const namedMax = 20;
/** Of what is wrong with the parameters of one device so much is told: they may be wrong in a thousand places. */
const whyLengthMax = 500;
const fieldsMax = 5;

export type GroupPlan = { needsApproval: boolean; ttlMs: Millis };
type Plan = (device: string, request: CommandRequest, confirmation: string) => GroupPlan;
/** Devices that would refuse for the same reason. */
type Alike = { devices: string[]; refusal: Refusal };

/**
 * True where another person has to agree first, because one of the devices needs it. Where devices would refuse it throws
 * a Refusal that names the first of them, each with why. That something is dangerous and not confirmed is said only where
 * nothing else is in the way: who confirms has seen the last word.
 */
export async function planAll(plan: Plan, devices: readonly string[], request: CommandRequest): Promise<boolean> {
  let waits = false;
  const refused: Alike[] = [];
  const unconfirmed: Alike[] = [];
  let turnOverAt = performance.now() + turnMs;
  for (const device of devices) {
    if (performance.now() >= turnOverAt) {
      await setImmediate();
      turnOverAt = performance.now() + turnMs;
    }
    try {
      if (plan(device, request, String(devices.length)).needsApproval) waits = true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const isUnconfirmed = error.code === 'confirm_needed';
      if (!isUnconfirmed || count(unconfirmed) < namedMax) add(isUnconfirmed ? unconfirmed : refused, device, error);
    }
    if (count(refused) >= namedMax) break;
  }
  if (refused.length > 0) throw refusalOf(refused);
  if (unconfirmed.length > 0) throw refusalOf(unconfirmed);
  return waits;
}

const count = (alike: readonly Alike[]): number => alike.reduce((sum, { devices }) => sum + devices.length, 0);

function add(alike: Alike[], device: string, refusal: Refusal): void {
  const known = alike.find(other => other.refusal.message === refusal.message);
  if (known === undefined) alike.push({ devices: [device], refusal });
  else known.devices.push(device);
}

function refusalOf(alike: readonly Alike[]): Refusal {
  const [first] = alike as [Alike];
  const code = alike.every(({ refusal }) => refusal.code === first.refusal.code) ? first.refusal.code : 'unprocessable';
  const more = count(alike) < namedMax ? '' : '; and perhaps more';
  const detail = alike.map(({ devices, refusal }) => `${devices.join(', ')}: ${whyOf(refusal)}`).join('; ');
  // What is the same for all of them is wrong with the request: its fields are named as they are for one device.
  const errors = alike.length === 1 ? first.refusal.errors?.slice(0, fieldsMax) : alike.flatMap(fieldsOf);
  return new Refusal(code, `${detail}${more}`, errors);
}

function whyOf({ detail, message }: Refusal): string {
  const why = detail ?? message;
  return why.length > whyLengthMax ? `${why.slice(0, whyLengthMax)}…` : why;
}

function fieldsOf({ devices, refusal }: Alike): FieldProblem[] {
  const who = devices.join(', ');
  return (refusal.errors ?? []).slice(0, fieldsMax).map(field => ({ ...field, where: `${who}: ${field.where}` }));
}
