// Schemas of users, sessions, tokens and one-time passwords, for the OpenAPI document and for checking what comes in.
import { z } from '@hono/zod-openapi';
import {
  isTag,
  isUserName,
  limits,
  type PasswordChange,
  type PasswordReset,
  roles,
  type Scope,
  type Session,
  type SessionInfo,
  type SessionList,
  type SignInRequest,
  type Token,
  type TokenCreated,
  type TokenList,
  type TokenRequest,
  type TotpConfirmed,
  type TotpEnrolment,
  type TotpState,
  type User,
  type UserChange,
  type UserCreated,
  type UserPage,
  type UserRequest,
} from '../contract/index.ts';
import { exactly } from './exact.ts';

const millis = z.int().openapi({ description: 'Unix milliseconds', example: 1763820000123 });
const role = z.enum(roles);
const kind = z.enum(['session', 'token']);

export const tag = z.string().refine(isTag, 'expected a tag: 1 to 64 characters, no / + # or control');
export const tags = z.array(tag).max(limits.tagsPerDeviceMax);
const userName = z
  .string()
  .refine(isUserName, 'expected a name: 1 to 64 characters, no / + # or control, no blanks at its ends');
const newPassword = z.string().min(limits.passwordLengthMin).max(limits.passwordLengthMax);
/** One that is to be checked: whatever its length, it is right or wrong. */
const password = z.string().min(1).max(limits.passwordLengthMax);
const totp = z.string().min(1).max(32).openapi({ description: 'Six digits, or a recovery code' });
const told = (what: string) => z.string().openapi({ description: `${what}, told this once` });

export const scopeSchema = exactly<Scope>()(
  z
    .strictObject({
      devices: z
        .array(z.string().min(1).max(limits.patternLengthMax))
        .max(limits.scopePatternsMax)
        .openapi({ description: 'Patterns of device ids; `*` stands for any run of characters' }),
      tags: z.array(tag).max(limits.scopePatternsMax).openapi({ description: 'Devices with one of them' }),
    })
    .openapi('Scope'),
);
const scope = scopeSchema.nullable().openapi({ description: 'null: all devices' });

export const sessionSchema = exactly<Session>()(
  z.object({ user: z.string(), role, scope, kind, expiresAt: millis }).openapi('Session'),
);

export const signInSchema = exactly<SignInRequest>()(
  z
    .union([
      z.strictObject({ name: z.string().min(1).max(128), password, totp: totp.optional() }),
      z.strictObject({ code: z.string().min(1).max(128) }),
    ])
    .openapi('SignIn'),
);

export const userSchema = exactly<User>()(
  z
    .object({
      name: z.string(),
      role,
      scope,
      createdAt: millis,
      lastSignInAt: millis.nullable(),
      totp: z.boolean().openapi({ description: 'True where one-time passwords are asked for' }),
    })
    .openapi('User'),
);

export const usersSchema = exactly<UserPage>()(
  z.object({ items: z.array(userSchema), next: z.string().nullable() }).openapi('Users'),
);

export const userRequestSchema = exactly<UserRequest>()(
  z
    .strictObject({ name: userName, role, scope: scope.optional(), password: newPassword.optional() })
    .openapi('UserRequest'),
);

export const userChangeSchema = exactly<UserChange>()(
  z.strictObject({ role: role.optional(), scope: scope.optional() }).openapi('UserChange'),
);

export const userCreatedSchema = exactly<UserCreated>()(
  z.object({ ...userSchema.shape, password: told('The password that was made up').nullable() }).openapi('UserCreated'),
);

const signedIn = {
  createdAt: millis.nullable(),
  lastUsedAt: millis.nullable().openapi({ description: 'Unix milliseconds, to about a minute' }),
  expiresAt: millis.nullable(),
};

const sessionInfoSchema = exactly<SessionInfo>()(
  z
    .object({
      id: z.string(),
      current: z.boolean().openapi({ description: 'The one that asks' }),
      ...signedIn,
      address: z.string().nullable(),
      agent: z.string().nullable(),
    })
    .openapi('SessionInfo'),
);

export const sessionsSchema = exactly<SessionList>()(
  z.object({ items: z.array(sessionInfoSchema) }).openapi('Sessions'),
);

const tokenSchema = exactly<Token>()(
  z
    .object({
      id: z.string(),
      name: z.string(),
      owner: z.string().nullable().openapi({ description: 'null: made by the command line' }),
      role,
      scope,
      ...signedIn,
    })
    .openapi('Token'),
);

export const tokensSchema = exactly<TokenList>()(z.object({ items: z.array(tokenSchema) }).openapi('Tokens'));

export const tokenRequestSchema = exactly<TokenRequest>()(
  z
    .strictObject({ name: userName, role, scope: scope.optional(), expiresAt: millis.nullable().optional() })
    .openapi('TokenRequest'),
);

export const tokenCreatedSchema = exactly<TokenCreated>()(
  z.object({ ...tokenSchema.shape, secret: told('The token') }).openapi('TokenCreated'),
);

export const passwordChangeSchema = exactly<PasswordChange>()(
  z.strictObject({ old: password, new: newPassword }).openapi('PasswordChange'),
);

export const passwordResetSchema = exactly<PasswordReset>()(
  z.object({ password: told('The new password') }).openapi('PasswordReset'),
);

export const totpStateSchema = exactly<TotpState>()(
  z.object({ active: z.boolean(), recoveryCodesLeft: z.int() }).openapi('TotpState'),
);

export const totpEnrolmentSchema = exactly<TotpEnrolment>()(
  z.object({ secret: told('The secret in base32'), uri: told('otpauth URI') }).openapi('TotpEnrolment'),
);

export const totpConfirmedSchema = exactly<TotpConfirmed>()(
  z.object({ recoveryCodes: z.array(told('A recovery code')) }).openapi('TotpConfirmed'),
);

/** Bodies of the three steps of one-time passwords. */
export const totpBeginSchema = z.strictObject({ password });
export const totpConfirmSchema = z.strictObject({ totp });
export const totpRemoveSchema = z.strictObject({ password, totp });

/** A user's name in a path. */
export const userParam = z.object({ name: z.string().max(128) });
/** The id of a session or token in a path. */
export const grantId = z.string().max(64);
