// What a number of a form may be, and what a command is expected to do, in words.
import type { CommandType, ExpectationTemplate, FromParam, Value } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatDuration, formatNumber, formatValue } from '../i18n/format.ts';
import type { NumberField, ParamField } from '../model/command-fields.ts';

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

/** `Done when the device reports target = 21 within 10 s.`; a parameter without a value yet stands by its label. */
export function effectWords(
  { expect }: Pick<CommandType, 'expect'>,
  params: Readonly<Record<string, unknown>>,
  labelOf: (param: string) => string,
): string {
  if (expect.length === 0) return text.command.effect.none;
  const longest = Math.max(...expect.map(({ withinMs }) => withinMs));
  const shown = (from: FromParam<Value>) => {
    if (typeof from !== 'object') return formatValue(from);
    const value = params[from.param];
    return isValue(value) ? formatValue(value) : labelOf(from.param);
  };
  const each = expect.map(template => oneEffect(template, shown));
  return text.command.effect.proved(each.join(text.command.effect.and), formatDuration(longest));
}

function oneEffect({ metric, equals, min, max }: ExpectationTemplate, shown: (from: FromParam<Value>) => string) {
  const words = text.command.effect;
  if (equals !== undefined) return words.is(metric, shown(equals));
  if (min !== undefined && max !== undefined) return words.between(metric, shown(min), shown(max));
  return min !== undefined ? words.atLeast(metric, shown(min)) : words.atMost(metric, shown(max ?? 0));
}

function isValue(value: unknown): value is Value {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
