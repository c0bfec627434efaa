// Ports of the API in memory. Whoever is asked for, by the secret of its name, has the role of that name.
import { TypesHere } from '../command/types.fixture.ts';
import {
  type AuditNote,
  type Command,
  type CommandGroup,
  type Credential,
  type Device,
  type EnrolmentKey,
  type LatestValue,
  Refusal,
  type Role,
  type Storage,
  type Void,
} from '../contract/index.ts';
import { silentLogger } from '../lib/logger.ts';
import { createApp } from './app.ts';
import type { ApiPorts } from './context.ts';
import { fakeAccess } from './people.fixture.ts';

const now = Date.UTC(2026, 0, 5);

export const device = (id: string): Device => ({
  id,
  name: id,
  tags: [],
  createdAt: now,
  presence: { state: 'unknown', since: null, cause: null },
  attributes: {},
  metrics: 0,
  lastReadingAt: null,
});

const command = (id: string): Command => ({
  id,
  device: 'a',
  name: 'stop',
  params: null,
  state: 'sent',
  createdAt: now,
  updatedAt: now,
  expiresAt: now + 30_000,
  by: 'operator',
  from: '',
  reason: null,
  key: null,
  type: null,
  group: null,
  supersede: null,
  retries: 0,
  retryAfterMs: 5_000,
  reply: true,
  expect: [],
  needsApproval: false,
  approval: null,
  attempts: 1,
  sentAt: now,
  deliveredAt: now,
  answeredAt: null,
  result: null,
  error: null,
  proof: null,
  transitions: [{ state: 'queued', at: now, cause: 'requested' }],
});

/** A void of the hour before now, in force. */
export const voided = (id: string): Void => ({
  id,
  device: 'a',
  metric: 't',
  from: now - 3_600_000,
  to: now,
  by: 'ada',
  reason: 'probe in the sun',
  at: now,
  restored: null,
});

const nothing = { type: null, ts: null, value: null, receivedAt: null, cadenceMs: null };
const latestValues: LatestValue[] = [
  { metric: 'door, "back"', unit: null, ...nothing, freshness: 'never' },
  {
    metric: 'state',
    unit: '',
    type: 'string',
    ts: now - 5,
    value: '=1,"on"',
    receivedAt: now,
    freshness: 'late',
    cadenceMs: 2_000,
  },
];

const storage: Storage = {
  now,
  bytes: { file: 4096, wal: 512, log: 1024, readings: 2048, rollups: 256, free: 768 },
  readings: 1_000,
  oldest: null,
  diskBudget: null,
  diskFree: 1e9,
  fullAt: null,
  written: { today: 7, perDayMax: null, perDay: 9.5, commitIntervalMs: 10, cardEndurance: 1e13, cardYears: null },
};

function fakeTransfer(asked: unknown[][]): ApiPorts['transfer'] {
  return {
    async import(format, body) {
      let bytes = 0;
      for await (const chunk of body) bytes += chunk.byteLength;
      asked.push(['import', format, bytes]);
      return { readings: 1, refused: 0, errors: [], devicesCreated: 0 };
    },
    async *export(ask) {
      asked.push(['export', ask]);
      yield Buffer.from('time,device,metric,value\r\n');
    },
  };
}

const credential: Credential = {
  name: 'site',
  kind: 'field-gateway',
  devices: ['pump-*'],
  enabled: true,
  createdAt: now,
  rotatedAt: now,
  previousUntil: null,
  lastUsedAt: null,
};
const enrolmentKey: EnrolmentKey = {
  id: '1',
  name: 'batch',
  devices: ['pump-*'],
  uses: 0,
  usesMax: 10,
  expiresAt: now + 1,
  again: false,
  createdAt: now,
  by: 'ada',
  lastUsedAt: null,
};

const need = (id: string): Device => {
  if (id === 'nobody') throw new Refusal('not_found', `no device is called "${id}"`);
  return device(id);
};

