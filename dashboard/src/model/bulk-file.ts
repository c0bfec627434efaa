// Devices out of a CSV: what may be sent, and the file that keeps their secrets, which are told once.
import { type BulkReport, limits } from '@telltale/gateway/contract';

/** Refused before it is read: a request body holds no more. */
export function isTooLarge(bytes: number): boolean {
  return bytes > limits.requestBodyBytesMax;
}

/** A field of a CSV (RFC 4180); what a spreadsheet would take for a formula has an apostrophe in front. */
function field(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** The devices that were made, a line each, with the secrets. Names are free text; ids and secrets are kept as they are. */
export function secretsFile({ devices }: BulkReport): string {
  const exact = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = devices.map(({ id, name, secret }) => `${exact(id)},${field(name)},${exact(secret)}`);
  return ['id,name,secret', ...lines, ''].join('\r\n');
}
