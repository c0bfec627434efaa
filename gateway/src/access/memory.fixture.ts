// The access stage on tables in memory: what was saved, what was closed, and a clock that is moved by hand.
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import type { Role, Scope } from '../contract/index.ts';
import { Access } from './access.ts';
import { makeSecret } from './grants.ts';
import type { AccessPorts, Principal, SecretRecord, UserRecord } from './records.ts';

/** Stored as `hashPassword` would, at a cost that tests can pay: it stands for the password `right horse battery`. */
export const password = 'right horse battery';
export const passwordStored = 'scrypt$2$1$1$c2FsdA$YGpU6VCo1xrStuyUgyAnJ93nQuPscTxG_p4zQKZkyJs';

export class MemoryAccess {
  readonly clock = new ManualClock();
  readonly secrets = new Map<string, SecretRecord>();
  readonly users = new Map<string, UserRecord>();
  /** All that was written, as JSON. */
  readonly saved: string[] = [];
  readonly revoked: string[] = [];
  readonly access: Access;
  /** Called before each look-up of a secret is answered. */
  duringFind: () => Promise<void> = async () => {};

  constructor(people: Record<string, Role> = {}) {
    this.access = new Access(this.ports());
    const load = Object.entries(people).map(([name, role]) => ({
      name,
      role,
      password: passwordStored,
      createdAt: 0,
    }));
    this.access.load(load);
  }

  /** Signs in by a link; resolves with the secret and who holds it. */
  async signIn(user: string, address = '::1'): Promise<{ secret: string; principal: Principal }> {
    const { secret: code, record } = makeSecret('code', user, 'viewer', this.clock.now() + 1_000);
    this.secrets.set(record.hash, record);
    const { secret } = await this.access.signIn({ code }, { address, agent: 'test' });
    return { secret, principal: await this.need(secret) };
  }

  /** A token that a person made. */
  async token(user: string, role: Role, scope: Scope | null = null) {
    const { principal } = await this.signIn(user);
    const made = await this.access.grants.createToken(principal, { name: 'export', role, scope });
    return { ...made, principal: await this.need(made.secret) };
  }

  async need(secret: string): Promise<Principal> {
    const principal = await this.access.principalOf(secret);
    if (principal === null) throw new Error('nobody is signed in');
    return principal;
  }

  private ports(): AccessPorts {
    const { clock, secrets, users } = this;
    return {
      clock,
      findSecret: async hash => {
        const found = secrets.get(hash) ?? null;
        await this.duringFind();
        return found;
      },
      listSecrets: async (kind, name) =>
        [...secrets.values()].filter(record => record.kind === kind && record.name === (name ?? record.name)),
      save: async change => {
        this.saved.push(JSON.stringify(change));
        for (const user of change.users ?? []) users.set(user.name, user);
        for (const name of change.removeUsers ?? []) users.delete(name);
        for (const record of change.secrets ?? []) secrets.set(record.hash, record);
        for (const hash of change.remove ?? []) secrets.delete(hash);
        for (const [hash, lastUsedAt] of change.used ?? []) {
          const known = secrets.get(hash);
          if (known !== undefined) secrets.set(hash, { ...known, lastUsedAt });
        }
      },
      revoked: hash => void this.revoked.push(hash),
    };
  }
}
