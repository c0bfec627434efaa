// Where in the form of a command type something belongs that the gateway says about it.
import type { FieldProblem } from '@telltale/gateway/contract';
import { placeOf } from './param-rows.ts';
import type { ExpectForm, TypeForm } from './type-form.ts';

const fields = [
  'id',
  'name',
  'title',
  'description',
  'devices',
  'tags',
  'models',
  'params',
  'danger',
  'secondPerson',
  'ttlMs',
  'retries',
  'retryAfterMs',
  'supersede',
  'reply',
  'expect',
] as const;

/** By the place of the form: `ttlMs`, `expect.0.metric`, `params.0.minimum`; '' is the form as a whole. */
export type Places = ReadonlyMap<string, readonly FieldProblem[]>;

/** The problems of the gateway by the place that each is about. */
export function placesOf(form: TypeForm, problems: readonly FieldProblem[]): Places {
  const found = new Map<string, FieldProblem[]>();
  for (const problem of problems) {
    // What has another type than it should is told with where the request has it.
    const given = { ...problem, where: problem.where.replace(/^(json|param)\./, '') };
    const place = placeIn(form, given);
    found.set(place, [...(found.get(place) ?? []), given]);
  }
  return found;
}

function placeIn({ params, expect }: TypeForm, problem: FieldProblem): string {
  const [field = '', at = '', key] = problem.where.split('.');
  if (field === 'params' && params.mode === 'rows') {
    const place = placeOf(params.table.rows, problem);
    return place === null ? 'params' : `params.${place.row}.${place.field}`;
  }
  if (field === 'expect' && expect[Number(at)] !== undefined && at !== '') {
    const { how } = expect[Number(at)] as ExpectForm;
    const shown = ['metric', 'withinMs', ...(how === 'equals' ? ['equals'] : ['min', 'max'])];
    return key !== undefined && shown.includes(key) ? `expect.${at}.${key}` : `expect.${at}`;
  }
  return (fields as readonly string[]).includes(field) ? field : '';
}

/** Those that still stand: what was changed since it was asked is no longer what the gateway spoke of. */
export function standing(problems: Places, asked: TypeForm, now: TypeForm): Places {
  const isAsItWas = (place: string) => JSON.stringify(valueAt(asked, place)) === JSON.stringify(valueAt(now, place));
  return new Map([...problems].filter(([place]) => place === '' || isAsItWas(place)));
}

/** What is typed at a place. */
function valueAt(form: TypeForm, place: string): unknown {
  const [field = '', at = '', key = ''] = place.split('.');
  if (field === 'params' && at !== '') return Reflect.get(form.params.table.rows[Number(at)] ?? {}, key);
  if (field === 'expect' && at !== '') {
    const expect = form.expect[Number(at)] ?? {};
    return key === '' ? expect : Reflect.get(expect, key === 'withinMs' ? 'within' : key);
  }
  return Reflect.get(form, field === 'retryAfterMs' ? 'retryAfter' : field);
}
