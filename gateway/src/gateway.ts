// The composition root: builds the stages, hands each the functions of the others that it needs, listens, and closes
// all in reverse. Nothing here but wiring; what a stage does is said in the stage.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Access } from './access/index.ts';
import { createApp, isOwnOrigin, listen, secretInHeaders } from './api/index.ts';
import { apiPorts } from './api-ports.ts';
import { Broker } from './broker/index.ts';
import { Commands } from './command/index.ts';
import type { Config } from './config/index.ts';
import { Devices } from './device/index.ts';
import { type ImportCounters, Ingest } from './ingest/index.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { clientOf, hopOf, trustedProxies } from './lib/forwarded.ts';
import type { Logger } from './lib/logger.ts';
import { SteadyClock } from './lib/steady-clock.ts';
import { createUpgrade, Live } from './live/index.ts';
import { type CommittedEntry, clockImpossible, openStore, type Store, timeAssigned } from './store/index.ts';
import * as tables from './tables.ts';

export type Gateway = {
  httpPort: number;
  mqttPort: number;
  /** The administrator's password where one had to be made up; it is shown this once. */
  adminPassword: string | null;
  close(): Promise<void>;
};

export type GatewayParts = {
  log: Logger;
  clock?: Clock;
  /** Called where the store cannot go on: the process has to end. */
  broken: (error: Error) => void;
};

const builtDashboard = fileURLToPath(new URL('../../dashboard/dist', import.meta.url));

