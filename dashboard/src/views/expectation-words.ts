// What is expected of a device's readings, and what they showed, in the same words wherever it is told.
import type { Command, ExpectationTemplate, FromParam, Proof, Value } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';
import { formatDuration, formatTime, formatValue } from '../i18n/format.ts';

const words = text.command.effect;

/** `target = 21`, `rpm from 300 to 400`. `shown` writes a value that may still be the name of a parameter. */
export function expectationWords(
  { metric, equals, min, max }: Omit<ExpectationTemplate, 'withinMs'>,
  shown: (from: FromParam<Value>) => string = from => (typeof from === 'object' ? from.param : formatValue(from)),
): string {
  if (equals !== undefined) return words.is(metric, shown(equals));
  if (min !== undefined && max !== undefined) return words.between(metric, shown(min), shown(max));
  return min !== undefined ? words.atLeast(metric, shown(min)) : words.atMost(metric, shown(max ?? 0));
}

/** `Done when the device reports target = 21 within 10 s.`, or that nothing will prove it. */
export function effectWords(
  expect: readonly ExpectationTemplate[],
  shown?: (from: FromParam<Value>) => string,
): string {
  if (expect.length === 0) return words.none;
  const longest = Math.max(...expect.map(({ withinMs }) => withinMs));
  const each = expect.map(template => expectationWords(template, shown));
  return words.proved(each.join(words.and), formatDuration(longest));
}

/** What decided about one expectation. nothing: the device reported nothing that tells. */
export type Finding = { expected: string; said: string; verdict: 'met' | 'unmet' | 'nothing' };

/** One for each expectation; none before the gateway has judged. */
export function findingsOf({ expect, proof }: Pick<Command, 'expect' | 'proof'>, now: number): Finding[] {
  // The gateway judges expectation by expectation, in their order.
  return (proof ?? []).flatMap((reading, i) => {
    const expectation = expect[i];
    return expectation === undefined
      ? []
      : [{ expected: expectationWords(expectation), ...readingWords(reading, now) }];
  });
}

function readingWords({ ts, value, met }: Proof, now: number): Omit<Finding, 'expected'> {
  if (value === null || ts === null) return { said: words.nothing, verdict: 'nothing' };
  return { said: words.reported(formatValue(value), formatTime(ts, now)), verdict: met ? 'met' : 'unmet' };
}
