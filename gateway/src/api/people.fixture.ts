// Users, sessions, tokens and one-time passwords as the API's tests find them: one of each.
import { Refusal, roles, type SessionInfo, type Token, type User } from '../contract/index.ts';
import type { AccessPorts } from './people-ports.ts';

const now = Date.UTC(2026, 0, 5);

const user = (name: string): User => {
  if (name === 'nobody') throw new Refusal('not_found', 'no user is called "nobody"');
  return { name, role: 'viewer', scope: null, createdAt: now, lastSignInAt: null, totp: false };
};
const times = { createdAt: now, lastUsedAt: now, expiresAt: now };
const session: SessionInfo = { id: 's', current: true, ...times, address: '::1', agent: null };
const token: Token = { id: 't', name: 'export', owner: 'ada', role: 'viewer', scope: null, ...times };

/** Whoever is asked for, by the secret of its name, has the role of that name. `asked` notes what changes something. */
export function fakeAccess(asked: unknown[][]): AccessPorts {
  return {
    signIn: async (request, from) => {
      asked.push(['signIn', request, from]);
      if ('code' in request && request.code === 'spent') throw new Refusal('code_spent');
      if ('password' in request && request.password === 'wrong') throw new Refusal('sign_in_failed');
      const expiresAt = Date.now() + 60_000;
      return { secret: 'viewer', session: { user: 'ada', role: 'viewer', scope: null, kind: 'session', expiresAt } };
    },
    issueTicket: () => ({ ticket: 'ticket', expiresAt: now + 30_000 }),
    signOut: async principal => void asked.push(['signOut', principal.name]),
    principalOf: async secret => {
      const role = roles.find(known => known === secret);
      if (role === undefined) return null;
      return { name: role, role, scope: null, hash: 'h', kind: 'session', user: role, expiresAt: now };
    },
    isOver: () => false,
    people: {
      page: () => ['ada', 'bob'].map(user),
      exists: name => name !== 'nobody',
      describe: user,
      create: async request => {
        asked.push(['user', request]);
        return { ...user(request.name), password: 'made up' };
      },
      change: async (name, change) => {
        asked.push(['change', name, change]);
        return { ...user(name), ...change };
      },
      resetPassword: async () => ({ password: 'made up' }),
      remove: async name => void asked.push(['removeUser', user(name).name]),
      removeTotp: async name => void user(name),
    },
    grants: {
      sessionsOf: async () => [session],
      endSession: async (name, id) => void asked.push(['endSession', name, id]),
      endSessions: async (name, but) => void asked.push(['endSessions', name, but]),
      tokens: async owner => {
        asked.push(['tokens', owner]);
        return [token];
      },
      createToken: async (_, request) => ({ ...token, name: request.name, secret: 'told once' }),
      endToken: async (owner, id) => void asked.push(['endToken', owner, id]),
    },
    proofs: {
      changePassword: async ({ name }, change) => void asked.push(['changePassword', name, change]),
      totpOf: () => ({ active: false, recoveryCodesLeft: 0 }),
      beginTotp: async () => ({ secret: 'A', uri: 'otpauth://totp/x' }),
      confirmTotp: async () => ({ recoveryCodes: ['r'] }),
      leaveTotp: async () => {},
    },
  };
}
