// Reads what a device is told about how it should be.
import type { DesiredPayload, Value } from '@telltale/gateway/contract';

function isValue(value: unknown): value is Value {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string';
}

/** The payload of `devices/{id}/desired`, with the fields that have a value; null for anything else. */
export function readDesired(payload: string): DesiredPayload | null {
  let body: unknown;
  try {
    body = JSON.parse(payload);
  } catch {
    return null;
  }
  if (typeof body !== 'object' || body === null) return null;
  const { version, fields } = body as Record<string, unknown>;
  if (typeof version !== 'number' || typeof fields !== 'object' || fields === null || Array.isArray(fields))
    return null;
  const valued = Object.entries(fields).filter((entry): entry is [string, Value] => isValue(entry[1]));
  return { version, fields: Object.fromEntries(valued) };
}
