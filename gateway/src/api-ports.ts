// What the API asks of the stages, in the API's words.
import type { ApiPorts } from './api/index.ts';
import { listAudit } from './audit-tables.ts';
import type { Health } from './contract/index.ts';
import { controlPorts } from './control-ports.ts';
import { credentialPorts, devicePorts } from './device-ports.ts';
import type { Stages } from './gateway.ts';
import { listGroupCommands } from './group-tables.ts';
import { Backups, isTimeZone } from './store/index.ts';
import * as tables from './tables.ts';
import { transferPorts } from './transfer-ports.ts';

export function apiPorts(stages: Stages): ApiPorts {
  const { access, clock, commands, devices, groups, ingest, live, log, store } = stages;
  return {
    now: () => clock.now(),
    log,
    ...statePorts(stages),
    access,
    devices: devicePorts(stages),
    ...credentialPorts(stages),
    control: controlPorts(stages),
    history: historyPorts(stages),
    state: {
      describe: device => devices.desired.describe(device),
      change: (device, change, ask) => devices.desired.change(device, change, ask),
      history: (device, before, limit) => tables.listStateChanges(store, device, before, limit),
    },
    voids: {
      create: (request, by) => store.corrections.create(request, by),
      get: id => store.corrections.get(id),
      restore: (id, reason, by) => store.corrections.restore(id, reason, by),
      list: (filter, before, limit) => store.corrections.list(filter, before, limit),
    },
    storage: {
      read: () => store.storage(),
      series: (after, limit) => store.query('series.use', after, limit),
    },
    commandTypes: stages.commandTypes,
    commands: {
      request: (device, request, key, requester) => commands.request(device, request, key, requester),
      get: id => commands.get(id),
      cancel: (id, requester) => commands.cancel(id, requester),
      approve: (id, requester) => commands.approve(id, requester),
      list: (filter, before, limit) => tables.listCommands(store, filter, before, limit),
    },
    groups: {
      preview: (target, sees) => groups.preview(target, sees),
      create: (request, key, requester, sees) => groups.create(request, key, requester, sees),
      get: id => groups.get(id),
      list: (before, limit, withDevices) => groups.list(before, limit, withDevices),
      commands: (filter, before, limit) => listGroupCommands(store, filter, before, limit),
      approve: (id, requester) => groups.approve(id, requester),
      stop: (id, reason, requester) => groups.stop(id, reason, requester),
    },
    audit: {
      list: (filter, before, limit) => listAudit(store, filter, before, limit),
      note: line => stages.audit.note(line),
    },
    live: {
      stream: (response, request, principal, address) => live.stream(response, request, principal, address),
      poll: (response, request, waitMs, principal, address) => live.poll(response, request, waitMs, principal, address),
    },
    deadLetters: {
      list: (before, limit) => tables.listLetters(store, before, limit),
      refused: () => ingest.counters.deadLetters,
    },
    transfer: transferPorts(stages),
    backup: new Backups(stages.config.store.dir),
  };
}

function statePorts(stages: Stages): Pick<ApiPorts, 'health' | 'counters' | 'gauges'> {
  const { broker, certificates, commands, deviceAccess, devices, groups, ingest, leases, live, store } = stages;
  return {
    health() {
      const checks: Health['checks'] = { store: store.health(), running: { ok: !stages.closing } };
      if (stages.config.access.devices === 'open') {
        checks.access = { ok: true, detail: 'access.devices is open: any client may use any topic' };
      }
      return { ok: Object.values(checks).every(({ ok }) => ok), checks };
    },
    counters: () => ({
      broker: broker.counters,
      guard: { ...broker.front.refusals, throttled: broker.front.throttled },
      credential: deviceAccess.counters,
      session: broker.sessions.counters,
      ingest: ingest.counters,
      import: stages.importCounters,
      http: stages.httpCounters,
      store: store.counters,
      keep: store.keptCounters,
      command: commands.counters,
      group: groups.counters,
      audit: stages.audit.counters,
      lease: leases.counters,
      desired: devices.desired.counters,
      live: live.counters,
      ...certificates.counters(),
    }),
    gauges: () => ({
      devices: devices.count(),
      deviceConnections: broker.connectionCount(),
      ...broker.sessions.gauges(),
      viewers: live.viewerCount(),
      openCommands: commands.openCount(),
      openGroups: groups.openCount(),
      leases: leases.count(),
      logOffset: store.lastOffset(),
      readingsWaiting: store.waiting(),
      logFirstOffset: store.firstOffset(),
      lastCommitMs: store.lastCommitMs(),
      ...certificates.gauges(),
    }),
  };
}

function historyPorts({ clock, devices, store }: Stages): ApiPorts['history'] {
  const ask = (device: string, metric: string) => ({
    series: tables.needSeries(store, device, metric),
    now: clock.now(),
  });
  return {
    unit: (device, metric) =>
      store.series.find(device, metric) === undefined ? undefined : devices.unitOf(device, metric),
    readings: ({ device, metric, ...range }) => store.readings({ ...range, device, ...ask(device, metric) }),
    async buckets({ device, metric, ...range }) {
      const { intervalMs, ...answer } = await store.buckets({ ...range, device, ...ask(device, metric) });
      return intervalMs === null ? answer : { ...answer, intervalMs };
    },
    isTimeZone,
  };
}
