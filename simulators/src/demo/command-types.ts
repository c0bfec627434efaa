// Tells the gateway what may be sent to the plant, so that its forms know limits and units, and its ledger what to expect.
import type { SimulatedType } from '../models/command-types.ts';
import { createRest, type RestSetup, unexpected } from '../rest.ts';

/** Largest page of a list. */
const pageMax = 1_000;

function idsIn(body: unknown): Set<unknown> {
  const items = typeof body === 'object' && body !== null && 'items' in body ? body.items : [];
  return new Set(Array.isArray(items) ? items.map((item: { id?: unknown }) => item.id) : []);
}

/**
 * Makes those command types that are not there, whoever changed the others; the token is an administrator's. Gives how
 * many it made: none where the gateway does not know such a thing. Throws `ExpectedFailure` with what the gateway said.
 */
export async function addCommandTypes(setup: RestSetup, types: readonly SimulatedType[]): Promise<number> {
  const request = createRest(setup);
  const list = await request('GET', `/command-types?limit=${pageMax}`);
  if (list.status === 404) return 0;
  if (list.status !== 200) throw unexpected('Asking for the command types', '200', list);
  const known = idsIn(list.body);
  const missing = types.filter(({ id }) => !known.has(id));
  for (const { id, ...type } of missing) {
    const answer = await request('PUT', `/command-types/${id}`, type);
    if (answer.status !== 200 && answer.status !== 201)
      throw unexpected(`Making the command type ${id}`, '200', answer);
  }
  return missing.length;
}
