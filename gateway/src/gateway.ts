// The composition root: builds the stages, hands each the functions of the others that it needs, listens, and closes
// all in reverse. Nothing here but wiring; what a stage does is said in the stage.
import { Access, DeviceAccess, Sights } from './access/index.ts';
import { AuditWriter } from './audit-writer.ts';
import { Broker } from './broker/index.ts';
import { Certificates } from './certificates.ts';
import { Commands, CommandTypes, type Groups, type Leases } from './command/index.ts';
import { type Config, compileParams, readCommandType } from './config/index.ts';
import { administratorLine, certificateLine, noteConfig } from './config-audit.ts';
import { makeLeases } from './control-ports.ts';
import { Devices } from './device/index.ts';
import { makeGroups, resumeGroups } from './group-ports.ts';
import { type ImportCounters, Ingest } from './ingest/index.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import { SteadyClock } from './lib/steady-clock.ts';
import { Live } from './live/index.ts';
import { Retention } from './retention.ts';
import { loadSessions, saveSessions } from './session-tables.ts';
import { type CommittedEntry, clockImpossible, openStore, type Store, timeAssigned } from './store/index.ts';
import * as tables from './tables.ts';
import { commandTypeTables, loadCommandTypes } from './type-tables.ts';
import { openWeb } from './web.ts';

export type Gateway = {
  httpPort: number;
  /** Null where there is no such listener. */
  mqttPort: number | null;
  mqttTlsPort: number | null;
  opsPort: number | null;
  /** The administrator's password where one had to be made up; it is shown this once. */
  adminPassword: string | null;
  /** Takes the certificates that the files hold now, without waiting for the next look at them. */
  reloadCertificates(): Promise<void>;
  close(): Promise<void>;
};

export type GatewayParts = {
  log: Logger;
  clock?: Clock;
  /** Called where the store cannot go on: the process has to end. */
  broken: (error: Error) => void;
};

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

function brokerConfig({ access, mqtt }: Config) {
  const { sessionExpiry, queueExpiry, ...rest } = mqtt;
  const { deniedFilters, devices } = access;
  const open = devices === 'open';
  return { ...rest, sessionExpiryMs: sessionExpiry, queueExpiryMs: queueExpiry, open, deniedFilters };
}

