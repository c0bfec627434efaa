// The REST client: one function for each call the page makes. What goes wrong becomes an ApiError with a title for
// people and, where the gateway gave them, its code and detail.
import type {
  AuditFilter,
  AuditPage,
  Code,
  Command,
  CommandPage,
  CommandRequest,
  DeadLetterPage,
  Device,
  DeviceControlAnswer,
  DeviceCreated,
  Health,
  HistoryBuckets,
  HistoryReadings,
  Latest,
  Lease,
  LeaseRequest,
  Page,
  Problem,
  SeriesStoragePage,
  Session,
  SignInRequest,
  Storage,
  Void,
  VoidPage,
  VoidRequest,
} from '@telltale/gateway/contract';
import { type Call, type ListQuery, type Query, queryText } from './rest-call.ts';
import { commandTypeCalls } from './rest-command-types.ts';
import { deviceAccessCalls } from './rest-device-access.ts';
import { groupCalls } from './rest-groups.ts';
import { peopleCalls } from './rest-people.ts';
import { stateCalls } from './rest-state.ts';

/** Past this a request counts as unanswered: a plant's radio link is slow, but not that slow. */
const requestTimeoutMs = 20_000;

/** Why a call brought nothing: the gateway said no, could not be reached, or answered something else. */
export class ApiError extends Error {
  readonly kind: 'problem' | 'unreachable' | 'unexpected';
  readonly status: number | null;
  readonly code: Code | null;
  readonly detail: string | null;
  readonly fields: NonNullable<Problem['errors']>;

  constructor(kind: ApiError['kind'], title: string, status: number | null = null, problem: Partial<Problem> = {}) {
    super(title);
    this.name = 'ApiError';
    this.kind = kind;
    this.status = status;
    this.code = problem.code ?? null;
    this.detail = problem.detail ?? null;
    this.fields = problem.errors ?? [];
  }
}

export type HistoryQuery = { device: string; metric: string; from: number; to: number };

export type Api = ReturnType<typeof createApi>;

/** `signedOut` is called where the gateway knows the page no longer; a wrong password is answered 401, too. */
export function createApi(fetcher: typeof fetch, base = '/api/v1', signedOut: () => void = () => {}) {
  const call: Call = async <Answer>(...request: Parameters<Call>) => {
    const response = await reach(...request);
    if (response.ok) return (response.status === 204 ? undefined : await readJson(response)) as Answer;
    const problem = await problemOf(response);
    if (problem.code === 'not_signed_in') signedOut();
    throw problem;
  };

  async function reach(...[method, path, body, more = {}]: Parameters<Call>): Promise<Response> {
    try {
      return await fetcher(base + path, {
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...more.headers,
        },
        body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
        signal: AbortSignal.timeout(more.timeoutMs ?? requestTimeoutMs),
      });
    } catch {
      throw new ApiError('unreachable', 'The gateway cannot be reached');
    }
  }

  /** Stands outside of the API's own path, and tells what is wrong in a 503. */
  async function health(): Promise<Health> {
    return (await readJson(await fetcher('/readyz', { credentials: 'same-origin', cache: 'no-store' }))) as Health;
  }

  const get = <Answer>(path: string, query: Query = {}) => call<Answer>('GET', path + queryText(query));
  const device = (id: string) => `/devices/${encodeURIComponent(id)}`;

  return {
    session: () => get<Session>('/session'),
    signIn: (request: SignInRequest) => call<Session>('POST', '/session', request),
    signOut: () => call<void>('DELETE', '/session'),
    devices: (query: ListQuery & { q?: string; tag?: string | null }) => get<Page<Device>>('/devices', query),
    device: (id: string) => get<Device>(device(id)),
    createDevice: (request: { id: string; name?: string }) => call<DeviceCreated>('POST', '/devices', request),
    deleteDevice: (id: string) => call<void>('DELETE', device(id)),
    deviceControl: (id: string) => get<DeviceControlAnswer>(`${device(id)}/control`),
    takeLease: (id: string, request: LeaseRequest) => call<Lease>('PUT', `${device(id)}/lease`, request),
    releaseLease: (id: string) => call<void>('DELETE', `${device(id)}/lease`),
    latest: (id: string) => get<Latest>(`${device(id)}/latest`),
    buckets: (query: HistoryQuery & { points: number }) => get<HistoryBuckets>('/history', query),
    readings: (query: HistoryQuery & ListQuery) => get<HistoryReadings>('/history', query),
    sendCommand: (id: string, request: CommandRequest, key: string) =>
      call<Command>('POST', `${device(id)}/commands`, request, { headers: { 'idempotency-key': key } }),
    commands: (query: ListQuery & { device?: string }) => get<CommandPage>('/commands', query),
    approveCommand: (id: string) => call<Command>('POST', `/commands/${encodeURIComponent(id)}/approve`),
    cancelCommand: (id: string) => call<Command>('POST', `/commands/${encodeURIComponent(id)}/cancel`),
    voids: (query: ListQuery & { device: string; metric: string }) => get<VoidPage>('/voids', query),
    createVoid: (request: VoidRequest) => call<Void>('POST', '/voids', request),
    restoreVoid: (id: string, reason: string) =>
      call<Void>('POST', `/voids/${encodeURIComponent(id)}/restore`, { reason }),
    audit: (query: AuditFilter & ListQuery) => get<AuditPage>('/audit', query),
    /** Address of all lines of a filter as a file. */
    auditCsv: (filter: AuditFilter) => `${base}/audit${queryText({ ...filter, format: 'csv' })}`,
    storage: () => get<Storage>('/storage'),
    storageSeries: (query: ListQuery) => get<SeriesStoragePage>('/storage/series', query),
    deadLetters: (query: ListQuery) => get<DeadLetterPage>('/dead-letters', query),
    health,
    ...peopleCalls(call),
    ...groupCalls(call),
    ...deviceAccessCalls(call),
    ...stateCalls(call),
    ...commandTypeCalls(call),
  };
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new ApiError('unexpected', 'The answer cannot be understood', response.status);
  }
}

async function problemOf(response: Response): Promise<ApiError> {
  let problem: Partial<Problem> = {};
  try {
    problem = (await response.json()) as Partial<Problem>;
  } catch {
    // Something between page and gateway answered in its own words; the status has to do.
  }
  const kind = typeof problem.title === 'string' ? 'problem' : 'unexpected';
  return new ApiError(kind, problem.title ?? `Unexpected answer (HTTP ${response.status})`, response.status, problem);
}
