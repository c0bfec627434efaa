// What becomes of a request before it is a command: everything that it leaves open is filled in, and what cannot be is
// refused.
import {
  type Command,
  type CommandRequest,
  type ExpectationAsk,
  isMetricName,
  limits,
  Refusal,
} from '../contract/index.ts';
import { jsonLength } from '../lib/json.ts';

/** All that a command takes over from its request and its type. */
export type Plan = Pick<
  Command,
  'type' | 'params' | 'expect' | 'retries' | 'retryAfterMs' | 'reply' | 'supersede' | 'needsApproval'
> & { ttlMs: number };

/** The plan of a request whose command has no type. */
export function plainPlan(request: CommandRequest): Plan {
  checkSizes(request);
  const asked = request.expect === undefined ? [] : [request.expect].flat();
  const expect = asked.map(each => ({ ...each, withinMs: each.withinMs ?? limits.expectWithinMsDefault }));
  for (const each of asked) checkExpectation(each);
  const reply = request.reply ?? true;
  if (!reply && expect.length === 0) {
    throw new Refusal('bad_request', 'expect: a device that does not answer needs something that proves it');
  }
  return {
    type: null,
    params: request.params ?? null,
    expect,
    reply,
    retries: request.retries ?? 0,
    retryAfterMs: request.retryAfterMs ?? limits.commandRetryMsDefault,
    supersede: request.supersede ?? null,
    needsApproval: false,
    ttlMs: request.ttlMs ?? limits.commandTtlMsDefault,
  };
}

/** REST has checked the same by its schema; a frame of the live stream comes here as it is. */
function checkSizes({ name, params, reason = '', supersede = '', ...request }: CommandRequest): void {
  const sizes: [field: string, size: number, max: number][] = [
    ['name', name.length, limits.commandNameLengthMax],
    ['params', jsonLength(params), limits.commandParamsBytesMax],
    ['reason', reason.length, limits.commandReasonLengthMax],
    ['supersede', supersede.length, limits.commandKeyLengthMax],
  ];
  for (const [field, size, max] of sizes) {
    if (size > max) throw new Refusal('bad_request', `${field}: expected at most ${max} characters, got ${size}`);
  }
  within('ttlMs', request.ttlMs, limits.commandTtlMsMin, limits.commandTtlMsMax);
  within('retries', request.retries, 0, limits.commandRetriesMax);
  within('retryAfterMs', request.retryAfterMs, limits.commandRetryMsMin, limits.commandRetryMsMax);
}

function within(field: string, given: number | undefined, min: number, max: number): void {
  if (given === undefined || (Number.isInteger(given) && given >= min && given <= max)) return;
  throw new Refusal('bad_request', `${field}: expected ${min} to ${max}, got ${given}`);
}

function checkExpectation({ metric, withinMs, equals, min, max }: ExpectationAsk): void {
  const wrong = (what: string) => new Refusal('bad_request', `expect: ${what}`);
  if (typeof metric !== 'string' || !isMetricName(metric)) throw wrong('expected the name of a metric');
  within('expect.withinMs', withinMs, 1, limits.expectWithinMsMax);
  const isRange = min !== undefined || max !== undefined;
  if ((equals !== undefined) === isRange) throw wrong('expected either equals, or min, max or both');
  if (equals !== undefined && !['number', 'boolean', 'string'].includes(typeof equals)) {
    throw wrong('equals: expected a number, a boolean or text');
  }
}
