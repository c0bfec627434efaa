// What devices a scope means, in a few words.
import type { Scope } from '@telltale/gateway/contract';
import { text } from '../i18n/en.ts';

/** Null stands for all. */
export function scopeWords(scope: Scope | null): string {
  return scope === null ? text.scope.all : text.scope.list(scope.devices, scope.tags);
}
