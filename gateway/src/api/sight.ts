// What somebody may see. What lies outside of it is answered as if it was not there ([ACC-6]).
import { limits, Refusal } from '../contract/index.ts';
import type { ApiPorts } from './context.ts';
import type { Principal } from './people-ports.ts';

/** Which devices; null stands for all, and costs nothing. */
export type Sees = ((device: string) => boolean) | null;

type Ports = Pick<ApiPorts, 'devices'>;

export function sightOf({ devices }: Ports, { scope }: Principal): Sees {
  return scope === null ? null : device => devices.covers(scope, device);
}

/** Refuses a device that the principal may not see, in the words for one that is not there. */
export function needDevice(ports: Ports, principal: Principal, device: string): void {
  const sees = sightOf(ports, principal);
  if (sees !== null && !sees(device)) throw new Refusal('not_found', `no device is called ${JSON.stringify(device)}`);
}

/** Rows that are looked through for one page of somebody who may see few of them; the page is short then. */
const lookedThroughMax = 10_000;

/**
 * A page of a list, of those rows whose device is seen. `read` answers rows after a cursor. A page may have fewer rows
 * than were asked for, also none, and `next` says that there are more.
 */
export async function seenPage<Row extends { device: string }>(
  read: (cursor: string | null, limit: number) => Promise<Row[]>,
  cursorOf: (row: Row) => string,
  sees: Sees,
  { cursor, limit }: { cursor: string | undefined; limit: number },
): Promise<{ items: Row[]; next: string | null }> {
  const items: Row[] = [];
  const size = sees === null ? limit : limits.pageRowsMax;
  let at = cursor ?? null;
  for (let looked = 0; ; ) {
    const rows = await read(at, size);
    looked += rows.length;
    for (const row of rows) {
      at = cursorOf(row);
      if (sees === null || sees(row.device)) items.push(row);
      if (items.length === limit) return { items, next: at };
    }
    if (rows.length < size) return { items, next: null };
    if (looked >= lookedThroughMax) return { items, next: at };
  }
}
