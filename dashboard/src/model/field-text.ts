// A field's value as it is typed: a number, true or false, or text; in quotes anything is text, as on a device's topics.
import type { Value } from '@telltale/gateway/contract';

const numberForm = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** What was typed, as a value. Text keeps its blanks only in quotes. */
export function readField(typed: string): Value {
  const text = typed.trim();
  if (text === 'true' || text === 'false') return text === 'true';
  if (numberForm.test(text) && Number.isFinite(Number(text))) return Number(text);
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text) as string;
  } catch {
    return text;
  }
}

/** A value so that `readField` reads it back. */
export function writeField(value: Value): string {
  const plain = String(value);
  return readField(plain) === value ? plain : JSON.stringify(value);
}
