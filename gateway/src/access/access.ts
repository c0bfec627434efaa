// The access stage: who a person or a program is, and what it may do. Devices have device-access.ts.
// Invariant: no default password, no anonymous device ([ACC-1]); secrets are stored as hashes and told once, but for
// those of one-time passwords.
// Full: sign-in attempts are limited by address and by name; further ones are refused before any hash is taken.
import {
  limits,
  Refusal,
  type Role,
  roles,
  type Scope,
  type Session,
  type SignInRequest,
  type Ticket,
} from '../contract/index.ts';
import { Turns } from '../lib/turns.ts';
import { Grants, makeSecret } from './grants.ts';
import { People } from './people.ts';
import { Proofs } from './proofs.ts';
import type { AccessPorts, Principal, SecretRecord, UserRecord } from './records.ts';
import { sameScope } from './scope.ts';
import { hashSecret } from './secrets.ts';
import { SignInLimits } from './sign-in-limits.ts';
import { Tickets } from './tickets.ts';

export const sessionMs = 7 * 24 * 60 * 60 * 1000;
/** A sign-in link dies within minutes ([ACC-1]). */
export const codeMs = 10 * 60 * 1000;

/** From where somebody signs in, and what the browser says about itself. */
export type SignInPlace = { address: string; agent: string | null };

export class Access {
  readonly people: People;
  readonly grants: Grants;
  readonly proofs: Proofs;
  private readonly limits: SignInLimits;
  private readonly turns = new Turns();
  private readonly spentCodes = new Set<string>();
  private readonly tickets: Tickets<Principal>;
  private readonly ports: AccessPorts;

  constructor(ports: AccessPorts) {
    this.ports = ports;
    this.limits = new SignInLimits(ports.clock);
    this.grants = new Grants(ports, this.turns);
    this.people = new People(ports, this.grants, this.turns);
    this.proofs = new Proofs(ports.clock, this.people, this.limits, this.turns);
    this.tickets = new Tickets(ports.clock);
  }

  load(users: Parameters<People['load']>[0]): void {
    this.people.load(users);
  }

  close(): Promise<void> {
    return this.grants.close();
  }

  /**
   * Signs a person in: by password, and a one-time password where the user has those; or by one-time code, which is made
   * on the gateway's own machine and asks for nothing more. The secret goes into a cookie.
   */
  async signIn(request: SignInRequest, from: SignInPlace): Promise<{ secret: string; session: Session }> {
    this.limits.address(from.address);
    if ('code' in request) {
      const user = await this.spendCode(request.code);
      return this.turns.take(() => this.begin(this.proofs.unchanged(user), from));
    }
    const { name, password, totp } = request;
    const checked = await this.proofs.checkPassword(name, password, from.address);
    const begun = await this.turns.take(async () => {
      const user = this.proofs.unchanged(checked);
      return this.begin({ ...user, totp: this.proofs.takeSecond(user, totp) }, from);
    });
    this.limits.signedIn(name, from.address);
    return begun;
  }

  async signOut({ hash }: Principal): Promise<void> {
    await this.turns.take(() => this.grants.end([{ hash }]));
  }

  /** Who holds this session or token, or null. */
  async principalOf(secret: string): Promise<Principal | null> {
    return this.holderOf(hashSecret(secret));
  }

  /** True while a session or token still holds, with the same rights. */
  async stillHolds({ hash, role, scope }: { hash: string; role: Role; scope: Scope | null }): Promise<boolean> {
    const holder = await this.holderOf(hash);
    return holder !== null && holder.role === role && sameScope(holder.scope, scope);
  }

  /** True once the session or token was ended, for answers that go on for long. */
  isOver(hash: string): boolean {
    return this.grants.isOver(hash);
  }

  private async holderOf(hash: string): Promise<Principal | null> {
    const record = await this.grants.find(hash);
    if (record === null || record.kind === 'code') return null;
    const { name, role, scope, owner, kind, expiresAt } = record;
    this.grants.used(hash);
    if (kind === 'token') {
      return { name: owner === null ? name : `${owner}/${name}`, role, scope, hash, kind, user: owner, expiresAt };
    }
    const user = this.people.get(name);
    return user === undefined ? null : { name, role: user.role, scope: user.scope, hash, kind, user: name, expiresAt };
  }

  /** Begins a session of a user as it is to be kept; the one that was used longest ago gives way. */
  private async begin(
    user: UserRecord,
    { address, agent }: SignInPlace,
  ): Promise<{ secret: string; session: Session }> {
    const { name, role, scope } = user;
    const now = this.ports.clock.now();
    const expiresAt = now + sessionMs;
    const { secret, record } = makeSecret('session', name, role, expiresAt);
    const made: SecretRecord = { ...record, createdAt: now, lastUsedAt: now, address, agent };
    const next: UserRecord = { ...user, lastSignInAt: now };
    const giveWay = await this.grants.longestUnused(name, limits.sessionsPerUserMax - 1);
    await this.grants.end(giveWay, { users: [next], secrets: [made], trimBefore: now });
    this.people.put(next);
    return { secret, session: { user: name, role, scope, kind: 'session', expiresAt } };
  }

  /** A ticket for one WebSocket; it opens it as this principal, while that still is one ([ACC-11]). */
  issueTicket(principal: Principal): Ticket {
    return this.tickets.issue(principal);
  }

  /** Who holds this ticket, which is spent with it, or null. */
  async spendTicket(ticket: string): Promise<Principal | null> {
    const principal = this.tickets.spend(ticket);
    return principal !== null && (await this.stillHolds(principal)) ? principal : null;
  }

  private async spendCode(code: string): Promise<UserRecord> {
    const hash = hashSecret(code);
    // Marked before the look-up: of two that come at once, one gets in.
    if (this.spentCodes.has(hash)) throw new Refusal('code_spent');
    const record = await this.ports.findSecret(hash);
    const now = this.ports.clock.now();
    if (record === null || record.kind !== 'code' || (record.expiresAt ?? 0) <= now || this.spentCodes.has(hash)) {
      throw new Refusal('code_spent');
    }
    this.spentCodes.add(hash);
    try {
      await this.ports.save({ remove: [hash] });
    } finally {
      this.ports.clock.after(codeMs, () => this.spentCodes.delete(hash));
    }
    const user = this.people.get(record.name);
    if (user === undefined) throw new Refusal('code_spent');
    return user;
  }
}

/** `admin` is taken for `administrator`, as people say it. */
export function parseRole(text: string): Role | null {
  const role = text === 'admin' ? 'administrator' : text;
  return roles.find(known => known === role) ?? null;
}
