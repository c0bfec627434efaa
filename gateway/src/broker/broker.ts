// The broker stage: MQTT 3.1 and 3.1.1 for devices, over TCP and over streams that others accepted.
// Invariant: an accepted publish is acknowledged only after ingest has called it committed ([ING-1]), in the order in
// which it came; nobody reads or writes as another device ([ACC-2]).
// Full: a connection with too many publishes under way is closed; connections in all are limited.
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type AedesPublishPacket, type Client, type PublishPacket, type Subscription } from 'aedes';
import { type Code, limits, type PresenceCause, parseTopic, topics } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { AckOrder } from './ack-order.ts';
import { Connections } from './connections.ts';
import { commandsDeviceOf, grantedQos, type Identity, maySubscribe, publishBreach } from './permissions.ts';
import type { KeptWill, SessionChange } from './sessions/changes.ts';
import { KeptState, type SessionConfig } from './sessions/kept-state.ts';
import { SessionPersistence, sessionMark } from './sessions/persistence.ts';
import { Watch } from './watch.ts';

export type BrokerConfig = SessionConfig & { host: string; port: number; open: boolean; connectionsMax: number };

export type BrokerPorts = {
  clock: Clock;
  log: Logger;
  deviceOf(name: string, secret: Uint8Array): Omit<Identity, 'open'> | null;
  /** Who signs in under this name; null where nobody does any more. */
  identityNamed(name: string): Omit<Identity, 'open'> | null;
  /** Writes what sessions keep, in the commit that what was taken in this turn of the event loop is in. */
  saveSessions(changes: SessionChange[]): Promise<void>;
  /** Takes a publish in; called back with null once it is committed, or with why it was refused. */
  take(
    message: { topic: string; payload: Uint8Array; receivedAt: number; isWill: boolean; strayAllowed: boolean },
    settled: (refused: Code | null) => void,
  ): void;
  connected(device: string): void;
  disconnected(device: string, cause: PresenceCause): void;
  /** A connection of the device listens for commands now. */
  commandsReady(device: string): void;
};

export type BrokerCounters = Record<
  | 'connects'
  | 'signInsRefused'
  | 'publishes'
  | 'publishesRefused'
  | 'breaches'
  | 'subscriptionsRefused'
  | 'overloaded'
  | 'faults',
  number
>;

/** Publishes of one connection that wait for their commit. A device's window is tens; this many is a flood. */
const pendingPerConnectionMax = 20_000;
/** Bytes of them. Aedes holds a packet until it is acknowledged. */
const pendingBytesMax = 16 * 1024 * 1024;
const connectTimeoutMs = 10_000;
/** Wills left behind that are committed together. */
const willsAtOnce = 1_000;
/** How long goodbyes may take at close. */
const closeMsMax = 1_000;

/** What Aedes's type leaves out. */
type Connection = Client & {
  id: string;
  will: PublishPacket | null;
  subscriptions: Record<string, { qos: 0 | 1 | 2 }>;
  _disconnected: boolean;
};

type State = {
  identity: Identity;
  acks: AckOrder;
  /** Message ids of QoS 2 publishes that wait for their commit. */
  receiving: Set<number>;
  /** The topic that was allowed last; most devices use the same one again and again. */
  allowedTopic: string;
};

export class Broker {
  readonly counters: BrokerCounters = {
    connects: 0,
    signInsRefused: 0,
    publishes: 0,
    publishesRefused: 0,
    breaches: 0,
    subscriptionsRefused: 0,
    overloaded: 0,
    faults: 0,
  };
  private readonly states = new WeakMap<object, State>();
  private readonly live = new Set<Connection>();
  private readonly connections = new Connections<Connection>();
  /** Commands that are being handed over right now; whatever else a session kept of them is not sent again. */
  private readonly handing = new Set<string>();
  private readonly watch = new Watch();
  readonly sessions: KeptState;
  private readonly config: BrokerConfig;
  private readonly ports: BrokerPorts;
  private server: Server | null = null;
  private aedes: Aedes | null = null;
  private closing = false;
  /** Connections, signed in or not. Aedes's own count drifts. */
  private connectionsOpen = 0;

