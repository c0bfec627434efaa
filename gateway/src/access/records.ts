// What is kept of people and programs, who asks with it, and what this stage needs of the others.
import type { Millis, Role, Scope } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';

/**
 * One-time passwords of a user. The secret has to lie here as it is: each of them is worked out from it. Whoever can
 * read the database or a backup of it can make them; recovery codes are kept as SHA-256.
 */
export type TotpRecord = {
  /** Base32. */
  secret: string;
  /** False until the first one-time password was right. */
  active: boolean;
  /** The step of the newest that was used: it and those before it are spent. */
  lastStep: number;
  recovery: string[];
};

export type UserRecord = {
  name: string;
  role: Role;
  /** Null: all devices. An administrator's always is. */
  scope: Scope | null;
  /** As `hashPassword` writes it. */
  password: string;
  createdAt: Millis;
  lastSignInAt: Millis | null;
  totp: TotpRecord | null;
};

export type SecretKind = 'session' | 'token' | 'code';

/** A stored secret of a person or a program; `hash` is all that is kept of it. */
export type SecretRecord = {
  hash: string;
  kind: SecretKind;
  /** The user, or what the token is called. */
  name: string;
  expiresAt: Millis | null;
  /** What a token may. A session may what its user may. */
  role: Role;
  scope: Scope | null;
  /** The user who made the token, and with whom it ends. */
  owner: string | null;
  createdAt: Millis | null;
  lastUsedAt: Millis | null;
  address: string | null;
  agent: string | null;
};

/** What may be missing in a record that an earlier version wrote. */
export const secretDefaults = {
  scope: null,
  owner: null,
  createdAt: null,
  lastUsedAt: null,
  address: null,
  agent: null,
} satisfies Partial<SecretRecord>;
export const userDefaults = { scope: null, lastSignInAt: null, totp: null } satisfies Partial<UserRecord>;

/** Who asks: a signed-in person, or a program with a token. */
export type Principal = {
  /** Of a token that a user made `user/token`, which no user can be called. */
  name: string;
  role: Role;
  scope: Scope | null;
  hash: string;
  kind: 'session' | 'token';
  /** The person behind it; null for a token that the command line made. */
  user: string | null;
  expiresAt: Millis | null;
};

/** All of it is committed at once. */
export type AccessChange = {
  users?: UserRecord[];
  removeUsers?: string[];
  secrets?: SecretRecord[];
  /** Hashes of secrets that end. */
  remove?: string[];
  /** When secrets were used last, by hash; of one that is no more nothing is kept. */
  used?: [hash: string, at: Millis][];
  /** What expired before then goes. */
  trimBefore?: Millis;
};

export type AccessPorts = {
  clock: Clock;
  findSecret(hash: string): Promise<SecretRecord | null>;
  /** All secrets of a kind; those of one name where it is given. */
  listSecrets(kind: SecretKind, name?: string): Promise<SecretRecord[]>;
  save(change: AccessChange): Promise<void>;
  /** Called where a session or token is over, so that what it opened is closed at once ([ACC-7]). */
  revoked(hash: string): void;
};