function fakeDevices(asked: unknown[][]): ApiPorts['devices'] {
  return {
    page: (...args) => {
      asked.push(['page', ...args]);
      return ['a', 'b'].map(device);
    },
    describe: need,
    create: async id => ({ ...device(id), secret: 's' }),
    covers: ({ devices }, id) => devices.includes(id),
    change: async (id, change) => ({ ...need(id), ...change }),
    remove: async id => void need(id),
    newSecret: async (id, overlapMs) => {
      asked.push(['newSecret', id, overlapMs]);
      return { secret: 'new', previousUntil: overlapMs > 0 ? now + overlapMs : null };
    },
    createAll: async rows => {
      asked.push(['createAll', rows]);
      const isTaken = ({ id }: { id: string }) => id === 'a';
      return {
        devices: rows.filter(row => !isTaken(row)).map(row => ({ ...row, secret: `s-${row.id}` })),
        refused: rows.filter(isTaken).map(({ line }) => ({ line, expected: 'a new device', got: '"a"' })),
      };
    },
    latest: id => ({ device: need(id).id, presence: device(id).presence, now, values: latestValues }),
  };
}

const control: ApiPorts['control'] = {
  of: device => ({ device, watching: ['ada'], lease: null }),
  lastChange: async () => null,
  take: (_, { reason = null }, { by }) => ({ by, since: now, until: now + 120_000, reason }),
  release: () => {},
};

function deviceAccess(asked: unknown[][]): Pick<ApiPorts, 'credentials' | 'enrolment' | 'connectionLog'> {
  return {
    credentials: {
      page: () => [credential],
      get: name => ({ ...credential, name }),
      create: async request => ({ ...credential, ...request, secret: 's' }),
      change: async (name, change) => {
        asked.push(['change', name, change]);
        return { ...credential, name, ...change };
      },
      rotate: async (name, overlapMs) => {
        asked.push(['rotate', name, overlapMs]);
        return { secret: 'new', previousUntil: null };
      },
      endPrevious: async name => void asked.push(['endPrevious', name]),
      revoke: async name => void asked.push(['revoke', name]),
    },
    enrolment: {
      page: () => [enrolmentKey],
      create: async (request, by) => ({ ...enrolmentKey, ...request, by, again: request.again ?? false, key: 'te_1' }),
      revoke: async id => void asked.push(['revokeKey', id]),
      enrol: async ({ device: id, name = id }, address) => {
        asked.push(['enrol', id, address]);
        return { id, name, secret: 's' };
      },
    },
    connectionLog: name => ({ name, connected: 0, entries: [] }),
  };
}

const group: CommandGroup = {
  id: '1',
  target: { devices: ['*'], tags: [] },
  name: 'stop',
  params: null,
  state: 'running',
  stopped: null,
  createdAt: now,
  updatedAt: now,
  by: 'operator',
  from: '',
  reason: null,
  total: 2,
  counts: { pending: 1, sent: 1 },
  concurrency: 1,
  failuresMax: 1,
  approvedBy: null,
  refusals: [],
};

function fakeGroups(asked: unknown[][]): ApiPorts['groups'] {
  const row = { group, devices: ['a', 'b'] };
  return {
    preview: async ({ devices = [] }) => ({ total: devices.length, devices }),
    async create(...args) {
      asked.push(['group', ...args]);
      return group;
    },
    get: async () => row,
    list: async () => [row],
    async commands(...args) {
      asked.push(['groupCommands', ...args]);
      return [command('1')];
    },
    approve: async () => group,
    stop: async () => group,
  };
}

