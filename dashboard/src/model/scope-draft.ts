// A scope, a set of devices or tags as somebody types it: one entry a line, because an id may have blanks and commas.
import { isTag, limits, type Scope } from '@telltale/gateway/contract';

export type ScopeDraft = { all: boolean; devices: string; tags: string };

/** What keeps a draft from being sent. */
export type ScopeProblem = { kind: 'nothing' } | { kind: 'too-many'; max: number } | { kind: 'entry'; entry: string };

/** What was typed, without blanks at the ends of a line, empty lines and repetitions. */
export function linesOf(typed: string): string[] {
  return [...new Set(typed.split('\n').map(line => line.trim()))].filter(line => line !== '');
}

export function draftOf(scope: Scope | null): ScopeDraft {
  if (scope === null) return { all: true, devices: '', tags: '' };
  return { all: false, devices: scope.devices.join('\n'), tags: scope.tags.join('\n') };
}

/** Null stands for all devices, as on the wire. */
export function scopeOf({ all, devices, tags }: ScopeDraft): Scope | null {
  return all ? null : { devices: linesOf(devices), tags: linesOf(tags) };
}

/** What the gateway would refuse, found before it is asked. A scope of nothing is a mistake, though it could be sent. */
export function scopeProblem(draft: ScopeDraft): ScopeProblem | null {
  const scope = scopeOf(draft);
  if (scope === null) return null;
  const { devices, tags } = scope;
  if (devices.length + tags.length === 0) return { kind: 'nothing' };
  if (Math.max(devices.length, tags.length) > limits.scopePatternsMax) {
    return { kind: 'too-many', max: limits.scopePatternsMax };
  }
  const wrong = devices.find(pattern => pattern.length > limits.patternLengthMax) ?? tags.find(tag => !isTag(tag));
  return wrong === undefined ? null : { kind: 'entry', entry: wrong };
}

/** What is wrong with a list of entries; `fits` says what one has to be. */
export function linesProblem(
  entries: readonly string[],
  { fits, max, min }: { fits(entry: string): boolean; max: number; min: number },
): ScopeProblem | null {
  if (entries.length < min) return { kind: 'nothing' };
  if (entries.length > max) return { kind: 'too-many', max };
  const wrong = entries.find(entry => !fits(entry));
  return wrong === undefined ? null : { kind: 'entry', entry: wrong };
}
