// The commands that a device says it knows. Its attribute `commands` is a line for people, such as
// `setTarget {value}, defrost`; what is not of that form is left out, and anything may be sent all the same.
import { type Device, limits } from '@telltale/gateway/contract';

/** More would be a menu to search in. */
const offeredMax = 24;
const paramsMax = 16;

export type OfferedCommand = { readonly name: string; readonly params: readonly string[] };

/** In the order in which the device names them, each name once. */
export function offeredCommands(attributes: Device['attributes']): OfferedCommand[] {
  const said = attributes.commands;
  if (typeof said !== 'string') return [];
  const byName = new Map<string, OfferedCommand>();
  for (const [, name = '', params = ''] of said.matchAll(/([^\s,{}]+)\s*(?:\{([^{}]*)\})?\s*(?:,|$)/g)) {
    if (byName.size >= offeredMax) break;
    if (name.length > limits.commandNameLengthMax || byName.has(name)) continue;
    byName.set(name, {
      name,
      params: params
        .split(/[\s,]+/)
        .filter(isParam)
        .slice(0, paramsMax),
    });
  }
  return [...byName.values()];
}

/** The command as the device wrote it. */
export function describeOffered({ name, params }: OfferedCommand): string {
  return params.length === 0 ? name : `${name} {${params.join(', ')}}`;
}

function isParam(name: string): boolean {
  return name !== '';
}
