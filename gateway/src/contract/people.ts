// People and programs on the wire: users with their rights, sessions, API tokens, passwords and one-time passwords.
import type { Page } from './rest.ts';
import type { Millis, Role } from './words.ts';

/**
 * The devices that somebody may see: those whose id fits a pattern (`*` is any run of characters) and those that have
 * one of the tags. Wherever there is null in its place, that is all devices.
 */
export type Scope = { devices: string[]; tags: string[] };

/** A password, with the one-time password (6 digits) or a recovery code where the user has them; or a sign-in link. */
export type SignInRequest = { name: string; password: string; totp?: string } | { code: string };

/** Who is signed in. `kind` is `token` for a program, which has no password, sessions or one-time passwords. */
export type Session = { user: string; role: Role; scope: Scope | null; kind: 'session' | 'token'; expiresAt: Millis };

export type User = {
  name: string;
  role: Role;
  /** Null for an administrator, always. */
  scope: Scope | null;
  createdAt: Millis;
  lastSignInAt: Millis | null;
  /** True where one-time passwords are asked for. */
  totp: boolean;
};
export type UserPage = Page<User>;
/** Without `password` one is made up; without `scope` the user may see all devices. */
export type UserRequest = { name: string; role: Role; scope?: Scope | null; password?: string };
/** What is left out stays; who becomes an administrator is limited no longer. */
export type UserChange = { role?: Role; scope?: Scope | null };
/** `password` is the one that was made up, told this once; null where it was given. */
export type UserCreated = User & { password: string | null };

/** A session as lists show it. `id` ends it, and is nothing that can be asked with. */
export type SessionInfo = {
  id: string;
  /** The one that asks. */
  current: boolean;
  createdAt: Millis | null;
  /** To about a minute. */
  lastUsedAt: Millis | null;
  expiresAt: Millis | null;
  /** From where it was begun. */
  address: string | null;
  /** What the browser said about itself, its beginning. */
  agent: string | null;
};
export type SessionList = { items: SessionInfo[] };

export type Token = {
  id: string;
  name: string;
  /** Who made it, and with whom it ends; null where that was the command line. */
  owner: string | null;
  role: Role;
  scope: Scope | null;
  createdAt: Millis | null;
  /** To about a minute. */
  lastUsedAt: Millis | null;
  /** Null: it does not expire. */
  expiresAt: Millis | null;
};
export type TokenList = { items: Token[] };
/** Neither role nor scope may go beyond those of whoever asks. Without `scope` it is the asker's own. */
export type TokenRequest = { name: string; role: Role; scope?: Scope | null; expiresAt?: Millis | null };
/** `secret` is told this once. */
export type TokenCreated = Token & { secret: string };

export type PasswordChange = { old: string; new: string };
/** A password that was made up, told this once. */
export type PasswordReset = { password: string };

/** `active`: one-time passwords (RFC 6238) are asked for. Recovery codes stand in for one each. */
export type TotpState = { active: boolean; recoveryCodesLeft: number };
/** For the authenticator app: the secret in base32, and the same as an otpauth URI for a QR code. Told this once. */
export type TotpEnrolment = { secret: string; uri: string };
/** Told this once; each works once. */
export type TotpConfirmed = { recoveryCodes: string[] };
