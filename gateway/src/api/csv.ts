// CSV as the API answers it: how a value, a time and a whole answer are written, the same on every route.
import type { Value } from '../contract/index.ts';

/** A field: text in quotes, so that no name and no value is taken for a number or for two fields. Nothing is empty. */
export const csvValue = (value: Value | null): string =>
  typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : value === null ? '' : String(value);

/** What a spreadsheet runs as a formula, quotes or not; some take the characters' wide forms for them. */
const formula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** A field of what devices say. Text that would be a formula has an apostrophe in front, as spreadsheets mark text. */
export function csvForeign(value: Value | null): string {
  const isFormula = typeof value === 'string' && formula.test(value) && Number.isNaN(Number(value));
  return csvValue(isFormula ? `'${value}` : value);
}

/** Text in which a control character but a line feed stands as \u001b: a terminal would do as it says, not show it. */
export function csvVisible(text: string): string {
  return text.replaceAll(/(?!\n)\p{Cc}/gu, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A time for people, beside the milliseconds. */
export const isoTime = (ts: number): string => new Date(ts).toISOString();

/** A download of this name, made line by line while the client takes it. */
export function csvResponse(lines: Iterable<string> | AsyncIterable<string>, name: string): Response {
  const stream = ReadableStream.from(lines).pipeThrough(new TextEncoderStream() as never);
  return new Response(stream as ReadableStream, {
    headers: {
      'Content-Type': 'text/csv; charset=utf-8',
      'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}.csv`,
    },
  });
}