/** All stages, each knowing the others only by the functions that it was handed. */
export class Stages {
  readonly devices: Devices;
  readonly access: Access;
  readonly sights: Sights;
  readonly deviceAccess: DeviceAccess;
  readonly commandTypes: CommandTypes;
  readonly leases: Leases;
  readonly commands: Commands;
  readonly groups: Groups;
  readonly ingest: Ingest;
  readonly broker: Broker;
  readonly live: Live;
  readonly certificates: Certificates;
  readonly audit: AuditWriter;
  readonly retention: Retention;
  closing = false;
  readonly httpCounters = { connectionsDropped: 0 };
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
    this.certificates = new Certificates(config, { clock, log });
    this.devices = this.makeDevices();
    this.sights = new Sights(this.devices);
    const steady = new SteadyClock(clock);
    this.steady = steady;
    this.audit = new AuditWriter(clock, store);
    for (const tls of [this.certificates.http, this.certificates.mqtt]) {
      tls?.onChange(({ notAfter }) => this.audit.note(certificateLine(tls.name, notAfter)));
    }
    const { commands, audit } = config;
    const kept = { commandsKeptMs: commands.keep, auditKeptMs: audit.keep };
    this.retention = new Retention({ clock, steady, store, log, ...kept });
    this.access = new Access({
      clock: steady,
      ...tables.accessTables(store, steady),
      revoked: hash => this.live.revoke(hash),
    });
    this.deviceAccess = this.makeDeviceAccess();
    this.commandTypes = this.makeCommandTypes();
    this.leases = makeLeases(this);
    this.commands = new Commands({
      clock,
      ...tables.commandTables(store),
      deviceExists: device => this.devices.exists(device),
      mayControl: (device, by) => this.leases.check(device, by),
      plan: (device, request, confirmation) => this.commandTypes.plan(device, request, confirmation),
      movedInGroup: command => this.groups.moved(command),
      seriesName: series => store.series.nameOf(series),
      clockAheadMs: device => this.devices.clockAheadMs(device),
      isReachable: device => this.broker.isReachable(device),
      send: (device, command, payload) => this.broker.sendCommand(device, command, payload),
    });
    this.groups = makeGroups(this);
    this.ingest = this.makeIngest();
    this.broker = this.makeBroker();
    this.live = this.makeLive();
  }

  /** What a commit brought: latest values first, so that whoever hears of it live can ask for them. */
  committed(entries: CommittedEntry[]): void {
    const wentBack = entries.flatMap(entry => (entry.kind === 'readings' ? this.devices.apply(entry.run) : []));
    for (const entry of entries) if (entry.kind === 'readings') this.commands.readings(entry.run);
    this.live.committed(entries);
    // An older time than what viewers hold is no late reading only where the gateway says so itself.
    if (wentBack.length > 0) this.live.renew(wentBack);
  }

  /** Brings back what the database knows, then listens. Each step says at once how it is undone. */
  async open(toClose: (() => Promise<void> | void)[]): Promise<Omit<Gateway, 'close'>> {
    const { access, broker, certificates, commands, config, deviceAccess, devices, leases, live, log, store } = this;
    toClose.push(() => certificates.close());
    this.retention.open();
    toClose.push(() => this.retention.close());
    await tables.loadAccess(store, access);
    toClose.push(() => access.close());
    await tables.loadDeviceAccess(store, deviceAccess);
    deviceAccess.open();
    toClose.push(() => deviceAccess.close());
    await tables.loadDevices(store, devices);
    await devices.open();
    toClose.push(() => devices.close());
    this.commandTypes.load(await loadCommandTypes(store));
    await tables.resumeCommands(store, commands, restored => resumeGroups(this, restored));
    toClose.push(() => commands.close());
    toClose.push(() => this.groups.close());
    toClose.push(() => leases.close());
    const adminPassword = await this.firstAdministrator();
    await noteConfig(config, this);

    broker.sessions.load(await loadSessions(store));
    const { http, ops } = await openWeb(this);
    toClose.push(async () => void (await Promise.all([http.close(), ops?.close()])));
    // Closed before HTTP, which waits for its connections: a device may have come through it, in a WebSocket.
    const { port: mqttPort, tlsPort: mqttTlsPort } = await broker.open();
    toClose.push(() => broker.close());
    toClose.push(() => live.close());
    // First of all, so that what was taken in is committed and acknowledged before anything goes.
    toClose.push(async () => {
      this.closing = true;
      this.groups.close();
      broker.stopTaking();
      await store.flush();
    });
    if (config.access.devices === 'open') {
      log.warn({}, 'access.devices is open: any client on this machine may publish and subscribe to any topic');
    }
    const reloadCertificates = () => certificates.reload();
    return {
      httpPort: http.port,
      mqttPort,
      mqttTlsPort,
      opsPort: ops?.port ?? null,
      adminPassword,
      reloadCertificates,
    };
  }

  private async firstAdministrator(): Promise<string | null> {
    const { people } = this.access;
    const before = people.get('admin');
    const madeUp = await people.firstAdministrator(this.config.access.adminPassword);
    if (before === undefined && people.exists('admin')) this.audit.note(administratorLine('administrator-made'));
    else if (before !== people.get('admin')) this.audit.note(administratorLine('administrator-password'));
    return madeUp;
  }

  private makeDevices(): Devices {
    const { clock, config, store } = this;
    return new Devices(config, {
      clock,
      ...tables.deviceTables(store),
      seriesName: series => store.series.nameOf(series),
      makeSeries: (device, metric) => store.series.idOf(device, metric),
      metricsOf: device => store.series.metricsOf(device),
      isTaken: name => this.deviceAccess.isFieldGateway(name),
      lastOffset: () => store.lastOffset(),
      tagsChanged: (device, before, after) => this.live.rightsChanged(this.sights.tagsChanged(device, before, after)),
      freshnessChanged: changes => this.live.freshnessChanged(changes),
      mayControl: (device, by) => this.leases.check(device, by),
      sendDesired: (device, payload, taken) => this.broker.sendDesired(device, payload, taken),
    });
  }

  private makeCommandTypes(): CommandTypes {
    const { clock, config, devices, store } = this;
    return new CommandTypes(config.commands, {
      compile: compileParams,
      read: readCommandType,
      traitsOf: device => devices.traitsOf(device),
      devices: () => devices.ids(),
      ...commandTypeTables(store, clock),
    });
  }

  private makeDeviceAccess(): DeviceAccess {
    const { devices, log, steady, store } = this;
    return new DeviceAccess({
      clock: steady,
      log,
      ...tables.deviceAccessTables(store),
      deviceExists: id => devices.exists(id),
      async ensureDevice(id, name) {
        return (devices.exists(id) ? devices.describe(id) : await devices.create(id, name)).name;
      },
      enrolmentRefused: refused => this.audit.enrolmentRefused(refused, devices.exists(refused.device)),
      credentialChanged: name => {
        this.broker.recheck(name);
        // Sessions go with the credential that they belong to; those of a device whose secret is renewed stay.
        if (!this.deviceAccess.isFieldGateway(name) && !this.devices.exists(name)) this.broker.forget(name);
      },
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
    const { clock, commands, config, deviceAccess, devices, ingest, log, store } = this;
    return new Broker(brokerConfig(config), {
      clock,
      log,
      signIn: (name, secret) => deviceAccess.signIn(name, secret),
      signInByCertificate: name => deviceAccess.signInByCertificate(name),
      identityNamed: name => deviceAccess.identityNamed(name),
      tls: this.certificates.mqtt,
      saveSessions: changes => saveSessions(store, changes),
      take: (message, settled) => ingest.take(message, settled),
      connected: device => this.inBackground(() => devices.setPresence(device, 'online', 'connect')),
      disconnected: (device, cause) => this.inBackground(() => devices.setPresence(device, 'offline', cause)),
      commandTaken: (device, command) => commands.taken(device, command),
      commandsReady: device => this.inBackground(() => commands.deviceConnected(device)),
      desiredReady: device => devices.desired.listens(device),
    });
  }

  private makeLive(): Live {
    const { access, clock, commands, config, devices, leases, sights, store } = this;
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
      async command({ t: _, id: __, device, key, ...request }, viewing, from) {
        return (await commands.request(device, request, key ?? null, { by: viewing.name, from })).id;
      },
      async desired({ device, fields, reason, version }, viewing, from) {
        const ask = { by: viewing.name, from, version, replacesAll: false };
        return (await devices.desired.change(device, { fields, reason }, ask)).version;
      },
      isStoring: () => store.health().ok,
      stillHolds: viewing => access.stillHolds(viewing),
      // A scope that comes to something else is another epoch: whoever comes back is shown all that it sees anew.
      sightOf: scope => ({ epoch: `${store.epoch}-${sights.markOf(scope)}`, sees: id => sights.covers(scope, id) }),
      lease: device => leases.of(device),
    });
  }

  /** What one device sets off must not stop the others; while the gateway closes, devices do not go, it does. */
  inBackground(work: () => Promise<void>): void {
    if (this.closing) return;
    work().catch(error => this.log.warn({ error: (error as Error).message }, 'a change of a device was not recorded'));
  }
}
