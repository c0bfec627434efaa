// The composition root: builds the stages, hands each the functions of the others that it needs, listens, and closes
// all in reverse. Nothing here but wiring; what a stage does is said in the stage.
import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Access } from './access/index.ts';
import { type ApiPorts, createApp, isOwnOrigin, listen, secretIn, sessionCookie } from './api/index.ts';
import { Broker } from './broker/index.ts';
import { Commands } from './command/index.ts';
import type { Config } from './config/index.ts';
import { createDevices } from './device/index.ts';
import { Ingest } from './ingest/index.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { createUpgrade, Live } from './live/index.ts';
import {
  type CommittedEntry,
  clockImpossible,
  isTimeZone,
  openStore,
  type Store,
  timeAssigned,
} from './store/index.ts';
import * as tables from './tables.ts';

export type Gateway = {
  httpPort: number;
  mqttPort: number;
  /** The administrator's password where one had to be made up; it is shown this once. */
  adminPassword: string | null;
  close(): Promise<void>;
};

export type GatewayParts = { log: Logger; clock?: Clock; broken: (error: Error) => void };

const builtDashboard = fileURLToPath(new URL('../../dashboard/dist', import.meta.url));

function cookieOf(request: IncomingMessage): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map(pair => pair.trim().split('='));
  return pairs.find(([name]) => name === sessionCookie)?.[1];
}