export function fakePorts() {
  /** What was asked of the stages, in order. */
  const asked: unknown[][] = [];
  /** Lines of the audit trail. */
  const noted: AuditNote[] = [];
  const note =
    <Answer>(name: string, answer: Answer) =>
    (...args: unknown[]) => {
      asked.push([name, ...args]);
      return answer;
    };
  const ports: ApiPorts = {
    now: () => now,
    log: silentLogger,
    health: () => ({ ok: true, checks: { store: { ok: true } } }),
    counters: () => ({ ingest: { deadLetters: 3 } }),
    gauges: () => ({ openCommands: 2, storeFileBytes: 4096 }),
    live: { stream: note('live.stream', undefined), poll: note('live.poll', undefined) },
    access: fakeAccess(asked),
    devices: fakeDevices(asked),
    control,
    ...deviceAccess(asked),
    history: {
      unit: (_device, metric) => (metric === 'never' ? undefined : '°C'),
      readings: note(
        'readings',
        Promise.resolve({ readings: [[now - 1, 'say "x"']], more: true, gaps: [], voids: [voided('1')] }),
      ),
      buckets: note(
        'buckets',
        Promise.resolve({ buckets: [[now - 9, 1, 1, 1, 1, 1, 1]], gaps: [], voids: [], intervalMs: 60_000 }),
      ),
      isTimeZone: zone => zone !== 'Mars',
    },
    commandTypes: new TypesHere().types,
    commands: {
      request: note('request', Promise.resolve(command('1'))),
      get: async id => {
        if (id === 'fault') throw new Error('secret detail');
        return command(id);
      },
      approve: async id => command(id),
      cancel: async id => command(id),
      list: note('list', Promise.resolve([command('1')])),
    },
    groups: fakeGroups(asked),
    audit: { list: note('audit', Promise.resolve({ items: [], next: null })), note: line => void noted.push(line) },
    state: {
      describe: id => ({ device: need(id).id, version: 7, desired: {}, reported: {}, difference: {} }),
      change: async (id, change, ask) => {
        asked.push(['desired', id, change, ask]);
        return { device: id, version: 8, desired: {}, reported: {}, difference: {} };
      },
      history: note('stateHistory', Promise.resolve([])),
    },
    voids: {
      create: async (request, by) => {
        asked.push(['void', request, by]);
        return { ...voided('1'), ...request, by };
      },
      get: async id => voided(id),
      restore: async (id, reason, by) => {
        asked.push(['restore', id, reason, by]);
        if (id === 'never') throw new Refusal('not_found', 'no void has the id never');
        return { ...voided(id), restored: { by, reason, at: now } };
      },
      list: note('voids', Promise.resolve([voided('2'), voided('1')])),
    },
    storage: {
      read: async () => storage,
      series: note('series', Promise.resolve([{ id: 3, device: 'a', metric: 't', readings: 5, bytes: 60 }])),
    },
    deadLetters: { list: async () => [], refused: () => 3 },
    transfer: fakeTransfer(asked),
    backup: { take: async () => ({ bytes: 2, body: new Blob(['db']).stream() }) },
  };
  return { ports, asked, noted };
}

export type Ask = {
  method?: string;
  as?: Role;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  body?: string;
};

/** An application on these ports, asked without a port. */
export function makeApp(
  { ports, asked }: Pick<ReturnType<typeof fakePorts>, 'ports' | 'asked'> = fakePorts(),
  origins: string[] = [],
  trustedProxies: string[] = [],
  hosts: string[] = [],
) {
  const pages = { origins, hosts, hostsOnly: hosts.length > 0 };
  const app = createApp({ dashboardDir: null, pages, trustedProxies }, ports);
  const ask = async (path: string, { method = 'GET', as, headers = {}, json, body }: Ask = {}) => {
    const sent: Record<string, string> = { Host: 'gateway.example:8080', ...headers };
    if (as !== undefined) sent.Authorization = `Bearer ${as}`;
    if (json !== undefined) sent['Content-Type'] = 'application/json';
    const text = json === undefined ? body : JSON.stringify(json);
    const bindings = { incoming: { socket: { remoteAddress: '192.0.2.7' } } };
    return app.request(path, { method, headers: sent, body: text }, bindings);
  };
  return { ask, asked };
}
