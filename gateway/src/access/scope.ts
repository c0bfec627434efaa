// Scopes: which devices somebody may see, by patterns of ids and by tags. Null in place of one is all devices.
import type { Scope } from '../contract/index.ts';
import { matchesPattern } from '../lib/pattern.ts';

/** True where the scope has a device of this id with these tags. */
export function scopeCovers({ devices, tags }: Scope, id: string, its: readonly string[]): boolean {
  return devices.some(pattern => matchesPattern(pattern, id)) || its.some(tag => tags.includes(tag));
}

/**
 * True where `inner` cannot have a device that `outer` has not, whatever devices there will be. A pattern lies within
 * another where that one's stars take in its text, stars and all.
 */
export function scopeWithin(inner: Scope | null, outer: Scope | null): boolean {
  if (outer === null) return true;
  if (inner === null) return false;
  return (
    inner.devices.every(pattern => outer.devices.some(wider => matchesPattern(wider, pattern))) &&
    inner.tags.every(tag => outer.tags.includes(tag))
  );
}

/** The same scope in the one form in which it is kept, so that equal ones look alike. */
export function tidyScope(scope: Scope | null): Scope | null {
  if (scope === null) return null;
  return { devices: [...new Set(scope.devices)].sort(), tags: [...new Set(scope.tags)].sort() };
}

/** True where both are the same, given in their kept form. */
export function sameScope(a: Scope | null, b: Scope | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
