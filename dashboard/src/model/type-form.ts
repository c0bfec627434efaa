// A command type as an administrator fills it in, and the request that it comes to.
import {
  type CommandType,
  type CommandTypeRequest,
  type CommandTypeTarget,
  type Danger,
  type ExpectationTemplate,
  type FromParam,
  type JsonSchema,
  limits,
  type Value,
} from '@telltale/gateway/contract';
import { readField, writeField } from './field-text.ts';
import { isShowable, type ParamRows, type RowProblem, rowsOf, schemaOf } from './param-rows.ts';
import { linesOf } from './scope-draft.ts';

/** A value that is typed, or the parameter that it is taken from; '' is none. */
export type TermForm = { param: string; value: string };
export type ExpectForm = {
  metric: string;
  how: 'equals' | 'range';
  equals: TermForm;
  min: TermForm;
  max: TermForm;
  /** Seconds. */
  within: string;
};

/**
 * any: whatever is sent is taken; what was written is kept, in case that is changed back. It is in the JSON where there is
 * some, else in the table.
 */
export type ParamsForm = { mode: 'any' | 'rows' | 'json'; table: ParamRows; json: string };

export type TypeForm = {
  id: string;
  name: string;
  title: string;
  description: string;
  /** It fits every device; what is typed for some is kept. */
  all: boolean;
  devices: string;
  tags: string;
  models: string;
  params: ParamsForm;
  danger: Danger;
  secondPerson: boolean;
  ttlMs: number;
  retries: string;
  /** Seconds. */
  retryAfter: string;
  supersede: boolean;
  reply: boolean;
  expect: readonly ExpectForm[];
};

const noTerm: TermForm = Object.freeze({ param: '', value: '' });
const noTable: ParamRows = Object.freeze({ rows: [], others: false });

export const emptyExpect: ExpectForm = Object.freeze({
  metric: '',
  how: 'equals',
  equals: noTerm,
  min: noTerm,
  max: noTerm,
  within: secondsOf(limits.expectWithinMsDefault),
});

/** What a command type is where nobody says otherwise: of no parameters, for every device. */
export const emptyTypeForm: TypeForm = Object.freeze({
  id: '',
  name: '',
  title: '',
  description: '',
  all: true,
  devices: '',
  tags: '',
  models: '',
  params: Object.freeze({ mode: 'rows', table: noTable, json: '' }),
  danger: 'none',
  secondPerson: false,
  ttlMs: limits.commandTtlMsDefault,
  retries: '0',
  retryAfter: secondsOf(limits.commandRetryMsDefault),
  supersede: false,
  reply: true,
  expect: [],
});

export function formOf(type: CommandType): TypeForm {
  const { devices, tags, models } = type;
  return {
    id: type.id,
    name: type.name,
    title: type.title ?? '',
    description: type.description ?? '',
    all: devices.length + tags.length + models.length === 0,
    devices: devices.join('\n'),
    tags: tags.join('\n'),
    models: models.join('\n'),
    params: paramsOf(type.params),
    danger: type.danger,
    secondPerson: type.secondPerson,
    ttlMs: type.ttlMs,
    retries: String(type.retries),
    retryAfter: secondsOf(type.retryAfterMs),
    supersede: type.supersede,
    reply: type.reply,
    expect: type.expect.map(expectOf),
  };
}

function paramsOf(schema: JsonSchema | null): ParamsForm {
  if (schema === null) return { mode: 'any', table: noTable, json: '' };
  const table = rowsOf(schema);
  if (table === null) return { mode: 'json', table: noTable, json: JSON.stringify(schema, null, 2) };
  return { mode: 'rows', table, json: '' };
}

function expectOf({ metric, withinMs, equals, min, max }: ExpectationTemplate): ExpectForm {
  return {
    metric,
    how: equals === undefined ? 'range' : 'equals',
    equals: termOf(equals, writeField),
    min: termOf(min, String),
    max: termOf(max, String),
    within: secondsOf(withinMs),
  };
}

function termOf<Given extends Value>(from: FromParam<Given> | undefined, write: (value: Given) => string): TermForm {
  if (from === undefined) return noTerm;
  // No text is a value, too: it stands in quotes, for what is left empty is no value.
  return typeof from === 'object' ? { param: from.param, value: '' } : { param: '', value: write(from) || '""' };
}

function secondsOf(ms: number): string {
  return String(ms / 1000);
}

/** The other way of writing the same parameters; null where it cannot be changed to. */
export function withMode(params: ParamsForm, mode: ParamsForm['mode']): ParamsForm | null {
  const { table, json } = params;
  if (mode === params.mode) return params;
  if (mode === 'json' && json.trim() === '') {
    const read = schemaOf(table);
    return read.ok ? { ...params, mode, json: JSON.stringify(read.schema, null, 2) } : null;
  }
  if (mode === 'rows' && json.trim() !== '') {
    const rows = rowsOf(parsed(json));
    return rows === null ? null : { mode, table: rows, json: '' };
  }
  return { ...params, mode };
}

