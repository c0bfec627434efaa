// Readings as lines of a file, so that reading them back gives the same readings, type and all.
import type { Millis, Value } from '../../contract/index.ts';
import type { TransferFormat } from './lines.ts';

/** Below this a number would be read as seconds. */
const millisFrom = 1e11;

/** What stands before the first line. */
export const headerOf = (format: TransferFormat): string => (format === 'csv' ? 'time,device,metric,value\r\n' : '');

const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
const needsQuotes = /[",;\t]|^\s|\s$/;
const nameField = (name: string) => (needsQuotes.test(name) ? quote(name) : name);

/** A number as text. The zero with a sign keeps it. */
const numberText = (value: number) => (Object.is(value, -0) ? '-0' : String(value));

/** Text stands in quotes, always: without them `true` and `21.5` are a boolean and a number. */
const csvValue = (value: Value) =>
  typeof value === 'number' ? numberText(value) : typeof value === 'string' ? quote(value) : String(value);
const jsonValue = (value: Value) => (typeof value === 'number' ? numberText(value) : JSON.stringify(value));

/** ISO 8601 of many times, most of which lie in the same second as the one before or soon after. */
function isoWriter(): (ts: Millis) => string {
  let second = Number.NaN;
  let text = '';
  return ts => {
    const ms = ((ts % 1000) + 1000) % 1000;
    if (ts - ms !== second) {
      second = ts - ms;
      text = new Date(second).toISOString().slice(0, 20);
    }
    return `${text}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`;
  };
}

/** Returns what makes a line of each reading of one series. */
export function lineWriter(
  format: TransferFormat,
  device: string,
  metric: string,
): (ts: Millis, value: Value) => string {
  const iso = isoWriter();
  if (format === 'csv') {
    const names = `,${nameField(device)},${nameField(metric)},`;
    return (ts, value) => `${iso(ts)}${names}${csvValue(value)}\r\n`;
  }
  const names = `,"device":${JSON.stringify(device)},"metric":${JSON.stringify(metric)},"value":`;
  return (ts, value) => `{"ts":${ts < millisFrom ? `"${iso(ts)}"` : ts}${names}${jsonValue(value)}}\n`;
}
