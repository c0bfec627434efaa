// Numbers, values, times and ages as text. Intl does the language's part.
import type { Millis, Value } from '@telltale/gateway/contract';
import { text } from './en.ts';

/** The language of the table of strings; numbers and times follow it, so that a page speaks with one voice. */
const locale = text.locale;

const plain = new Intl.NumberFormat(locale, { maximumSignificantDigits: 6 });
const fine = new Intl.NumberFormat(locale, { maximumSignificantDigits: 4 });
const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const scientific = new Intl.NumberFormat(locale, { notation: 'scientific', maximumSignificantDigits: 5 });

/** A number with as many digits as say something: six at most, and never a rounded integer part. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e12)) return scientific.format(value);
  if (Number.isInteger(value) || size >= 100_000) return whole.format(value);
  return (size < 1 ? fine : plain).format(value);
}

/** A value without its unit. */
export function formatValue(value: Value): string {
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'boolean') return value ? text.value.on : text.value.off;
  return value;
}

const steps: readonly (readonly [unit: Exclude<keyof typeof text.unit, 'bytes'>, ms: number, until: number])[] = [
  ['second', 1_000, 120_000],
  ['minute', 60_000, 7_200_000],
  ['hour', 3_600_000, 172_800_000],
  ['day', 86_400_000, Number.POSITIVE_INFINITY],
];

/** A length of time in its largest fitting unit, always rounded down: an age never looks greater than it is. */
export function formatDuration(ms: number): string {
  const size = Math.max(0, ms);
  const [unit, unitMs] = steps.find(([, , until]) => size < until)!;
  return `${whole.format(Math.floor(size / unitMs))} ${text.unit[unit]}`;
}

/** A length of time that was measured: below ten seconds to the hundredth. */
export function formatElapsed(ms: number): string {
  return ms < 10_000 ? `${formatNumber(Math.round(ms / 10) / 100)} ${text.unit.second}` : formatDuration(ms);
}

/** How long ago `at` was. A time ahead of the clock says so, instead of posing as fresh. */
export function formatAge(at: Millis, now: Millis): string {
  const age = now - at;
  // Two clocks never agree to the second; a small lead is no news.
  if (age < -5_000) return text.age.ahead(formatDuration(-age));
  return age < 1_000 ? text.age.now : text.age.ago(formatDuration(age));
}

const clockTime = new Intl.DateTimeFormat(locale, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const dayAndTime = new Intl.DateTimeFormat(locale, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const full = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long', hourCycle: 'h23' });

/** The time of day, with the date where that is not today's. */
export function formatTime(at: Millis, now: Millis): string {
  const sameDay = new Date(at).toDateString() === new Date(now).toDateString();
  return (sameDay ? clockTime : dayAndTime).format(at);
}

/** Date, time and time zone, for titles and exact reading. */
export function formatFull(at: Millis): string {
  return full.format(at);
}

const clockMinutes = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayOnly = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long' });

/** From one time to another: a day is named where it is not today's, seconds where minutes would say nothing. */
export function formatSpan(from: Millis, to: Millis, now: Millis): string {
  const clock = to - from < 120_000 ? clockTime : clockMinutes;
  const day = (at: Millis) => new Date(at).toDateString();
  const first = day(from) === day(now) && day(to) === day(now) ? '' : `${dayOnly.format(from)}, `;
  const second = day(from) === day(to) ? '' : `${dayOnly.format(to)}, `;
  return `${first}${clock.format(from)}–${second}${clock.format(to)}`;
}

/** A day with its year. */
export function formatDate(at: Millis): string {
  return date.format(at);
}

const three = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 });

/** A size in the largest unit that leaves a number before it. Units are decimal, as on the label of a card. */
export function formatBytes(bytes: number): string {
  const units = text.unit.bytes;
  // The rounded number decides: 999,999 bytes are 1 MB, not 1,000 kB.
  const rounded = Number(bytes.toPrecision(3));
  const step = rounded < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(rounded) / 3));
  return `${step === 0 ? whole.format(bytes) : three.format(bytes / 1_000 ** step)} ${units[step]}`;
}

const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
const smallPercent = new Intl.NumberFormat(locale, { style: 'percent', maximumSignificantDigits: 1 });

/** A part of a whole. What is little has a digit left, down to a thousandth. */
export function formatShare(share: number): string {
  return (share < 0.01 && share >= 0.0005 ? smallPercent : percent).format(share);
}

/** A count with its noun. */
export function formatCount(count: number): string {
  return whole.format(count);
}
