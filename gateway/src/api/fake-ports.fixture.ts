// Ports of the API in memory. Whoever is asked for, by the secret of its name, has the role of that name.
import { type Command, type Device, Refusal, type Role, roles } from '../contract/index.ts';
import { silentLogger } from '../lib/logger.ts';
import { createApp } from './app.ts';
import type { ApiPorts } from './context.ts';

const now = Date.UTC(2026, 0, 5);

export const device = (id: string): Device => ({
  id,
  name: id,
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
  result: null,
  error: null,
  transitions: [{ state: 'queued', at: now, cause: 'requested' }],
});

export function fakePorts() {
  /** What was asked of the stages, in order. */
  const asked: unknown[][] = [];
  const note =
    <Answer>(name: string, answer: Answer) =>
    (...args: unknown[]) => {
      asked.push([name, ...args]);
      return answer;
    };
  const need = (id: string): Device => {
    if (id === 'nobody') throw new Refusal('not_found', `no device is called "${id}"`);
    return device(id);
  };
  const ports: ApiPorts = {
    now: () => now,
    log: silentLogger,
    health: () => ({ ok: true, checks: { store: { ok: true } } }),
    counters: () => ({ ingest: { deadLetters: 3 } }),
    gauges: () => ({ openCommands: 2 }),
    access: {
      signIn: async (request, address) => {
        asked.push(['signIn', request, address]);
        if ('code' in request && request.code === 'spent') throw new Refusal('code_spent');
        return { secret: 'viewer', session: { user: 'ada', role: 'viewer', expiresAt: Date.now() + 60_000 } };
      },
      signOut: async principal => void asked.push(['signOut', principal.name]),
      principalOf: async secret => {
        const role = roles.find(known => known === secret);
        return role === undefined ? null : { name: role, role, hash: 'h', kind: 'session', expiresAt: now };
      },
    },
    devices: {
      page: note('page', ['a', 'b'].map(device)),
      describe: need,
      create: async id => ({ ...device(id), secret: 's' }),
      rename: async (id, name) => ({ ...need(id), name }),
      remove: async id => void need(id),
      newSecret: async () => 'new',
      latest: id => ({ device: need(id).id, presence: device(id).presence, now, values: [] }),
    },
    history: {
      unit: (_device, metric) => (metric === 'never' ? undefined : '°C'),
      readings: note('readings', Promise.resolve({ readings: [[now - 1, 'say "x"']], more: true })),
      buckets: note('buckets', Promise.resolve({ buckets: [[now - 9, 1, 1, 1, 1, 1, 1]], gaps: [] })),
      isTimeZone: zone => zone !== 'Mars',
    },
    commands: {
      request: note('request', Promise.resolve(command('1'))),
      get: async id => {
        if (id === 'fault') throw new Error('secret detail');
        return command(id);
      },
      cancel: async id => command(id),
      list: note('list', Promise.resolve([command('1')])),
    },
    deadLetters: { list: async () => [], refused: () => 3 },
  };
  return { ports, asked };
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
export function makeApp({ ports, asked } = fakePorts(), origins: string[] = []) {
  const app = createApp({ dashboardDir: null, origins }, ports);
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