/** Undefined where it is no JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** What cannot be asked for as it is typed; all else is for the gateway to judge. */
export type FormProblem = { place: string; kind: RowProblem['kind'] | 'nothing' | 'json' | 'dots' };

export type ReadForm = { ok: true; request: CommandTypeRequest } | { ok: false; problems: FormProblem[] };

/**
 * The request; a title or a description that is left empty is none. What was not changed in the type that was `opened`
 * stays as it is there to the letter, even where the form has no room for all of it, as for blanks around a title.
 */
export function requestOf(form: TypeForm, opened: CommandType | null = null): ReadForm {
  const read = readForm(form);
  const before = opened === null ? null : readForm(formOf(opened));
  if (opened === null || !read.ok || !before?.ok) return read;
  const isAsOpened = (key: string) =>
    JSON.stringify(Reflect.get(read.request, key)) === JSON.stringify(Reflect.get(before.request, key));
  const kept = Object.entries(opened).filter(([key]) => key in read.request && isAsOpened(key));
  return { ok: true, request: { ...read.request, ...Object.fromEntries(kept) } };
}

function readForm(form: TypeForm): ReadForm {
  const problems: FormProblem[] = [];
  const wrong = (place: string, kind: FormProblem['kind']) => void problems.push({ place, kind });
  const number = (place: string, typed: string, factor = 1) => {
    const value = Number(typed);
    if (typed.trim() === '' || !Number.isFinite(value)) wrong(place, 'number');
    return factor === 1 ? value : Math.round(value * factor);
  };
  const request: CommandTypeRequest = {
    name: form.name.trim(),
    title: form.title.trim() || null,
    description: form.description.trim() || null,
    ...targetOf(form),
    params: readParams(form.params, wrong),
    danger: form.danger,
    secondPerson: form.secondPerson,
    ttlMs: form.ttlMs,
    retries: number('retries', form.retries),
    retryAfterMs: number('retryAfterMs', form.retryAfter, 1000),
    supersede: form.supersede,
    reply: form.reply,
    expect: form.expect.map((each, at) => {
      const place = `expect.${at}`;
      const withinMs = number(`${place}.withinMs`, each.within, 1000);
      return { metric: each.metric.trim(), withinMs, ...readTerms(each, place, wrong) };
    }),
  };
  if (form.name.trim() === '') wrong('name', 'nothing');
  if (form.id.trim() === '') wrong('id', 'nothing');
  // As the end of an address that is a step up: something else would be asked for.
  if (/^\.\.?$/.test(form.id.trim())) wrong('id', 'dots');
  if (!form.all && fitsAll(request)) wrong('devices', 'nothing');
  return problems.length === 0 ? { ok: true, request } : { ok: false, problems };
}

/** Without any it fits every device. */
export function targetOf({ all, devices, tags, models }: TypeForm): CommandTypeTarget {
  const lines = (typed: string) => (all ? [] : linesOf(typed));
  return { devices: lines(devices), tags: lines(tags), models: lines(models) };
}

export function fitsAll({ devices = [], tags = [], models = [] }: Partial<CommandTypeTarget>): boolean {
  return devices.length + tags.length + models.length === 0;
}

type Wrong = (place: string, kind: FormProblem['kind']) => void;

function readParams({ mode, table, json }: ParamsForm, wrong: Wrong): JsonSchema | null {
  if (mode === 'any') return null;
  if (mode === 'json') {
    const given = parsed(json);
    // Null would take anything, which is said in another way.
    if (given === undefined || given === null) wrong('params', 'json');
    return given as JsonSchema;
  }
  const read = schemaOf(table);
  if (read.ok) return read.schema;
  for (const { row, field, kind } of read.problems) wrong(`params.${row}.${field}`, kind);
  return null;
}

function readTerms({ how, equals, min, max }: ExpectForm, place: string, wrong: Wrong): Partial<ExpectationTemplate> {
  if (how === 'equals') {
    if (equals.param !== '') return { equals: { param: equals.param } };
    if (equals.value === '') wrong(`${place}.equals`, 'nothing');
    return { equals: readField(equals.value) };
  }
  const bound = (key: 'min' | 'max', { param, value }: TermForm) => {
    if (param !== '') return { [key]: { param } };
    if (value.trim() === '') return {};
    if (!Number.isFinite(Number(value))) wrong(`${place}.${key}`, 'number');
    return { [key]: Number(value) };
  };
  const bounds = { ...bound('min', min), ...bound('max', max) };
  if (Object.keys(bounds).length === 0) wrong(`${place}.min`, 'nothing');
  return bounds;
}

/** The type as operators would have it; null while the request cannot be shown. */
export function shownType(id: string, request: CommandTypeRequest): CommandType | null {
  const { params = null } = request;
  if (params !== null && !isShowable(params)) return null;
  const given = requestOf({ ...emptyTypeForm, id: '-', name: '-' });
  if (!given.ok) return null;
  return { ...(given.request as CommandType), ...(request as Partial<CommandType>), id, source: 'rest' };
}
