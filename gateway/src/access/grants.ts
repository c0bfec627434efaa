// Sessions and API tokens: finding who holds one, listing them, making tokens, and ending them with all that they
// opened ([ACC-7]).
// Full: sessions of a user and tokens in all are limited; so are the secrets that are remembered.
import {
  limits,
  type Millis,
  Refusal,
  roleCovers,
  type Scope,
  type SessionInfo,
  type Token,
  type TokenCreated,
  type TokenRequest,
} from '../contract/index.ts';
import type { Timer } from '../lib/clock.ts';
import type { Turns } from '../lib/turns.ts';
import { type AccessChange, type AccessPorts, type Principal, type SecretRecord, secretDefaults } from './records.ts';
import { scopeWithin, tidyScope } from './scope.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** A token may be revoked by the command-line tool, beside the gateway: it is looked up again after this long. */
const recheckMs = 10_000;
/** Secrets remembered; beyond it the oldest is looked up again. */
const rememberedMax = 10_000;
/** Ended ones remembered: so many look-ups and downloads may be under way while one ends. */
const overMax = 10_000;
/** When a secret was used last is written so often at most, for all in one commit. */
const lastUseMs = 60_000;
/** Of a hash of 256 bits this much names a session or token; nothing can be asked with it. */
const idLength = 16;

const idOf = ({ hash }: SecretRecord) => hash.slice(0, idLength);
const newestFirst = (a: SecretRecord, b: SecretRecord) => (b.createdAt ?? 0) - (a.createdAt ?? 0);

export class Grants {
  private readonly remembered = new Map<string, { record: SecretRecord; checkedAt: Millis }>();
  private readonly over = new Set<string>();
  /** Uses that are not written yet. */
  private readonly uses = new Map<string, Millis>();
  private useTimer: Timer | null = null;
  private readonly ports: AccessPorts;
  private readonly turns: Turns;

  constructor(ports: AccessPorts, turns: Turns) {
    this.ports = ports;
    this.turns = turns;
  }

  /** The record of a secret that holds, or null. */
  async find(hash: string): Promise<SecretRecord | null> {
    const now = this.ports.clock.now();
    const known = this.remembered.get(hash);
    if (known !== undefined && Math.abs(now - known.checkedAt) < recheckMs) return this.holding(known.record);
    const record = await this.ports.findSecret(hash);
    // It may have been ended while it was looked up.
    if (this.over.has(hash)) return null;
    this.remembered.delete(hash);
    // A miss is not remembered: the secret may be made the next moment.
    if (record === null) {
      if (known !== undefined) this.forget([hash]);
      return null;
    }
    if (this.remembered.size >= rememberedMax) dropOldest(this.remembered);
    this.remembered.set(hash, { record, checkedAt: now });
    return this.holding(record);
  }

  /** True once the session or token was ended. */
  isOver(hash: string): boolean {
    return this.over.has(hash);
  }

  /** Notes that a secret was used; written with the next minute's. Bounded by the secrets that there are. */
  used(hash: string): void {
    this.uses.set(hash, this.ports.clock.now());
    this.useTimer ??= this.ports.clock.after(lastUseMs, () => void this.writeUses());
  }

  /** Writes what was not written yet. */
  async close(): Promise<void> {
    this.useTimer?.cancel();
    await this.writeUses();
  }

  /** Commits a change and with it the end of these secrets, then closes what they opened. */
  async end(records: readonly Pick<SecretRecord, 'hash'>[], change: AccessChange = {}): Promise<void> {
    const hashes = records.map(({ hash }) => hash);
    await this.ports.save({ ...change, remove: hashes });
    this.forget(hashes);
  }

  /** The sessions of a user that hold, the newest first. */
  async sessionRecords(user: string): Promise<SecretRecord[]> {
    return (await this.ports.listSecrets('session', user)).filter(record => this.holding(record)).sort(newestFirst);
  }

  /** The tokens that a user made; all where it is null. */
  async tokenRecords(owner: string | null): Promise<SecretRecord[]> {
    const all = (await this.ports.listSecrets('token')).filter(record => this.holding(record));
    return (owner === null ? all : all.filter(token => token.owner === owner)).sort(newestFirst);
  }

  /** Those sessions of a user that would be more than `most`: the ones that were used longest ago. */
  async longestUnused(user: string, most: number): Promise<SecretRecord[]> {
    const byUse = (record: SecretRecord) => this.lastUseOf(record) ?? 0;
    return (await this.sessionRecords(user)).sort((a, b) => byUse(b) - byUse(a)).slice(most);
  }

  async sessionsOf(user: string, current: string): Promise<SessionInfo[]> {
    return (await this.sessionRecords(user)).map(record => {
      const { createdAt, expiresAt, address, agent, hash } = record;
      const lastUsedAt = this.lastUseOf(record);
      return { id: idOf(record), current: hash === current, createdAt, lastUsedAt, expiresAt, address, agent };
    });
  }

