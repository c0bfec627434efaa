// The access stage: who a person, a program or a device is, and what it may do.
// Invariant: no default password, no anonymous device ([ACC-1]); secrets are stored as hashes and told once.
// Full: sign-in attempts are limited by address and by name; further ones are refused before any hash is taken.
import { type Millis, Refusal, type Role, roles, type Session, type SignInRequest } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import { TokenBuckets } from '../lib/token-bucket.ts';
import { type Credential, Credentials, type DeviceIdentity } from './credentials.ts';
import { checkPassword, hashPassword, hashSecret, newSecret } from './secrets.ts';

export type User = { name: string; role: Role; password: string; createdAt: Millis };

export type SecretKind = 'session' | 'token' | 'code';
/** A stored secret of a person or a program; `hash` is all that is kept of it. */
export type SecretRecord = {
  hash: string;
  kind: SecretKind;
  name: string;
  expiresAt: Millis | null;
  role: Role;
};

/** Who asks: a signed-in person or a program with a token. */
export type Principal = { name: string; role: Role; hash: string; kind: 'session' | 'token'; expiresAt: Millis | null };

export type AccessPorts = {
  clock: Clock;
  findSecret(hash: string): Promise<SecretRecord | null>;
  /** Commits all of it at once. */
  save(change: { users?: User[]; secrets?: SecretRecord[]; remove?: string[]; trimBefore?: Millis }): Promise<void>;
  saveCredential(name: string, credential: Credential | null): Promise<void>;
  /** Called where a session or token is over, so that what it opened is closed at once ([ACC-3]). */
  revoked(hash: string): void;
  /** Called where a device's credential changed or went. */
  credentialChanged(name: string): void;
};

export const sessionMs = 7 * 24 * 60 * 60 * 1000;
/** A sign-in link dies within minutes ([ACC-1]). */
export const codeMs = 10 * 60 * 1000;
/** A token may be revoked by the command-line tool, beside the gateway: it is looked up again after this long. */
const recheckMs = 10_000;
/** Secrets remembered; beyond it the oldest is looked up again. */
const rememberedMax = 10_000;
const attemptsPerMinute = 10;
/** Names, and addresses, of which attempts are remembered; each costs some hundred bytes. */
const attemptKeysMax = 10_000;
const nameLengthMax = 128;
const attemptRate = { perSecond: attemptsPerMinute / 60, burst: attemptsPerMinute };

export class Access {
  readonly credentials = new Credentials();
  private readonly users = new Map<string, User>();
  private readonly remembered = new Map<string, { record: SecretRecord | null; checkedAt: Millis }>();
  private readonly spentCodes = new Set<string>();
  private readonly byAddress = new TokenBuckets(attemptRate, attemptKeysMax);
  private readonly byName = new TokenBuckets(attemptRate, attemptKeysMax);
  private readonly ports: AccessPorts;

  constructor(ports: AccessPorts) {
    this.ports = ports;
  }

  load(users: User[], credentials: Credential[]): void {
    for (const user of users) this.users.set(user.name, user);
    this.credentials.load(credentials);
  }

  /**
   * Makes the first administrator where there is nobody yet. Returns the password where one had to be made up: it is
   * to be shown once. A given password replaces the administrator's.
   */
  async firstAdministrator(password: string | null): Promise<string | null> {
    if (password === null && this.users.size > 0) return null;
    const chosen = password ?? newSecret();
    const known = this.users.get('admin');
    if (known !== undefined && (await checkPassword(chosen, known.password))) return null;
    const createdAt = known?.createdAt ?? this.ports.clock.now();
    await this.putUser({ name: 'admin', role: 'administrator', password: await hashPassword(chosen), createdAt });
    return password === null ? chosen : null;
  }

  /** Signs a person in by password or by one-time code. The secret goes into a cookie. */
  async signIn(request: SignInRequest, address: string): Promise<{ secret: string; session: Session }> {
    this.limit(this.byAddress, address);
    const user = 'code' in request ? await this.spendCode(request.code) : await this.checkUser(request);
    const secret = newSecret();
    const expiresAt = this.ports.clock.now() + sessionMs;
    const record: SecretRecord = {
      hash: hashSecret(secret),
      kind: 'session',
      name: user.name,
      expiresAt,
      role: user.role,
    };
    await this.ports.save({ secrets: [record], trimBefore: this.ports.clock.now() });
    return { secret, session: { user: user.name, role: user.role, expiresAt } };
  }

