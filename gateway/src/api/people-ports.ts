// What the API asks of those who know users, sessions, tokens and one-time passwords.
import type {
  PasswordChange,
  PasswordReset,
  Role,
  Scope,
  Session,
  SessionInfo,
  SignInRequest,
  Ticket,
  Token,
  TokenCreated,
  TokenRequest,
  TotpConfirmed,
  TotpEnrolment,
  TotpState,
  User,
  UserChange,
  UserCreated,
  UserRequest,
} from '../contract/index.ts';

/** Who asks, and what it may: `scope` null stands for all devices. */
export type Principal = {
  name: string;
  role: Role;
  scope: Scope | null;
  hash: string;
  kind: 'session' | 'token';
  /** The person behind it; null for a token that the command line made. */
  user: string | null;
  expiresAt: number | null;
};

/** From where somebody signs in. */
export type SignInPlace = { address: string; agent: string | null };

export type AccessPorts = {
  signIn(request: SignInRequest, from: SignInPlace): Promise<{ secret: string; session: Session }>;
  signOut(principal: Principal): Promise<void>;
  principalOf(secret: string): Promise<Principal | null>;
  /** Throws Refusal('too_many'). */
  issueTicket(principal: Principal): Ticket;
  /** True once the session or token was ended, so that an answer that goes on for long can stop. */
  isOver(hash: string): boolean;
  people: {
    /** In order of name, those after `after`. */
    page(after: string | null, limit: number): User[];
    exists(name: string): boolean;
    describe(name: string): User;
    create(request: UserRequest): Promise<UserCreated>;
    change(name: string, change: UserChange): Promise<User>;
    resetPassword(name: string): Promise<PasswordReset>;
    remove(name: string): Promise<void>;
    removeTotp(name: string): Promise<void>;
  };
  /** What a person signs in with. */
  proofs: {
    changePassword(principal: Principal, change: PasswordChange, address: string): Promise<void>;
    totpOf(principal: Principal): TotpState;
    beginTotp(principal: Principal, password: string, address: string): Promise<TotpEnrolment>;
    confirmTotp(principal: Principal, totp: string): Promise<TotpConfirmed>;
    leaveTotp(principal: Principal, proof: { password: string; totp: string }, address: string): Promise<void>;
  };
  grants: {
    /** `current` is the hash of the one that asks. */
    sessionsOf(user: string, current: string): Promise<SessionInfo[]>;
    endSession(user: string, id: string): Promise<void>;
    /** Ends all sessions of the user but the one with the hash `but`. */
    endSessions(user: string, but: string | null): Promise<void>;
    /** Tokens of this owner; of everybody where it is null. */
    tokens(owner: string | null): Promise<Token[]>;
    createToken(principal: Principal, request: TokenRequest): Promise<TokenCreated>;
    /** Ends a token of this owner, or anybody's where it is null. */
    endToken(owner: string | null, id: string): Promise<void>;
  };
};
