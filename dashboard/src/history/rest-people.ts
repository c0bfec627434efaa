// The calls about people: my own password, sessions, tokens and one-time passwords, and for administrators the users.
import type {
  PasswordChange,
  PasswordReset,
  SessionList,
  TokenCreated,
  TokenList,
  TokenRequest,
  TotpConfirmed,
  TotpEnrolment,
  TotpState,
  User,
  UserChange,
  UserCreated,
  UserPage,
  UserRequest,
} from '@telltale/gateway/contract';
import { type Call, type ListQuery, queryText } from './rest-call.ts';

/** Joins the client in rest.ts. */
export function peopleCalls(call: Call) {
  const user = (name: string) => `/users/${encodeURIComponent(name)}`;
  return {
    changePassword: (request: PasswordChange) => call<void>('PUT', '/session/password', request),
    sessions: () => call<SessionList>('GET', '/sessions'),
    endSession: (id: string) => call<void>('DELETE', `/sessions/${encodeURIComponent(id)}`),
    endOtherSessions: () => call<void>('DELETE', '/sessions'),
    tokens: () => call<TokenList>('GET', '/tokens'),
    createToken: (request: TokenRequest) => call<TokenCreated>('POST', '/tokens', request),
    endToken: (id: string) => call<void>('DELETE', `/tokens/${encodeURIComponent(id)}`),
    totp: () => call<TotpState>('GET', '/session/totp'),
    beginTotp: (password: string) => call<TotpEnrolment>('POST', '/session/totp', { password }),
    confirmTotp: (totp: string) => call<TotpConfirmed>('POST', '/session/totp/confirm', { totp }),
    leaveTotp: (password: string, totp: string) => call<void>('POST', '/session/totp/remove', { password, totp }),
    users: (query: ListQuery) => call<UserPage>('GET', `/users${queryText(query)}`),
    createUser: (request: UserRequest) => call<UserCreated>('POST', '/users', request),
    changeUser: (name: string, change: UserChange) => call<User>('PATCH', user(name), change),
    deleteUser: (name: string) => call<void>('DELETE', user(name)),
    resetPassword: (name: string) => call<PasswordReset>('POST', `${user(name)}/password`),
    removeTotp: (name: string) => call<void>('DELETE', `${user(name)}/totp`),
  };
}
