// What every route of the API shares: its ports, who asks, and from where.
import type { Context } from 'hono';
import type {
  Bucket,
  Command,
  CommandRequest,
  DeadLetter,
  Device,
  Health,
  Latest,
  Role,
  Session,
  SignInRequest,
  Value,
} from '../contract/index.ts';
import type { Logger } from '../lib/logger.ts';

export type Principal = { name: string; role: Role; hash: string; kind: 'session' | 'token'; expiresAt: number | null };

export type Interval = { ms: number } | { unit: 'hour' | 'day' | 'week' | 'month'; count: number };

export type ApiPorts = {
  now(): number;
  log: Logger;
  health(): Health;
  /** Numbers that only grow, by stage and name. */
  counters(): Record<string, Record<string, number>>;
  /** Numbers that go up and down. */
  gauges(): Record<string, number>;
  access: {
    signIn(request: SignInRequest, address: string): Promise<{ secret: string; session: Session }>;
    signOut(principal: Principal): Promise<void>;
    principalOf(secret: string): Promise<Principal | null>;
  };
  devices: {
    page(after: string | null, limit: number, search: string): Device[];
    describe(id: string): Device;
    create(id: string, name: string): Promise<Device & { secret: string }>;
    rename(id: string, name: string): Promise<Device>;
    remove(id: string): Promise<void>;
    newSecret(id: string): Promise<string>;
    latest(id: string): Latest;
  };
  history: {
    /** Unit of a metric; undefined where the device never sent it. */
    unit(device: string, metric: string): string | null | undefined;
    readings(ask: HistoryAsk & { limit: number }): Promise<{ readings: [number, Value][]; more: boolean }>;
    buckets(
      ask: HistoryAsk & { interval: Interval; zone: string },
    ): Promise<{ buckets: Bucket[]; gaps: { from: number; to: number; reason: string }[] }>;
    isTimeZone(zone: string): boolean;
  };
  commands: {
    request(
      device: string,
      request: CommandRequest,
      key: string | null,
      requester: { by: string; from: string },
    ): Promise<Command>;
    get(id: string): Promise<Command>;
    cancel(id: string): Promise<Command>;
    list(filter: { device?: string; state?: string }, before: string, limit: number): Promise<Command[]>;
  };
  deadLetters: {
    list(before: number, limit: number): Promise<DeadLetter[]>;
    refused(): number;
  };
};

export type HistoryAsk = { device: string; metric: string; from: number; to: number };

export type ApiEnv = {
  Bindings: { incoming: { socket: { remoteAddress?: string } } };
  Variables: { principal: Principal };
};

export const sessionCookie = 'telltale_session';

/** The address of whoever asks. */
export function addressOf(c: Context<ApiEnv>): string {
  return c.env?.incoming?.socket.remoteAddress ?? '';
}