  constructor(config: BrokerConfig, ports: BrokerPorts) {
    this.config = config;
    this.ports = ports;
    this.sessions = new KeptState(config, {
      clock: ports.clock,
      save: changes => ports.saveSessions(changes),
      ownerOf: client => (config.open ? '' : (this.states.get(client)?.identity.name ?? '')),
      maySubscribe: (client, filter) => this.maySubscribe(client, filter),
    });
  }

  /** Begins to listen; resolves with the port. Rejects where the address cannot be had. */
  async open(): Promise<number> {
    const aedes = new Aedes({
      persistence: new SessionPersistence(this.sessions),
      connectTimeout: connectTimeoutMs,
      maxTopicLevels: limits.topicLevelsMax,
      preConnect: (_client, packet, done) => this.preConnect(packet, done),
      authenticate: (client, name, secret, done) => this.authenticate(client as Connection, name, secret, done),
      authorizePublish: (client, packet, done) => this.takePublish(client as Connection | null, packet, done),
      authorizeSubscribe: (client, subscription, done) => this.checkSubscribe(client as Connection, subscription, done),
      authorizeForward: (client, packet) => this.forwarded(client as Connection, packet),
    });
    aedes.on('clientReady', client => this.ready(client as Connection));
    aedes.on('clientDisconnect', client => this.gone(client as Connection));
    aedes.on('subscribe', (subscriptions, client) => this.subscribed(subscriptions, client as Connection));
    aedes.on('unsubscribe', (filters, client) => this.unsubscribed(filters, client as Connection));
    aedes.on('clientError', (client, error) => this.noteFault(client, error));
    aedes.on('connectionError', (client, error) => this.noteFault(client, error));
    (aedes as NodeJS.EventEmitter).on('error', (error: Error) => this.noteFault(null, error));
    await aedes.listen();
    this.passUnwatched(aedes);
    this.aedes = aedes;
    for (const filter of this.sessions.filters()) this.watch.note(filter);
    this.sessions.open();
    // Before anybody is connected: what a device says when it is back comes after its will.
    const leftBehind = this.sessions.wills.takeLeftBehind();
    for (let i = 0; i < leftBehind.length; i += willsAtOnce) {
      const some = leftBehind.slice(i, i + willsAtOnce);
      await Promise.all(some.map(({ client, will }) => this.publishLeftBehind(client, will)));
    }

    const server = createServer({ noDelay: true }, socket => this.accept(socket));
    server.maxConnections = this.config.connectionsMax;
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.config.port, this.config.host, () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : this.config.port);
      });
    });
  }

  /** Takes over a stream of MQTT bytes: a socket, or a WebSocket made into a stream. */
  accept(stream: Duplex): void {
    if (this.aedes === null || this.closing || this.connectionsOpen >= this.config.connectionsMax) {
      stream.destroy();
      return;
    }
    this.connectionsOpen++;
    stream.once('close', () => {
      this.connectionsOpen--;
    });
    this.aedes.handle(stream);
  }

  connectionCount(): number {
    return this.connectionsOpen;
  }

  /** True where a connection of the device listens for commands. */
  isReachable(device: string): boolean {
    return this.connections.receiver(device) !== undefined;
  }

  /** Hands a command to the one connection that takes the device's commands; false where there is none. */
  sendCommand(device: string, command: string, payload: string): boolean {
    const receiver = this.connections.receiver(device);
    if (receiver === undefined || receiver.closed) return false;
    const topic = topics.command(device, command);
    this.handing.add(topic);
    receiver.publish({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 1, retain: false, dup: false }, () =>
      this.handing.delete(topic),
    );
    return true;
  }

  /** Ends the connections of a device whose credential changed. */
  disconnect(device: string): void {
    for (const connection of [...this.connections.of(device)]) connection.close();
  }

  /** Lets go of everything that MQTT keeps of a device that is deleted; nothing more is heard of its connections. */
  forget(device: string): void {
    for (const connection of [...this.connections.of(device)]) {
      connection.will = null;
      connection.close();
    }
    this.sessions.forget(device);
  }

  /** Takes no more publishes: what comes from now on stays unacknowledged, and the device keeps it. */
  stopTaking(): void {
    this.closing = true;
    this.server?.close();
  }

  /** Ends every connection. Call after all that was taken is committed, so that each got its acknowledgement. */
  async close(): Promise<void> {
    this.stopTaking();
    // Acknowledgements are written in the turns of the event loop that follow their commit.
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve));
    for (const { conn } of this.live) conn.end();
    const deadline = performance.now() + closeMsMax;
    while (this.connectionsOpen > 0 && performance.now() < deadline) {
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    await new Promise<void>(resolve => (this.aedes === null ? resolve() : this.aedes.close(() => resolve())));
    await this.sessions.close();
  }

  /** Ends the way of a publish that nobody subscribes to before it reaches the matcher; see watch.ts. */
  private passUnwatched(aedes: Aedes): void {
    type Publish = (packet: PublishPacket, client: unknown, done?: (error?: Error | null) => void) => void;
    const publish = aedes.publish.bind(aedes) as Publish;
    (aedes as unknown as { publish: Publish }).publish = (packet, client, done) => {
      const pass = done !== undefined && !packet.retain && packet.cmd === 'publish' && !this.watch.covers(packet.topic);
      if (pass) done(null);
      else publish(packet, client, done);
    };
  }

  private preConnect(
    packet: { clientId: string; clean?: boolean; keepalive?: number },
    done: (error: Error | null, success: boolean) => void,
  ): void {
    // A session without a name could never be found again (MQTT 3.1.1, 3.1.3.1).
    if (packet.clientId === '' && packet.clean === false) done(new Error('a client id is needed with clean=0'), false);
    else done(null, true);
  }

  private authenticate(
    client: Connection,
    name: string | undefined,
    secret: Buffer | undefined,
    done: (error: null, success: boolean) => void,
  ): void {
    const identity = this.identify(client, name, secret);
    if (identity === null) {
      this.counters.signInsRefused++;
      this.ports.log.warn({ name: name?.slice(0, 128), client: client.id.slice(0, 128) }, 'a device could not sign in');
      return done(null, false);
    }
    this.states.set(client, { identity, acks: new AckOrder(), receiving: new Set(), allowedTopic: '' });
    // The session belongs to the credential: nobody takes over another's, nor sets off its will.
    if (!identity.open) client.id = `${identity.name}/${client.id}`;
    done(null, true);
  }

  private identify(client: Connection, name: string | undefined, secret: Buffer | undefined): Identity | null {
    if (this.config.open) return { name: name ?? client.id, device: null, covers: () => true, open: true };
    const device = name === undefined || secret === undefined ? null : this.ports.deviceOf(name, secret);
    return device === null ? null : { ...device, open: false };
  }

  private takePublish(client: Connection | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const state = client === null ? undefined : this.states.get(client);
    if (client === null || state === undefined) return done(new Error('nobody stands behind this publish'));
    // What is not acknowledged is sent again to the gateway that comes after this one.
    if (this.closing) return;
    const isWill = packet === client.will;
    if (isWill) this.sessions.wills.fire(client.id, packet);
    const { identity, acks } = state;
    const breach = packet.topic === state.allowedTopic ? null : publishBreach(identity, packet.topic);
    if (breach === null) state.allowedTopic = packet.topic;
    else {
      this.counters.breaches++;
      this.ports.log.warn({ name: identity.name, topic: packet.topic.slice(0, 256) }, `refused a publish: ${breach}`);
      return done(new Error(breach));
    }
    if (acks.size() >= pendingPerConnectionMax || acks.bytes >= pendingBytesMax) {
      this.counters.overloaded++;
      return done(new Error('too many publishes under way'));
    }
    this.counters.publishes++;
    const settle = acks.enter(done, packet.payload.length);
    if (packet.qos === 2 && !isWill) this.takeOnce(client, state, packet, settle);
    else this.take(client, state, packet, isWill, settle);
  }

  /** A repeated QoS 2 publish is acknowledged again, and not taken in again (MQTT 3.1.1, 4.3.3). */
  private takeOnce(
    client: Connection,
    state: State,
    packet: PublishPacket,
    settle: (error: Error | null) => void,
  ): void {
    const { receiving } = state;
    const id = packet.messageId ?? 0;
    if (receiving.has(id) || this.sessions.isRepeated(client, id)) return settle(null);
    receiving.add(id);
    const finish = (error: Error | null) => {
      receiving.delete(id);
      settle(error);
    };
    this.take(client, state, packet, false, finish);
  }

  private take(
    client: Connection,
    { identity }: State,
    packet: PublishPacket,
    isWill: boolean,
    settle: (error: Error | null) => void,
  ): void {
    const { topic } = packet;
    try {
      this.takeAndKeep(packet, client, { isWill, leftBehind: null, strayAllowed: identity.open }, refused => {
        if (refused === null) return settle(null);
        this.counters.publishesRefused++;
        settle(new Error(refused));
      });
    } catch (error) {
      // A fault of ours in one message must not end the process, nor be acknowledged.
      this.noteFault(client, error as Error);
      settle(error as Error);
    }
    // Only now the device is sure to be in the registry.
    if (identity.device === null && !isWill) this.associate(client, topic);
  }

  /** Has a publish taken in, and what sessions and retained messages keep of it written in the same commit. */
  private takeAndKeep(
    packet: PublishPacket,
    client: Connection | null,
    about: { isWill: boolean; leftBehind: string | null; strayAllowed: boolean },
    settled: (refused: Code | null) => void,
  ): void {
    const { topic, qos } = packet;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const { leftBehind, ...rest } = about;
    const message = { topic, payload, receivedAt: this.ports.clock.now(), ...rest };
    const isPlain = !packet.retain && leftBehind === null && (qos === 0 || (qos === 1 && !this.watch.covers(topic)));
    if (isPlain) this.ports.take(message, settled);
    else {
      // A will has no message id.
      const sender = about.isWill ? null : client;
      this.sessions.takeWith(packet, sender, leftBehind, taken => this.ports.take(message, taken), settled);
    }
  }

  /** Publishes the will of a client that was connected when the gateway ended, by the rights that its credential has now. */
  private publishLeftBehind(client: string, will: KeptWill): Promise<void> {
    const { owner, topic, qos, retain } = will;
    const named = this.config.open ? null : this.ports.identityNamed(owner);
    const identity = this.config.open ? { name: owner, device: null, covers: () => true, open: true } : named;
    const breach =
      identity === null ? 'nobody signs in by this name' : publishBreach({ open: false, ...identity }, topic);
    if (breach !== null) {
      this.counters.breaches++;
      this.sessions.wills.discard(client);
      return Promise.resolve();
    }
    const payload = Buffer.from(will.payload.buffer, will.payload.byteOffset, will.payload.byteLength);
    // Nobody is there to hear it at once: sessions and retained messages have it, and that is all there is to do.
    const packet = { cmd: 'publish', topic, payload, qos, retain, dup: false } as PublishPacket;
    return new Promise(resolve => {
      const about = { isWill: true, leftBehind: client, strayAllowed: this.config.open };
      this.takeAndKeep(packet, null, about, refused => {
        if (refused === null) this.sessions.counters.willsRestored++;
        else this.counters.publishesRefused++;
        resolve();
      });
    });
  }

  /** A field gateway, or a client of the open profile, speaks for a device from its first publish on. */
  private associate(client: Connection, topic: string): void {
    const device = parseTopic(topic)?.device;
    if (device === undefined || this.connections.has(client, device)) return;
    if (this.connections.add(client, device)) this.ports.connected(device);
  }

  private checkSubscribe(
    client: Connection,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    // A session that was kept without subscriptions brings this one with it.
    if (subscription.topic === sessionMark) return done(null, null);
    const state = this.states.get(client);
    const allowed =
      state !== undefined &&
      this.maySubscribe(client, subscription.topic) &&
      (state.identity.open || Object.keys(client.subscriptions).length < limits.filtersPerClientMax);
    if (allowed) this.watch.note(subscription.topic);
    else this.counters.subscriptionsRefused++;
    // Null is the standard's failure code 128 in the SUBACK; the connection goes on.
    done(null, allowed ? subscription : null);
  }

  private maySubscribe(client: object, filter: string): boolean {
    const identity = this.states.get(client)?.identity;
    return identity !== undefined && maySubscribe(identity, filter);
  }

  /** A message as this connection gets it, with the QoS that it was granted at the most (MQTT 3.1.1, 3.8.4). */
  private forwarded(client: Connection, packet: AedesPublishPacket): AedesPublishPacket | null {
    if (!this.mayForward(client, packet)) return null;
    const qos = grantedQos(client.subscriptions, packet.topic);
    return qos === null || qos >= packet.qos ? packet : { ...packet, qos };
  }

  /** A command is sent once: a copy that a session kept for later would come too late, or twice ([CMD-3]). */
  private mayForward(client: Connection, packet: AedesPublishPacket): boolean {
    const { topic } = packet;
    const parsed = topic.startsWith('devices/') ? parseTopic(topic) : null;
    if (parsed?.kind === 'command') return this.handing.has(topic);
    if (this.sessions.isQueued(client, packet)) return false;
    const identity = this.states.get(client)?.identity;
    return identity !== undefined && (identity.open || (parsed !== null && identity.covers(parsed.device)));
  }

  private ready(client: Connection): void {
    const identity = this.states.get(client)?.identity;
    // A client that went away while it connected is gone already.
    if (identity === undefined || client.closed) return;
    this.counters.connects++;
    this.live.add(client);
    this.sessions.connected(client);
    const { device } = identity;
    if (device !== null && this.connections.add(client, device)) this.ports.connected(device);
    // A session that was kept brings its subscriptions with it.
    this.listensFor(Object.keys(client.subscriptions), client);
  }

  private gone(client: Connection): void {
    this.live.delete(client);
    this.sessions.disconnected(client);
    const cause = client._disconnected ? 'disconnect' : 'lost';
    for (const device of this.connections.remove(client)) this.ports.disconnected(device, cause);
  }

  private subscribed(subscriptions: Subscription[], client: Connection): void {
    const granted = subscriptions.filter(({ qos }) => (qos as number) !== 128).map(({ topic }) => topic);
    this.listensFor(granted, client);
  }

  private listensFor(filters: string[], client: Connection): void {
    for (const filter of filters) {
      const device = commandsDeviceOf(filter);
      if (device === null) continue;
      if (this.connections.add(client, device)) this.ports.connected(device);
      this.connections.setReceiver(device, client);
      this.ports.commandsReady(device);
    }
  }

  private unsubscribed(filters: string[], client: Connection): void {
    for (const filter of filters) {
      const device = commandsDeviceOf(filter);
      if (device !== null) this.connections.dropReceiver(device, client);
    }
  }

  private noteFault(client: Client | null, error: Error): void {
    this.counters.faults++;
    this.ports.log.debug({ client: client?.id?.slice(0, 128), error: error.message }, 'a device connection failed');
  }
}
