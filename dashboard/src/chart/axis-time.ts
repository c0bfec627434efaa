// Labels of a time axis: as much of date and time as the distance between two marks calls for.
import { text } from '../i18n/en.ts';

const second = new Intl.DateTimeFormat(text.locale, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const minute = new Intl.DateTimeFormat(text.locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(text.locale, { day: 'numeric', month: 'short' });
const dayMs = 86_400_000;

/** One label for each mark; `stepMs` is the distance between them. */
export function timeLabels(marks: readonly number[], stepMs: number): string[] {
  return marks.map(mark => {
    if (stepMs >= dayMs) return day.format(mark);
    const at = new Date(mark);
    // Midnight is where the day changes, and the place to say which day it is.
    if (at.getHours() === 0 && at.getMinutes() === 0 && at.getSeconds() === 0) return day.format(mark);
    return (stepMs < 60_000 ? second : minute).format(mark);
  });
}
