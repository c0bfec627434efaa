// A line of the audit trail as a sentence.
import { type AuditEntry, type Expectation, type Proof, personOf } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatValue } from '../i18n/format.ts';
import { jsonWords } from './command-words.ts';
import { expectationWords } from './expectation-words.ts';

const words = text.audit;

/** What the gateway wrote of a command; a later version may write less or more. */
type CommandDetail = {
  cause?: string;
  name?: string;
  params?: unknown;
  expect?: Expectation[];
  result?: unknown;
  error?: string | null;
  proof?: Proof[] | null;
};

/** Longer parameters and answers are cut; the details have all of them. */
const shownMax = 80;
const short = (json: string) => (json.length > shownMax ? `${json.slice(0, shownMax - 1)}…` : json);
const shortJson = (value: unknown) => short(jsonWords(value));

/** Before the account of whoever ran a tool beside the gateway. */
const machine = 'tool#';
const answers: readonly unknown[] = ['answer', 'late-answer'];

/** Who did it: a person, the device that answered, or the gateway. */
export function whoOf({ by, device, detail, action }: Pick<AuditEntry, 'by' | 'device' | 'detail' | 'action'>): string {
  if (by?.startsWith(machine)) return words.onMachine(by.slice(machine.length));
  if (by !== null) return personOf(by);
  const isAnswer = answers.includes((detail as { cause?: unknown } | null)?.cause);
  return (isAnswer || action === 'enrolment') && device !== null ? device : words.gateway;
}

/** What was done; where a person did it, the sentence that their name begins. */
export function whatOf(line: AuditEntry): string {
  switch (line.action) {
    case 'command':
      return commandWords(line, (line.detail ?? {}) as CommandDetail);
    case 'rest': {
      const what = (words.request[line.what] ?? (() => words.requestOther(line.what)))(
        line.device ?? line.subject ?? '',
      );
      return (line.detail as { status?: number } | null)?.status === undefined ? what : words.unfinished(what);
    }
    case 'session':
      return (
        words.session[line.what as keyof typeof words.session]?.(line.subject) ??
        words.step(words.action.session, line.what, '')
      );
    default: {
      const known = words.steps[`${line.action} ${line.what}`];
      const it = line.device ?? line.subject ?? '';
      if (known !== undefined) return known(it, aboutOf(line));
      return words.step(words.action[line.action], line.what, line.device ?? '');
    }
  }
}

/** What the gateway wrote of other kinds. */
type StepDetail = {
  name?: string;
  params?: unknown;
  total?: number;
  holder?: string;
  before?: string;
  fields?: unknown;
  key?: string;
  changed?: { key: string }[];
};

/**
 * The command of a group, the fields that were set, who had the device, the name of an enrolment key, or the keys of the
 * configuration; '' where the line does not say.
 */
function aboutOf(line: AuditEntry): string {
  const { name, params, total = 0, holder, before, fields, key, changed } = (line.detail ?? {}) as StepDetail;
  if (line.action === 'group') return words.toMany([name ?? '', shortJson(params)].join(' ').trim(), total);
  if (line.action === 'config') return short((changed ?? []).map(each => each.key).join(', '));
  return line.action === 'desired' ? shortJson(fields) : (before ?? holder ?? key ?? '');
}

function commandWords(line: AuditEntry, detail: CommandDetail): string {
  const { command } = words;
  const device = line.device ?? '';
  const what = [detail.name ?? '', shortJson(detail.params)].join(' ').trim();
  switch (line.what) {
    case 'queued':
      if (detail.name === undefined) break;
      return command.asked(what, device) + expected(detail.expect ?? []);
    case 'approved':
      return command.approved(device);
    case 'sent':
      return command.sent(what, device);
    case 'delivered':
      return command.delivered(device);
    case 'acknowledged':
    case 'rejected':
      return answered(line.what === 'acknowledged', device, detail);
    case 'verified':
    case 'contradicted':
      // What the readings have shown stands, and has a line of its own: this one is about the answer.
      if (answers.includes(detail.cause)) {
        return answered((detail.error ?? null) === null, device, detail) + command.stands[line.what];
      }
      return command[line.what](device, (detail.proof ?? []).map(proved).join(text.command.effect.and));
    case 'cancelled':
      return line.by === null ? command.cancelledByGateway(device) : command.cancelled(device);
  }
  return command.other[line.what]?.(device) ?? words.step(words.action.command, line.what, device);
}

function answered(ok: boolean, device: string, { result, error }: CommandDetail): string {
  const { command } = words;
  return ok ? command.acknowledged(device, shortJson(result)) : command.rejected(device, short(error ?? ''));
}

function expected(expectations: readonly Expectation[]): string {
  if (expectations.length === 0) return '';
  return words.command.doneWhen(expectations.map(each => expectationWords(each)).join(text.command.effect.and));
}

const proved = ({ metric, value }: Proof) =>
  value === null ? words.command.noReading(metric) : text.command.effect.is(metric, formatValue(value));