  /** Throws Refusal('not_found'). */
  async endSession(user: string, id: string): Promise<void> {
    await this.turns.take(async () => this.end([need(await this.sessionRecords(user), id, 'session')]));
  }

  async endSessions(user: string, but: string | null): Promise<void> {
    await this.turns.take(async () => this.end((await this.sessionRecords(user)).filter(({ hash }) => hash !== but)));
  }

  async tokens(owner: string | null): Promise<Token[]> {
    return (await this.tokenRecords(owner)).map(record => this.describeToken(record));
  }

  /** Makes a token that may no more than whoever asks. Throws Refusal: forbidden, bad_request, too_many. */
  createToken(principal: Principal, request: TokenRequest): Promise<TokenCreated> {
    const { name, role, expiresAt = null } = request;
    const now = this.ports.clock.now();
    const scope = tidyScope(request.scope === undefined ? principal.scope : request.scope);
    checkRights(principal, role, scope);
    if (expiresAt !== null && expiresAt <= now) {
      throw new Refusal('bad_request', `expiresAt: expected a time after now (${now}), got ${expiresAt}`);
    }
    return this.turns.take(async () => {
      // What the asker may can have changed while this waited.
      if (this.isOver(principal.hash)) throw new Refusal('not_signed_in');
      if ((await this.tokenRecords(null)).length >= limits.tokensMax) {
        throw new Refusal('too_many', `at most ${limits.tokensMax} tokens`);
      }
      const { secret, record } = makeSecret('token', name, role, expiresAt, {
        scope,
        owner: principal.user,
        createdAt: now,
      });
      await this.ports.save({ secrets: [record] });
      return { ...this.describeToken(record), secret };
    });
  }

  /** Throws Refusal('not_found'). */
  async endToken(owner: string | null, id: string): Promise<void> {
    await this.turns.take(async () => this.end([need(await this.tokenRecords(owner), id, 'token')]));
  }

  /** Those of a user's tokens that may something that these rights do not. */
  async tokensBeyond(owner: string, role: SecretRecord['role'], scope: Scope | null): Promise<SecretRecord[]> {
    const tokens = await this.tokenRecords(owner);
    return tokens.filter(token => !roleCovers(role, token.role) || !scopeWithin(token.scope, scope));
  }

  private describeToken(record: SecretRecord): Token {
    const { name, owner, role, scope, createdAt, expiresAt } = record;
    return { id: idOf(record), name, owner, role, scope, createdAt, lastUsedAt: this.lastUseOf(record), expiresAt };
  }

  private lastUseOf({ hash, lastUsedAt }: SecretRecord): Millis | null {
    return this.uses.get(hash) ?? lastUsedAt;
  }

  private holding(record: SecretRecord): SecretRecord | null {
    const expired = record.expiresAt !== null && record.expiresAt <= this.ports.clock.now();
    return expired || this.over.has(record.hash) ? null : record;
  }

  private forget(hashes: readonly string[]): void {
    for (const hash of hashes) {
      this.remembered.delete(hash);
      this.uses.delete(hash);
      if (this.over.size >= overMax) dropOldest(this.over);
      this.over.add(hash);
      this.ports.revoked(hash);
    }
  }

  private async writeUses(): Promise<void> {
    this.useTimer = null;
    if (this.uses.size === 0) return;
    const used = [...this.uses];
    // A store that takes nothing now loses a time of use, and nothing else.
    await this.ports.save({ used }).catch(() => {});
    for (const [hash, at] of used) if (this.uses.get(hash) === at) this.uses.delete(hash);
  }
}

/** A record for a new secret, and the secret that is told once. */
export function makeSecret(
  kind: SecretRecord['kind'],
  name: string,
  role: SecretRecord['role'],
  expiresAt: Millis | null,
  more: Partial<Pick<SecretRecord, 'scope' | 'owner' | 'createdAt'>> = {},
): { secret: string; record: SecretRecord } {
  const secret = newSecret(kind === 'token' ? 'tt_' : '');
  return { secret, record: { ...secretDefaults, hash: hashSecret(secret), kind, name, expiresAt, role, ...more } };
}

function need(records: readonly SecretRecord[], id: string, what: string): SecretRecord {
  const found = records.find(record => idOf(record) === id);
  if (found === undefined) throw new Refusal('not_found', `no such ${what}`);
  return found;
}

function checkRights(principal: Principal, role: SecretRecord['role'], scope: Scope | null): void {
  if (!roleCovers(principal.role, role)) {
    throw new Refusal('forbidden', `${principal.name} is ${principal.role} and cannot give the role ${role}`);
  }
  if (role === 'administrator' && scope !== null) {
    throw new Refusal('bad_request', 'scope: expected null, for an administrator is never limited');
  }
  if (!scopeWithin(scope, principal.scope)) {
    throw new Refusal('forbidden', `the scope goes beyond that of ${principal.name}`);
  }
}

function dropOldest(collection: Map<string, unknown> | Set<string>): void {
  const oldest = collection.keys().next().value;
  if (oldest !== undefined) collection.delete(oldest);
}
