// What somebody asks for, looked at before anything comes of it: sizes, times, and what is expected. REST has checked the
// same by its schema; a frame of the live stream comes here as it is.
import {
  type CommandRequest,
  type Expectation,
  type FieldProblem,
  isMetricName,
  limits,
  Refusal,
  type Value,
} from '../contract/index.ts';
import { jsonExcerpt, jsonLength } from '../lib/json.ts';

/** What came is repeated up to here. */
const gotLengthMax = 80;

/** A request of which every field is sound; what was expected in the form in which it is kept. */
export type CheckedRequest = Omit<CommandRequest, 'expect'> & { expect?: Expectation[] };

type Field = keyof CommandRequest;
type Check = { isSound(value: unknown): boolean; expected: string };

const text = (most: number, least = 0): Check => ({
  isSound: value => typeof value === 'string' && value.length >= least && value.length <= most,
  expected: least > 0 ? `text of ${least} to ${most} characters` : `at most ${most} characters`,
});
const integer = (least: number, most: number): Check => ({
  isSound: value => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
  expected: `an integer from ${least} to ${most}`,
});

const checks: Partial<Record<Field, Check>> = {
  params: {
    isSound: value => jsonLength(value) <= limits.commandParamsBytesMax,
    expected: `at most ${limits.commandParamsBytesMax} characters of JSON`,
  },
  ttlMs: integer(limits.commandTtlMsMin, limits.commandTtlMsMax),
  reason: text(limits.commandReasonLengthMax),
  supersede: text(limits.commandKeyLengthMax, 1),
  retries: integer(0, limits.commandRetriesMax),
  retryAfterMs: integer(limits.commandRetryMsMin, limits.commandRetryMsMax),
  reply: { isSound: value => typeof value === 'boolean', expected: 'true or false' },
  // A device's id, or the number of a group's devices.
  confirm: text(128),
};
const nameCheck = text(limits.commandNameLengthMax, 1);

/** The request as the ledger may take it. Throws Refusal('bad_request') that names every field that is wrong. */
export function checkRequest(request: CommandRequest): CheckedRequest {
  const problems: FieldProblem[] = [];
  if (!nameCheck.isSound(request.name)) problems.push(problem('name', nameCheck.expected, request.name));
  for (const [field, check] of Object.entries(checks) as [Field, Check][]) {
    const value = request[field];
    if (value !== undefined && !check.isSound(value)) problems.push(problem(field, check.expected, value));
  }
  const { expect, ...rest } = request;
  const expected = expect === undefined ? undefined : readExpectations(expect, problems);
  if (problems.length > 0) throw refusal('bad_request', problems);
  return { ...rest, ...(expected !== undefined && { expect: expected }) };
}

/** Throws Refusal('bad_request') where an idempotency key is too long, or nothing. */
export function checkKey(key: string | null): void {
  const check = text(limits.commandKeyLengthMax, 1);
  if (key !== null && !check.isSound(key)) throw refusal('bad_request', [problem('key', check.expected, key)]);
}

/** A refusal that says each thing that was wrong, in one sentence and field by field. */
export function refusal(code: 'bad_request' | 'params_refused' | 'confirm_needed', problems: FieldProblem[]): Refusal {
  const sentence = problems.map(({ where, expected, got }) => `${where}: expected ${expected}, got ${got}`).join('; ');
  return new Refusal(code, sentence, problems);
}

function problem(where: string, expected: string, got: unknown): FieldProblem {
  // A text that is too long is told by its length, and is not repeated.
  const isLong = typeof got === 'string' && got.length > gotLengthMax;
  return { where, expected, got: isLong ? `${got.length} characters` : jsonExcerpt(got, gotLengthMax) };
}

/** Expectations from wherever they came. What is wrong with them is added to `problems`. */
export function readExpectations(given: unknown, problems: FieldProblem[]): Expectation[] {
  const list = Array.isArray(given) ? given : [given];
  if (list.length > limits.expectationsMax) {
    problems.push({ where: 'expect', expected: `at most ${limits.expectationsMax}`, got: String(list.length) });
    return [];
  }
  return list.flatMap((each: unknown, at) => {
    const where = Array.isArray(given) ? `expect.${at}` : 'expect';
    const found = expectationProblems(each, where);
    problems.push(...found);
    return found.length > 0 ? [] : [tidy(each as Partial<Expectation> & { metric: string })];
  });
}

const expectationFields = new Set(['metric', 'withinMs', 'equals', 'min', 'max']);

function expectationProblems(given: unknown, where: string): FieldProblem[] {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    return [problem(where, 'an object such as {"metric":"target","equals":21}', given)];
  }
  const { metric, withinMs, equals, min, max } = given as Record<string, unknown>;
  const within = integer(1, limits.expectWithinMsMax);
  const problems: FieldProblem[] = Object.keys(given)
    .filter(key => !expectationFields.has(key))
    .map(key => problem(`${where}.${key}`, 'no such key', Reflect.get(given, key)));
  const need = (key: string, isSound: boolean, expected: string, got: unknown) => {
    if (!isSound) problems.push(problem(`${where}.${key}`, expected, got));
  };
  need('metric', typeof metric === 'string' && isMetricName(metric), 'a metric: 1 to 128 characters, no / + #', metric);
  need('withinMs', withinMs === undefined || within.isSound(withinMs), within.expected, withinMs);
  need('equals', equals === undefined || isValue(equals), 'a number, true, false or text', equals);
  need('min', min === undefined || Number.isFinite(min), 'a number', min);
  need('max', max === undefined || Number.isFinite(max), 'a number', max);
  if ((equals === undefined) === (min === undefined && max === undefined)) {
    problems.push(problem(where, 'either equals, or min, max or both', given));
  }
  if (typeof min === 'number' && typeof max === 'number' && min > max) {
    problems.push(problem(`${where}.max`, `at least min, which is ${min}`, max));
  }
  return problems;
}

function isValue(value: unknown): value is Value {
  if (typeof value === 'string') return value.length <= limits.textLengthMax;
  return typeof value === 'boolean' || Number.isFinite(value);
}

function tidy({
  withinMs = limits.expectWithinMsDefault,
  ...rest
}: Partial<Expectation> & { metric: string }): Expectation {
  return { ...rest, withinMs };
}
