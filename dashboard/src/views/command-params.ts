// The parameters of a command as a person writes them: JSON, in which a skeleton may still have empty places.
import { limits } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';

export type ReadParams =
  /** Without `params` where nothing was written. */
  | { ok: true; params?: unknown }
  /** A skeleton: these are to be filled in. That is no mistake. */
  | { ok: false; missing: readonly string[] }
  | { ok: false; missing: null; why: string };

/** What is written, or why it cannot be sent. */
export function readParams(json: string): ReadParams {
  if (json.trim() === '') return { ok: true };
  if (new TextEncoder().encode(json).length > limits.commandParamsBytesMax) {
    return { ok: false, missing: null, why: text.command.paramsTooLong };
  }
  try {
    return { ok: true, params: JSON.parse(json) as unknown };
  } catch (error) {
    const missing = [...json.matchAll(emptyPlace)].map(([, name = '']) => name);
    if (missing.length > 0) return { ok: false, missing };
    return { ok: false, missing: null, why: text.command.paramsBad(error instanceof Error ? error.message : '') };
  }
}

/** A name and its colon, with no value behind them. */
const emptyPlace = /"([^"]*)"\s*:(?=\s*[,}])/g;

/** JSON with an empty place for each parameter; nothing where there are none. */
export function skeleton(params: readonly string[]): string {
  if (params.length === 0) return '';
  return `{${params.map(name => `${JSON.stringify(name)}: `).join(', ')}}`;
}

/** Where the first empty place is, for the caret; null where there is none. */
export function firstEmptyPlace(json: string): number | null {
  const found = json.search(emptyPlace);
  if (found < 0) return null;
  const colon = json.indexOf(':', json.indexOf('"', found + 1));
  return json[colon + 1] === ' ' ? colon + 2 : colon + 1;
}
