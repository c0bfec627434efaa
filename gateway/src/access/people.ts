// The users: what each may, and changing that. Whoever loses rights loses at once what was opened with them ([ACC-7]).
// Invariant: there is always an administrator.
// Full: at most `limits.usersMax` users; a further one is refused.
import {
  limits,
  type PasswordReset,
  Refusal,
  type User,
  type UserChange,
  type UserCreated,
  type UserRequest,
} from '../contract/index.ts';
import type { Turns } from '../lib/turns.ts';
import type { Grants } from './grants.ts';
import { type AccessPorts, type UserRecord, userDefaults } from './records.ts';
import { sameScope, tidyScope } from './scope.ts';
import { checkPassword, hashPassword, newSecret } from './secrets.ts';

export class People {
  private readonly users = new Map<string, UserRecord>();
  private readonly ports: AccessPorts;
  private readonly grants: Grants;
  private readonly turns: Turns;

  constructor(ports: AccessPorts, grants: Grants, turns: Turns) {
    this.ports = ports;
    this.grants = grants;
    this.turns = turns;
  }

  /** Takes in what the database knows; records of earlier versions lack some fields. */
  load(users: readonly (Partial<UserRecord> & Omit<UserRecord, keyof typeof userDefaults>)[]): void {
    for (const user of users) this.users.set(user.name, { ...userDefaults, ...user });
  }

  /**
   * Makes the first administrator where there is nobody yet. Returns the password where one had to be made up: it is
   * to be shown once. A given password replaces the administrator's, and ends the sessions begun with that.
   */
  async firstAdministrator(password: string | null): Promise<string | null> {
    if (password === null && this.users.size > 0) return null;
    const chosen = password ?? newSecret();
    const known = this.users.get('admin');
    if (known !== undefined && (await checkPassword(chosen, known.password))) return null;
    const first = known ?? { ...userDefaults, name: 'admin', createdAt: this.ports.clock.now() };
    const next: UserRecord = {
      ...first,
      role: 'administrator',
      scope: null,
      password: await hashPassword(chosen),
    };
    await this.replace(next, known !== undefined);
    return password === null ? chosen : null;
  }

  exists(name: string): boolean {
    return this.users.has(name);
  }

  get(name: string): UserRecord | undefined {
    return this.users.get(name);
  }

  /** A stored password to check against where there is no such user, so that the time tells nothing. */
  anyPassword(): string | undefined {
    return this.users.values().next().value?.password;
  }

  /** After the record was committed with something else. */
  put(user: UserRecord): void {
    this.users.set(user.name, user);
  }

  page(after: string | null, limit: number): User[] {
    const names = [...this.users.keys()].filter(name => after === null || name > after).sort();
    return names.slice(0, limit).map(name => this.describe(name));
  }

  /** Throws Refusal('not_found'). */
  describe(name: string): User {
    const { role, scope, createdAt, lastSignInAt, totp } = this.need(name);
    return { name, role, scope, createdAt, lastSignInAt, totp: totp?.active ?? false };
  }

  /** Throws Refusal: conflict, too_many. */
  async create({ name, role, scope = null, password }: UserRequest): Promise<UserCreated> {
    const madeUp = password === undefined ? newSecret() : null;
    const hash = await hashPassword(password ?? madeUp ?? '');
    return this.turns.take(async () => {
      if (this.users.has(name)) throw new Refusal('conflict', `a user is called ${JSON.stringify(name)}`);
      if (this.users.size >= limits.usersMax) throw new Refusal('too_many', `at most ${limits.usersMax} users`);
      const createdAt = this.ports.clock.now();
      await this.replace({ ...userDefaults, name, role, scope: tidyScope(scope), password: hash, createdAt }, false);
      return { ...this.describe(name), password: madeUp };
    });
  }

  /** Gives other rights. The sessions end, and those tokens that would go beyond. Throws Refusal: not_found, unprocessable. */
  change(name: string, change: UserChange): Promise<User> {
    return this.turns.take(async () => {
      const user = this.need(name);
      const role = change.role ?? user.role;
      // An administrator is never limited.
      const scope = role === 'administrator' ? null : tidyScope(change.scope === undefined ? user.scope : change.scope);
      if (role === 'administrator' && change.scope) {
        throw new Refusal('bad_request', 'scope: expected null, for an administrator is never limited');
      }
      if (role === user.role && sameScope(scope, user.scope)) return this.describe(name);
      if (role !== 'administrator') this.needOtherAdministrator(user);
      const next = { ...user, role, scope };
      const ending = [
        ...(await this.grants.sessionRecords(name)),
        ...(await this.grants.tokensBeyond(name, role, scope)),
      ];
      await this.grants.end(ending, { users: [next] });
      this.put(next);
      return this.describe(name);
    });
  }

  /** Makes up a password in place of the old one; the sessions end. Throws Refusal('not_found'). */
  async resetPassword(name: string): Promise<PasswordReset> {
    this.need(name);
    const password = newSecret();
    const hash = await hashPassword(password);
    await this.turns.take(() => this.replace({ ...this.need(name), password: hash }, true));
    return { password };
  }

  /** Deletes a user with all sessions and tokens. Throws Refusal: not_found, unprocessable. */
  remove(name: string): Promise<void> {
    return this.turns.take(async () => {
      this.needOtherAdministrator(this.need(name));
      const ending = [...(await this.grants.sessionRecords(name)), ...(await this.grants.tokenRecords(name))];
      await this.grants.end(ending, { removeUsers: [name] });
      this.users.delete(name);
    });
  }

  /** Asks the user for no one-time password any more. Throws Refusal('not_found'). */
  async removeTotp(name: string): Promise<void> {
    await this.turns.take(() => this.replace({ ...this.need(name), totp: null }, false));
  }

  /** Commits a user's record, with the end of the sessions where that is asked for. Taken in turn. */
  async replace(user: UserRecord, endSessions: boolean, but: string | null = null): Promise<void> {
    const sessions = endSessions ? await this.grants.sessionRecords(user.name) : [];
    await this.grants.end(
      sessions.filter(({ hash }) => hash !== but),
      { users: [user] },
    );
    this.put(user);
  }

  /** Throws Refusal('not_found'). */
  need(name: string): UserRecord {
    const user = this.users.get(name);
    if (user === undefined) throw new Refusal('not_found', `no user is called ${JSON.stringify(name)}`);
    return user;
  }

  private needOtherAdministrator({ name, role }: UserRecord): void {
    if (role !== 'administrator') return;
    for (const other of this.users.values()) if (other.role === 'administrator' && other.name !== name) return;
    throw new Refusal('unprocessable', `${name} is the last administrator`);
  }
}
