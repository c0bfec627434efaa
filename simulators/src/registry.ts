// The gateway's registry over REST, as far as a fleet needs it: registers devices and renews their secrets.
import { ExpectedFailure } from './expected-failure.ts';
import { createRest, type RestSetup, unexpected } from './rest.ts';

/** The REST calls of a fleet. */
export type Registry = {
  /** Registers a device. Gives its secret, or null where the device was there already. */
  create(id: string, name: string): Promise<string | null>;
  /** Makes a new secret for a device; the old one is worth nothing from then on. */
  renewSecret(id: string): Promise<string>;
};

function secretIn(body: unknown, call: string): string {
  const secret = typeof body === 'object' && body !== null ? (body as { secret?: unknown }).secret : undefined;
  if (typeof secret === 'string' && secret !== '') return secret;
  throw new ExpectedFailure(
    `${call} failed: expected a secret in the answer, got none; is this the gateway's address?`,
  );
}

/** Makes a client; nothing is sent yet. */
export function createRegistry(setup: RestSetup): Registry {
  const request = createRest(setup);
  return {
    async create(id, name) {
      const call = `Registering ${id}`;
      const answer = await request('POST', '/devices', { id, name });
      if (answer.status === 409) return null;
      if (answer.status !== 201) throw unexpected(call, '201 or 409', answer);
      return secretIn(answer.body, call);
    },
    async renewSecret(id) {
      const call = `Renewing the secret of ${id}`;
      const answer = await request('POST', `/devices/${encodeURIComponent(id)}/secret`, {});
      if (answer.status !== 200) throw unexpected(call, '200', answer);
      return secretIn(answer.body, call);
    },
  };
}
