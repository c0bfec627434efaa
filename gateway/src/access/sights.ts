// What scopes come to with the devices that there are: whether one has a device, and a mark that changes with the
// devices that it has by their tags.
import { createHash } from 'node:crypto';
import type { Scope } from '../contract/index.ts';
import { scopeCovers } from './scope.ts';

/** Marks remembered; there are as many scopes as limited users and tokens. Beyond it all are worked out anew. */
const marksMax = 1_000;

export type SightPorts = {
  tagsOf(device: string): readonly string[];
  /** Ids of the devices that have one of the tags, in order. */
  withTags(tags: readonly string[]): string[];
};

export class Sights {
  private readonly marks = new Map<string, string>();
  private readonly ports: SightPorts;

  constructor(ports: SightPorts) {
    this.ports = ports;
  }

  covers(scope: Scope, device: string): boolean {
    return scopeCovers(scope, device, this.ports.tagsOf(device));
  }

  /**
   * 16 characters that stand for the scope and the devices that it has by tags: the same after a restart, and others
   * as soon as a device gains or loses one of the tags. What it has by patterns changes with the devices alone.
   */
  markOf(scope: Scope): string {
    const key = JSON.stringify(scope);
    const known = this.marks.get(key);
    if (known !== undefined) return known;
    const tagged = scope.tags.length === 0 ? [] : this.ports.withTags(scope.tags);
    const mark = createHash('sha256')
      .update(JSON.stringify([key, tagged]))
      .digest('hex')
      .slice(0, 16);
    if (this.marks.size >= marksMax) this.marks.clear();
    this.marks.set(key, mark);
    return mark;
  }

  /** A device's tags changed: returns which scopes see another set of devices than before. */
  tagsChanged(device: string, before: readonly string[], after: readonly string[]): (scope: Scope) => boolean {
    this.marks.clear();
    return scope => scopeCovers(scope, device, before) !== scopeCovers(scope, device, after);
  }
}
