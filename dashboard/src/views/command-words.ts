// What a number of a form may be, and what a command is expected to do, in words.
import type { CommandType, Value } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatNumber, formatValue } from '../i18n/format.ts';
import type { NumberField, ParamField } from '../model/command-fields.ts';
import { effectWords } from './expectation-words.ts';

/** `0 to 3,000 rpm, in steps of 10`; '' where any number will do. */
export function numberWords({ isInteger, min, max, minIsOut, maxIsOut, step, unit }: NumberField): string {
  const words = text.command.number;
  const range: string[] = [];
  if (min !== null && max !== null && !minIsOut && !maxIsOut) {
    range.push(words.between(formatNumber(min), formatNumber(max)));
  } else {
    if (min !== null) range.push((minIsOut ? words.moreThan : words.atLeast)(formatNumber(min)));
    if (max !== null) range.push((maxIsOut ? words.lessThan : words.atMost)(formatNumber(max)));
  }
  const bounds = range.join(', ') + (range.length > 0 && unit !== null ? ` ${unit}` : '');
  const steps = step !== null ? words.step(formatNumber(step)) : isInteger ? words.whole : '';
  return [bounds, steps].filter(part => part !== '').join(', ');
}

/** What stands below a field: what it is for, and what it takes. */
export function hintOf(field: ParamField): string {
  const limits = field.kind === 'number' ? numberWords(field) : '';
  return [field.description ?? '', limits].filter(part => part !== '').join(' · ');
}

/** The effect of a type for these parameters; one without a value yet stands by its label. */
export function typeEffectWords(
  { expect }: Pick<CommandType, 'expect'>,
  params: Readonly<Record<string, unknown>>,
  labelOf: (param: string) => string,
): string {
  return effectWords(expect, from => {
    if (typeof from !== 'object') return formatValue(from);
    const value = params[from.param];
    return isValue(value) ? formatValue(value) : labelOf(from.param);
  });
}

/** Parameters or an answer as they stand in a line; '' for nothing, and for an object with nothing in it. */
export function jsonWords(value: unknown): string {
  const json = value === null || value === undefined ? '' : JSON.stringify(value);
  return json === '{}' ? '' : json;
}

/**
 * The same as people read it: `rpm = 1200, mode = "hand"`. Where that would not say all of it, or could be taken for
 * something else, it is JSON: text is always in quotes, so that none can look like a parameter more.
 */
export function plainWords(value: unknown): string {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return jsonWords(value);
  const entries = Object.entries(value);
  const isPlain = entries.every(([name, inner]) => /^[\w.-]+$/.test(name) && isValue(inner));
  return isPlain ? entries.map(([name, inner]) => `${name} = ${JSON.stringify(inner)}`).join(', ') : jsonWords(value);
}

function isValue(value: unknown): value is Value {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
