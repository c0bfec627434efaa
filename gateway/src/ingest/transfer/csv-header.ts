// The header line of a CSV: which column is which, and what stands between them.
import { Refusal } from '../../contract/index.ts';
import { fieldText, findRecord, newFields } from '../../lib/csv-record.ts';
import { excerptOf } from './lines.ts';

/** Places of the columns, and the byte between them. */
export type Header = {
  delimiter: number;
  time: number;
  device: number;
  metric: number;
  value: number;
  /** A record has to have so many fields. */
  fieldsMin: number;
};

const delimiters = [',', ';', '\t'];

function namesBy(bytes: Buffer, delimiter: string): string[] {
  const fields = newFields();
  if (findRecord(bytes, 0, true, delimiter.charCodeAt(0), fields) < 0) return [];
  return Array.from({ length: fields.count }, (_, i) => (fieldText(bytes, fields, i) ?? '').trim().toLowerCase());
}

/** Reads the header; the delimiter is the one that brings out the names. Throws Refusal('bad_request'). */
export function readHeader(bytes: Buffer): Header {
  for (const delimiter of delimiters) {
    const names = namesBy(bytes, delimiter);
    const time = names.includes('time') ? names.indexOf('time') : names.indexOf('ts');
    const [device, metric, value] = ['device', 'metric', 'value'].map(name => names.indexOf(name)) as [
      number,
      number,
      number,
    ];
    if (Math.min(time, device, metric, value) < 0) continue;
    const fieldsMin = Math.max(time, device, metric, value) + 1;
    return { delimiter: delimiter.charCodeAt(0), time, device, metric, value, fieldsMin };
  }
  const got = JSON.stringify(excerptOf(bytes).trimEnd());
  throw new Refusal('bad_request', `line 1: expected a header with time, device, metric and value, got ${got}`);
}