  async signOut(principal: Principal): Promise<void> {
    await this.ports.save({ remove: [principal.hash] });
    this.remembered.delete(principal.hash);
    this.ports.revoked(principal.hash);
  }

  /** Who holds this session or token, or null. */
  async principalOf(secret: string): Promise<Principal | null> {
    const hash = hashSecret(secret);
    const record = await this.find(hash);
    if (record === null || record.kind === 'code') return null;
    const { name, role, kind, expiresAt } = record;
    if (expiresAt !== null && expiresAt <= this.ports.clock.now()) return null;
    return { name, role, hash, kind, expiresAt };
  }

  /** True while a session or token still holds, with the same role. */
  async stillHolds(hash: string, role: Role): Promise<boolean> {
    const record = await this.find(hash);
    if (record === null || record.role !== role) return false;
    return record.expiresAt === null || record.expiresAt > this.ports.clock.now();
  }

  /** A new secret for a device's credential, in place of any before it. It is told this once. */
  async issueCredential(device: string): Promise<string> {
    const { credential, secret } = this.credentials.make(device, this.ports.clock.now());
    await this.ports.saveCredential(device, credential);
    this.credentials.put(credential);
    this.ports.credentialChanged(device);
    return secret;
  }

  async revokeCredential(device: string): Promise<void> {
    await this.ports.saveCredential(device, null);
    this.credentials.delete(device);
    this.ports.credentialChanged(device);
  }

  /** Who a device is, by what it sent in CONNECT, or null. */
  deviceOf(name: string, secret: Uint8Array): DeviceIdentity | null {
    return this.credentials.check(name, secret);
  }

  private async putUser(user: User): Promise<void> {
    await this.ports.save({ users: [user] });
    this.users.set(user.name, user);
  }

  private async checkUser({ name, password }: { name: string; password: string }): Promise<User> {
    this.limit(this.byName, name.slice(0, nameLengthMax));
    const user = this.users.get(name);
    // An unknown name costs the same as a wrong password, so that the time tells nothing.
    const stored = user?.password ?? this.users.values().next().value?.password;
    const fits = stored !== undefined && (await checkPassword(password, stored));
    if (user === undefined || !fits) throw new Refusal('sign_in_failed');
    return user;
  }

  private async spendCode(code: string): Promise<User> {
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
    const user = this.users.get(record.name);
    if (user === undefined) throw new Refusal('code_spent');
    return user;
  }

  private async find(hash: string): Promise<SecretRecord | null> {
    const now = this.ports.clock.now();
    const known = this.remembered.get(hash);
    if (known !== undefined && Math.abs(now - known.checkedAt) < recheckMs) return known.record;
    const record = await this.ports.findSecret(hash);
    this.remembered.delete(hash);
    // A miss is not remembered: the secret may be made the next moment.
    if (record === null) {
      if (known?.record) this.ports.revoked(hash);
      return null;
    }
    if (this.remembered.size >= rememberedMax) {
      const oldest = this.remembered.keys().next().value;
      if (oldest !== undefined) this.remembered.delete(oldest);
    }
    this.remembered.set(hash, { record, checkedAt: now });
    return record;
  }

  private limit(attempts: TokenBuckets, key: string): void {
    const now = this.ports.clock.now();
    if (attempts.of(key, now).tryTake(now)) return;
    throw new Refusal('too_many', `at most ${attemptsPerMinute} attempts to sign in a minute`);
  }
}

/** A record for a new API token or one-time code, and the secret that is told once. */
export function makeSecret(kind: 'token' | 'code', name: string, role: Role, expiresAt: Millis | null) {
  const secret = newSecret(kind === 'token' ? 'tt_' : '');
  const record: SecretRecord = { hash: hashSecret(secret), kind, name, expiresAt, role };
  return { secret, record };
}

/** `admin` is taken for `administrator`, as people say it. */
export function parseRole(text: string): Role | null {
  const role = text === 'admin' ? 'administrator' : text;
  return roles.find(known => known === role) ?? null;
}