/** Starts the gateway. Rejects where the data folder or an address cannot be had; nothing is left open then. */
export async function startGateway(
  config: Config,
  { log, clock = systemClock, broken }: GatewayParts,
): Promise<Gateway> {
  const toClose: (() => Promise<void> | void)[] = [];
  const closeAll = async () => {
    for (const close of toClose.splice(0).reverse()) await close();
  };
  try {
    return await start(config, log, clock, broken, toClose, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function start(
  config: Config,
  log: Logger,
  clock: Clock,
  broken: (error: Error) => void,
  toClose: (() => Promise<void> | void)[],
  closeAll: () => Promise<void>,
): Promise<Gateway> {
  let closing = false;
  // Commits begin only after every stage below is there.
  let committed: (entries: CommittedEntry[]) => void = () => {};
  const store = await openStore(config.store, { clock, log, broken, committed: entries => committed(entries) });
  toClose.push(() => store.close());

  const devices = createDevices({
    clock,
    ...tables.deviceTables(store),
    findSeries: (device, metric) => store.series.find(device, metric),
    metricsOf: device => store.series.metricsOf(device),
    lastOffset: () => store.lastOffset(),
    freshnessChanged: changes => live.freshnessChanged(changes),
  });
  const access = new Access({
    clock,
    ...tables.accessTables(store),
    revoked: hash => live.revoke(hash),
    credentialChanged: name => broker.disconnect(name),
  });
  const commands: Commands = new Commands({
    clock,
    ...tables.commandTables(store),
    deviceExists: device => devices.exists(device),
    isReachable: device => broker.isReachable(device),
    send: (device, command, payload) => broker.sendCommand(device, command, payload),
  });
  const ingest = new Ingest({
    clock,
    hasRoom: readings => store.hasRoom(readings),
    findSeries: (device, metric) => store.series.find(device, metric),
    makeSeries: (device, metric) => store.series.idOf(device, metric),
    push: (series, ts, receivedAt, value, flags) => store.push(series, ts, receivedAt, value, flags),
    whenCommitted: settled => store.whenCommitted(settled),
    flags: { timeAssigned, clockImpossible },
    ensureDevice: device => ensureDevice(devices, device),
    presence: (device, online, isWill) =>
      devices.setPresence(device, online ? 'online' : 'offline', isWill ? 'will' : 'status'),
    attributes: (device, values) => devices.setAttributes(device, values),
    answer: (device, command, answer) => commands.answered(device, command, answer),
    keepLetter: (letter, trimTo) => tables.keepLetter(store, letter, trimTo),
  });
  const broker: Broker = new Broker(
    { ...config.mqtt, open: config.access.devices === 'open' },
    {
      clock,
      log,
      deviceOf: (name, secret) => access.deviceOf(name, secret),
      take: (message, settled) => ingest.take(message, settled),
      connected: device => notePresence(() => devices.setPresence(device, 'online', 'connect')),
      disconnected: (device, cause) => notePresence(() => devices.setPresence(device, 'offline', cause)),
      commandsReady: device => notePresence(() => commands.deviceConnected(device)),
    },
  );
  const live: Live = new Live(config.live, {
    clock,
    epoch: store.epoch,
    offset: () => store.lastOffset(),
    seriesName: series => store.series.nameOf(series),
    seriesCount: () => store.series.size(),
    metricsOf: device => store.series.metricsOf(device),
    unitOf: (device, metric) => devices.unitOf(device, metric),
    latest: series => devices.latestReading(series),
    readLog: after => store.readLog(after),
    readEvents: (after, max) => store.readEvents(after, max),
    command: async ({ device, name, params, ttlMs, key, reason }, viewing, from) => {
      const request = { name, params, ttlMs, reason };
      return (await commands.request(device, request, key ?? null, { by: viewing.name, from })).id;
    },
    stillHolds: async viewing => access.stillHolds(viewing.hash, viewing.role),
  });

  /** Presence of one device must not stop the others; while the gateway closes, devices do not go, it does. */
  function notePresence(work: () => Promise<void>): void {
    if (closing) return;
    work().catch(error => log.warn({ error: (error as Error).message }, 'a change of presence was not recorded'));
  }

  committed = entries => {
    for (const entry of entries) if (entry.kind === 'readings') devices.apply(entry.run);
    live.committed(entries);
  };
  await tables.loadAccess(store, access);
  await tables.loadDevices(store, devices);
  await devices.open();
  toClose.push(() => devices.close());
  await commands.resume(await tables.loadOpenCommands(store));
  toClose.push(() => commands.close());
  const adminPassword = await access.firstAdministrator(config.access.adminPassword);

  const mqttPort = await broker.open();
  toClose.push(() => broker.close());
  const dashboardDir = existsSync(builtDashboard) ? builtDashboard : null;
  if (dashboardDir === null) log.warn({}, 'the dashboard was not built: npm run build makes it');
  const app = createApp(
    { dashboardDir, origins: config.http.origins },
    apiPorts({ store, devices, access, commands, ingest, broker, live, log, clock, isClosing: () => closing }),
  );
  const upgrade = createUpgrade(live, {
    originAllowed: ({ headers }) => isOwnOrigin(headers.origin, headers.host, config.http.origins),
    async authenticate(request) {
      const secret = secretIn(request.headers.authorization, cookieOf(request));
      return secret === null ? null : access.principalOf(secret);
    },
    acceptMqtt: stream => broker.accept(stream),
    isClosing: () => closing,
  });
  const http = await listen(config.http, app, (...upgraded) => void upgrade(...upgraded));
  toClose.push(() => http.close());
  toClose.push(() => live.close());
  // First of all, so that what was taken in is committed and acknowledged before anything goes.
  toClose.push(async () => {
    closing = true;
    broker.stopTaking();
    await store.flush();
  });
  if (config.access.devices === 'open') {
    log.warn({}, 'access.devices is open: any client on this machine may publish and subscribe to any topic');
  }
  return { httpPort: http.port, mqttPort, adminPassword, close: closeAll };
}

function ensureDevice(devices: ReturnType<typeof createDevices>, device: string): boolean {
  if (devices.exists(device)) return true;
  try {
    devices.ensure(device);
    return true;
  } catch {
    return false;
  }
}

type Stages = {
  store: Store;
  devices: ReturnType<typeof createDevices>;
  access: Access;
  commands: Commands;
  ingest: Ingest;
  broker: Broker;
  live: Live;
  log: Logger;
  clock: Clock;
  isClosing: () => boolean;
};

function apiPorts(stages: Stages): ApiPorts {
  const { store, devices, access, commands, ingest, broker, live, log, clock, isClosing } = stages;
  const ask = (device: string, metric: string) => ({
    series: tables.needSeries(store, device, metric),
    now: clock.now(),
  });
  return {
    now: () => clock.now(),
    log,
    health: () => ({ ok: !isClosing(), checks: { store: store.health(), running: { ok: !isClosing() } } }),
    counters: () => ({
      broker: broker.counters,
      ingest: ingest.counters,
      store: store.counters,
      command: commands.counters,
      live: live.counters,
    }),
    gauges: () => ({
      devices: devices.count(),
      viewers: live.viewerCount(),
      openCommands: commands.openCount(),
      logOffset: store.lastOffset(),
      readingsWaiting: store.waiting(),
      lastCommitMs: store.lastCommitMs(),
    }),
    access,
    devices: {
      page: devices.page,
      describe: devices.describe,
      async create(id, name) {
        const device = await devices.create(id, name);
        return { ...device, secret: await access.issueCredential(id) };
      },
      rename: devices.rename,
      async remove(id) {
        await devices.remove(id);
        await access.revokeCredential(id);
      },
      async newSecret(id) {
        devices.describe(id);
        return access.issueCredential(id);
      },
      latest: devices.latestOf,
    },
    history: {
      unit: (device, metric) =>
        store.series.find(device, metric) === undefined ? undefined : devices.unitOf(device, metric),
      readings: ({ device, metric, ...range }) => store.readings({ ...range, device, ...ask(device, metric) }),
      buckets: ({ device, metric, ...range }) => store.buckets({ ...range, device, ...ask(device, metric) }),
      isTimeZone,
    },
    commands: {
      request: (device, request, key, requester) => commands.request(device, request, key, requester),
      get: id => commands.get(id),
      cancel: id => commands.cancel(id),
      list: (filter, before, limit) => tables.listCommands(store, filter, before, limit),
    },
    deadLetters: {
      list: (before, limit) => tables.listLetters(store, before, limit),
      refused: () => ingest.counters.deadLetters,
    },
  };
}