/** Starts the gateway. Rejects where the data folder or an address cannot be had; nothing is left open then. */
export async function startGateway(
  config: Config,
  { log, clock = systemClock, broken }: GatewayParts,
): Promise<Gateway> {
  const toClose: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const step of toClose.splice(0).reverse()) await step();
  };
  try {
    // Commits begin only after every stage is there to hear of them.
    let committed: (entries: CommittedEntry[]) => void = () => {};
    const store = await openStore(config.store, { clock, log, broken, committed: entries => committed(entries) });
    toClose.push(() => store.close());
    const stages = new Stages(config, store, log, clock);
    committed = entries => stages.committed(entries);
    return { ...(await stages.open(toClose)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** All stages, each knowing the others only by the functions that it was handed. */
export class Stages {
  readonly devices: Devices;
  readonly access: Access;
  readonly commands: Commands;
  readonly ingest: Ingest;
  readonly broker: Broker;
  readonly live: Live;
  closing = false;
  readonly importCounters: ImportCounters = { imports: 0, readings: 0, refused: 0 };
  readonly config: Config;
  readonly store: Store;
  readonly log: Logger;
  readonly clock: Clock;
  readonly steady: SteadyClock;

  constructor(config: Config, store: Store, log: Logger, clock: Clock) {
    this.config = config;
    this.store = store;
    this.log = log;
    this.clock = clock;
    this.devices = this.makeDevices();
    const steady = new SteadyClock(clock);
    this.steady = steady;
    this.access = new Access({
      clock: steady,
      ...tables.accessTables(store, steady),
      revoked: hash => this.live.revoke(hash),
      credentialChanged: name => this.broker.disconnect(name),
    });
    this.commands = new Commands({
      clock,
      ...tables.commandTables(store),
      deviceExists: device => this.devices.exists(device),
      isReachable: device => this.broker.isReachable(device),
      send: (device, command, payload) => this.broker.sendCommand(device, command, payload),
    });
    this.ingest = this.makeIngest();
    this.broker = this.makeBroker();
    this.live = this.makeLive();
  }

  /** What a commit brought: latest values first, so that whoever hears of it live can ask for them. */
  committed(entries: CommittedEntry[]): void {
    const wentBack = entries.flatMap(entry => (entry.kind === 'readings' ? this.devices.apply(entry.run) : []));
    this.live.committed(entries);
    // An older time than what viewers hold is no late reading only where the gateway says so itself.
    if (wentBack.length > 0) this.live.renew(wentBack);
  }

  /** Brings back what the database knows, then listens. Each step says at once how it is undone. */
  async open(toClose: (() => Promise<void> | void)[]): Promise<Omit<Gateway, 'close'>> {
    const { access, broker, commands, config, devices, live, log, store } = this;
    await tables.loadAccess(store, access);
    await tables.loadDevices(store, devices);
    await devices.open();
    toClose.push(() => devices.close());
    await commands.resume(await tables.loadOpenCommands(store), await tables.lastCommandId(store));
    toClose.push(() => commands.close());
    const adminPassword = await access.firstAdministrator(config.access.adminPassword);

    const dashboardDir = existsSync(builtDashboard) ? builtDashboard : null;
    if (dashboardDir === null) log.warn({}, 'the dashboard was not built: npm run build makes it');
    const app = createApp({ dashboardDir, ...config.http }, apiPorts(this));
    const http = await listen(config.http, app, this.makeUpgrade());
    toClose.push(() => http.close());
    // Closed before HTTP, which waits for its connections: a device may have come through it, in a WebSocket.
    const mqttPort = await broker.open();
    toClose.push(() => broker.close());
    toClose.push(() => live.close());
    // First of all, so that what was taken in is committed and acknowledged before anything goes.
    toClose.push(async () => {
      this.closing = true;
      broker.stopTaking();
      await store.flush();
    });
    if (config.access.devices === 'open') {
      log.warn({}, 'access.devices is open: any client on this machine may publish and subscribe to any topic');
    }
    return { httpPort: http.port, mqttPort, adminPassword };
  }

  private makeDevices(): Devices {
    const { clock, config, store } = this;
    return new Devices(config, {
      clock,
      ...tables.deviceTables(store),
      seriesName: series => store.series.nameOf(series),
      makeSeries: (device, metric) => store.series.idOf(device, metric),
      metricsOf: device => store.series.metricsOf(device),
      lastOffset: () => store.lastOffset(),
      freshnessChanged: changes => this.live.freshnessChanged(changes),
    });
  }

  private makeIngest(): Ingest {
    const { clock, commands, devices, store } = this;
    return new Ingest({
      clock,
      hasRoom: readings => store.hasRoom(readings),
      findSeries: (device, metric) => store.series.find(device, metric),
      makeSeries: (device, metric) => store.series.idOf(device, metric),
      push: (series, ts, receivedAt, value, flags) => store.push(series, ts, receivedAt, value, flags),
      whenCommitted: settled => store.whenCommitted(settled),
      flags: { timeAssigned, clockImpossible },
      ensureDevice: device => devices.ensure(device),
      presence: (device, online, isWill) =>
        devices.setPresence(device, online ? 'online' : 'offline', isWill ? 'will' : 'status'),
      attributes: (device, values) => devices.setAttributes(device, values),
      answer: (device, command, answer) => commands.answered(device, command, answer),
      keepLetter: (letter, trimTo) => tables.keepLetter(store, letter, trimTo, this.steady),
    });
  }

  private makeBroker(): Broker {
    const { access, clock, commands, config, devices, ingest, log } = this;
    return new Broker(
      { ...config.mqtt, open: config.access.devices === 'open' },
      {
        clock,
        log,
        deviceOf: (name, secret) => access.deviceOf(name, secret),
        take: (message, settled) => ingest.take(message, settled),
        connected: device => this.inBackground(() => devices.setPresence(device, 'online', 'connect')),
        disconnected: (device, cause) => this.inBackground(() => devices.setPresence(device, 'offline', cause)),
        commandsReady: device => this.inBackground(() => commands.deviceConnected(device)),
      },
    );
  }

  private makeLive(): Live {
    const { access, clock, commands, config, devices, store } = this;
    return new Live(config.live, {
      clock,
      random: Math.random,
      epoch: store.epoch,
      offset: () => store.lastOffset(),
      firstOffset: () => store.firstOffset(),
      seriesName: series => store.series.nameOf(series),
      seriesCount: () => store.series.size(),
      metricsOf: device => store.series.metricsOf(device),
      unitOf: (device, metric) => devices.unitOf(device, metric),
      latest: series => devices.latestReading(series),
      isAnnounced: series => devices.isAnnounced(series),
      freshSeq: () => devices.freshSeq(),
      readLog: after => store.readLog(after),
      readEvents: (after, max) => store.readEvents(after, max),
      async command({ device, name, params, ttlMs, key, reason }, viewing, from) {
        const request = { name, params, ttlMs, reason };
        return (await commands.request(device, request, key ?? null, { by: viewing.name, from })).id;
      },
      isStoring: () => store.health().ok,
      stillHolds: ({ hash, role }) => access.stillHolds(hash, role),
    });
  }

  private makeUpgrade() {
    const { access, broker, config, live } = this;
    const trusted = trustedProxies(config.http.trustedProxies);
    const upgrade = createUpgrade(live, {
      originAllowed: ({ headers }) => isOwnOrigin(headers.origin, headers.host, config.http.origins),
      async authenticate({ headers }) {
        const secret = secretInHeaders(headers);
        return secret === null ? null : access.principalOf(secret);
      },
      addressOf: request => clientOf(hopOf(request), trusted).address,
      acceptMqtt: (stream, address) => broker.accept(stream, { address }),
      isClosing: () => this.closing,
    });
    return (...upgraded: Parameters<typeof upgrade>) => void upgrade(...upgraded);
  }

  /** What one device sets off must not stop the others; while the gateway closes, devices do not go, it does. */
  private inBackground(work: () => Promise<void>): void {
    if (this.closing) return;
    work().catch(error => this.log.warn({ error: (error as Error).message }, 'a change of a device was not recorded'));
  }
}
