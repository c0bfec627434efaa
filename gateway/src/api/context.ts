// What every route of the API shares: its ports, who asks, and from where.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, MiddlewareHandler } from 'hono';
import {
  type AuditEntry,
  type AuditFilter,
  type AuditNote,
  type Bucket,
  type BulkReport,
  type Command,
  type CommandRequest,
  type ConnectionLog,
  type DeadLetter,
  type DesiredChange,
  type Device,
  type DeviceState,
  type Health,
  type HistoryGap,
  type Latest,
  type NewSecret,
  Refusal,
  type Scope,
  type SeriesStorage,
  type StateChange,
  type Storage,
  type StreamRequest,
  type Value,
  type Void,
  type VoidRequest,
} from '../contract/index.ts';
import { type Client, clientOf, trustedProxies } from '../lib/forwarded.ts';
import type { Logger } from '../lib/logger.ts';
import type { Told } from './audited.ts';
import type { CommandTypePorts } from './command-types.ts';
import type { ControlPorts } from './control.ts';
import type { CredentialPorts } from './device-credentials.ts';
import type { EnrolmentPorts } from './enrolment.ts';
import type { GroupPorts } from './group-ports.ts';
import type { Page } from './origin.ts';
import type { AccessPorts, Principal } from './people-ports.ts';
import { needDevice, type Sees } from './sight.ts';

export type Interval = { ms: number } | { unit: 'hour' | 'day' | 'week' | 'month'; count: number };

export type ApiPorts = {
  now(): number;
  log: Logger;
  health(): Health;
  /** Numbers that only grow, by stage and name. */
  counters(): Record<string, Record<string, number>>;
  /** Numbers that go up and down. */
  gauges(): Record<string, number>;
  access: AccessPorts;
  devices: {
    /** In order of id, those after `after`. */
    page(after: string | null, limit: number, filter: { search: string; tag?: string; sees: Sees }): Device[];
    /** True where the scope has the device, by its id or by its tags. */
    covers(scope: Scope, id: string): boolean;
    describe(id: string): Device;
    create(id: string, name: string): Promise<Device & { secret: string }>;
    change(id: string, change: { name?: string; tags?: string[] }): Promise<Device>;
    remove(id: string): Promise<void>;
    /** A new secret beside or in place of the device's old one; its first, where it had none. */
    newSecret(id: string, overlapMs: number): Promise<NewSecret>;
    /** Creates as many as can be; the others come back with what was wrong. */
    createAll(rows: { line: number; id: string; name: string; tags: string[] }[]): Promise<BulkReport>;
    latest(id: string): Latest;
  };
  control: ControlPorts;
  credentials: CredentialPorts;
  enrolment: EnrolmentPorts;
  /** What became of the connections that signed in by this name, the newest first. */
  connectionLog(name: string): ConnectionLog;
  history: {
    /** Unit of a metric; undefined where the device neither sent nor announced it. */
    unit(device: string, metric: string): string | null | undefined;
    readings(ask: HistoryAsk & { limit: number }): Promise<{ readings: [number, Value][]; more: boolean } & Missing>;
    /** `intervalMs` is the width of buckets that were asked for by their number; they begin at multiples of it. */
    buckets(ask: HistoryAsk & Spacing): Promise<{ buckets: Bucket[]; intervalMs?: number } & Missing>;
    isTimeZone(zone: string): boolean;
  };
  commandTypes: CommandTypePorts;
  commands: {
    request(
      device: string,
      request: CommandRequest,
      key: string | null,
      requester: { by: string; from: string },
    ): Promise<Command>;
    get(id: string): Promise<Command>;
    cancel(id: string, requester: { by: string; from: string }): Promise<Command>;
    approve(id: string, requester: { by: string; from: string }): Promise<Command>;
    list(filter: { device?: string; state?: string }, before: string, limit: number): Promise<Command[]>;
  };
  groups: GroupPorts;
  audit: {
    /**
     * Lines with smaller ids than `before`, newest first. It may answer fewer than `limit` and say with `next` where to
     * go on; null is the end.
     */
    list(filter: AuditFilter, before: number, limit: number): Promise<{ items: AuditEntry[]; next: number | null }>;
    /** Adds a line, in the background. */
    note(line: AuditNote): void;
  };
  /** Both write the answer themselves, and go on after they return. Throw Refusal before that. */
  live: {
    stream(response: ServerResponse, request: StreamRequest, principal: Principal, address: string): void;
    poll(response: ServerResponse, request: StreamRequest, waitMs: number, principal: Principal, address: string): void;
  };
  state: {
    /** Throws Refusal('not_found'). */
    describe(device: string): DeviceState;
    /** `version` is what was seen, `*` whatever it is; with `replacesAll` fields that are not named are taken back. */
    change(
      device: string,
      change: DesiredChange,
      ask: { by: string; from: string; version: number | '*' | undefined; replacesAll: boolean },
    ): Promise<DeviceState>;
    /** Newest first, of those whose id is smaller than `before`. */
    history(device: string, before: number, limit: number): Promise<StateChange[]>;
  };
  voids: {
    create(request: VoidRequest, by: string): Promise<Void>;
    get(id: string): Promise<Void>;
    restore(id: string, reason: string, by: string): Promise<Void>;
    /** Newest first, of those whose id is smaller than `before`. */
    list(filter: { device?: string; metric?: string }, before: string, limit: number): Promise<Void[]>;
  };
  storage: {
    read(): Promise<Storage>;
    /** In order of `id`, of those whose id is greater than `after`. */
    series(after: number, limit: number): Promise<(SeriesStorage & { id: number })[]>;
  };
  deadLetters: {
    list(before: number, limit: number): Promise<DeadLetter[]>;
    refused(): number;
  };
  transfer: {
    /** Takes in a file of readings; resolves once all of it is committed. */
    import(
      format: 'csv' | 'ndjson',
      body: AsyncIterable<Uint8Array>,
    ): Promise<{
      readings: number;
      refused: number;
      errors: { line: number; expected: string; got: string }[];
      devicesCreated: number;
    }>;
    /** Readings as the bytes of a file; `device` and `metric` are patterns. */
    export(ask: ExportAsk, sees: Sees): AsyncIterable<Uint8Array>;
  };
  backup: {
    /** A backup as a stream of `bytes` bytes, one at a time; `signal` says that whoever asked is gone. */
    take(signal: AbortSignal): Promise<{ bytes: number; body: ReadableStream<Uint8Array> }>;
  };
};

