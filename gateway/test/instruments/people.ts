// People for tests of rights: users made over REST, and sessions of theirs written beside the gateway, as a sign-in would.
import { makeSecret, type SecretRecord } from '../../src/access/index.ts';
import type { Role, Scope } from '../../src/contract/index.ts';
import { writeBeside } from '../../src/store/index.ts';
import { secretEffect } from '../../src/tables.ts';
import { Rest, type TestGateway } from './gateway.ts';

export const userPassword = 'stable horse battery';

export type Somebody = { rest: Rest; record: SecretRecord };

/** Writes a secret into the tables of the gateway; resolves with REST as its holder. */
export function holderOf({ dir, http }: TestGateway, made: ReturnType<typeof makeSecret>): Somebody {
  writeBeside(dir, [secretEffect(made.record)]);
  return { rest: new Rest(http, made.secret), record: made.record };
}

/** A session of a user that is there, as if they had signed in just now. */
export function sessionOf(gateway: TestGateway, user: string): Somebody {
  const made = makeSecret('session', user, 'viewer', Date.now() + 3_600_000, { createdAt: Date.now() });
  return holderOf(gateway, made);
}

/** Makes a user, signed in. */
export async function newUser(
  gateway: TestGateway,
  name: string,
  role: Role,
  scope: Scope | null = null,
): Promise<Somebody> {
  await gateway.rest.post('/users', { name, role, scope, password: userPassword });
  return sessionOf(gateway, name);
}

/** A token as the command line makes it. */
export function tokenFor(
  gateway: TestGateway,
  role: Role,
  scope: Scope | null = null,
  expiresAt: number | null = null,
): Somebody {
  return holderOf(gateway, makeSecret('token', `token-${role}`, role, expiresAt, { scope }));
}