export type ExportAsk = { format: 'csv' | 'ndjson'; device: string; metric: string; from?: number; to?: number };

export type HistoryAsk = { device: string; metric: string; from: number; to: number };

/** Buckets of one length, or about so many of a length that suits what is stored. */
export type Spacing = { interval: Interval; zone: string } | { points: number };

/** Why readings are not in an answer. A gap is cut to what was asked for; a void that touches it comes whole. */
export type Missing = { gaps: HistoryGap[]; voids: Void[] };

export type ApiEnv = {
  Bindings: { incoming: IncomingMessage; outgoing: ServerResponse };
  Variables: { principal: Principal; client: Client; page?: Page; told?: Told };
};

/**
 * The name of a session's cookie. Over HTTPS it has the prefix of which a browser sees to it that the gateway's own HTTPS
 * alone has set it (RFC 6265bis, 4.1.3.2), so that no neighbour in its domain puts another in its place.
 */
export const sessionCookie = (isHttps: boolean): string => `${isHttps ? '__Host-' : ''}telltale_session`;

/** The unit of a metric; refuses what no device ever sent, and what whoever asks may not see. */
export function unitOf(ports: ApiPorts, principal: Principal, device: string, metric: string): string | null {
  const { devices, history } = ports;
  needDevice(ports, principal, device);
  devices.describe(device);
  const unit = history.unit(device, metric);
  if (unit === undefined)
    throw new Refusal('not_found', `${device} never sent a metric called ${JSON.stringify(metric)}`);
  return unit;
}

/** Keeps where a request came from, past the proxies that are trusted ([ACC-5]). */
export function findClient(proxies: readonly string[]): MiddlewareHandler<ApiEnv> {
  const trusted = trustedProxies(proxies);
  return async (c, next) => {
    const peer = c.env?.incoming?.socket.remoteAddress ?? '';
    const forwardedFor = c.req.header('X-Forwarded-For');
    const forwardedProto = c.req.header('X-Forwarded-Proto');
    c.set('client', clientOf({ peer, forwardedFor, forwardedProto }, trusted));
    await next();
  };
}

/** The address of whoever asks, behind proxies too. */
export function addressOf(c: Context<ApiEnv>): string {
  return c.get('client').address;
}

/** True where whoever asks does so over HTTPS, be it a proxy that ends it. */
export function isHttps(c: Context<ApiEnv>): boolean {
  return c.get('client').isHttps || new URL(c.req.url).protocol === 'https:';
}
