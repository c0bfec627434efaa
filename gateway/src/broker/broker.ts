// The broker stage: MQTT 3.1 and 3.1.1 for devices, over TCP and over streams that others accepted. What comes in passes
// admission.ts, then the guard in guard/, then Aedes, whose hooks are here.
// Invariant: an accepted publish is acknowledged only after ingest has called it committed ([ING-1]), in the order in
// which it came; nobody reads or writes as another device ([ACC-2]); a fault in a hook ends one connection.
// Full: a connection with many publishes under way is not read on; connections in all are limited.
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes, type Client, type PublishPacket, type Subscription } from 'aedes';
import { type Code, limits, type PresenceCause, parseTopic, topics } from '../contract/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { AckOrder } from './ack-order.ts';
import { Connections } from './connections.ts';
import { Front, type FrontConfig } from './front.ts';
import type { FrameGuard } from './guard/frame-guard.ts';
import { readPublishesOf } from './guard/publish-parser.ts';
import { commandsDeviceOf, type Identity, maySubscribe, publishBreach } from './permissions.ts';
import { Watch } from './watch.ts';

export type BrokerConfig = FrontConfig & { host: string; port: number; open: boolean };

/** What is known of a stream that somebody else accepted. */
export type Peer = { address: string };

export type BrokerPorts = {
  clock: Clock;
  log: Logger;
  deviceOf(name: string, secret: Uint8Array): Omit<Identity, 'open'> | null;
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
  'connects' | 'signInsRefused' | 'publishes' | 'publishesRefused' | 'breaches' | 'subscriptionsRefused' | 'faults',
  number
>;

/** How long goodbyes may take at close. */
const closeMsMax = 1_000;

/** What Aedes's type leaves out. */
type Connection = Omit<Client, 'conn'> & {
  id: string;
  conn: FrameGuard;
  will: PublishPacket | null;
  subscriptions: Record<string, unknown>;
  _disconnected: boolean;
};

type State = {
  identity: Identity;
  acks: AckOrder;
  /** Message ids of QoS 2 publishes that wait for their commit. */
  receiving: Set<number>;
  /** Filters that were granted. */
  filters: Set<string>;
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
    faults: 0,
  };
  readonly front: Front;
  private readonly states = new WeakMap<object, State>();
  private readonly live = new Set<Connection>();
  private readonly connections = new Connections<Connection>();
  /** Commands that are being handed over right now; whatever else a session kept of them is not sent again. */
  private readonly handing = new Set<string>();
  private readonly watch = new Watch();
  private readonly config: BrokerConfig;
  private readonly ports: BrokerPorts;
  private server: Server | null = null;
  private aedes: Aedes | null = null;
  private closing = false;

  constructor(config: BrokerConfig, ports: BrokerPorts) {
    this.config = config;
    this.ports = ports;
    this.front = new Front(config, {
      clock: ports.clock,
      log: ports.log,
      connecting: guard => this.handle(guard),
      failed: (guard, error) => this.endFaulty({ id: '', conn: guard }, error),
    });
  }

  /** Begins to listen; resolves with the port. Rejects where the address cannot be had. */
  async open(): Promise<number> {
    const aedes = new Aedes({
      maxTopicLevels: limits.topicLevelsMax,
      // The guard has its own idea of a client id that is too long, and measures silence itself.
      maxClientsIdLength: limits.clientIdBytesMax,
      drainTimeout: 0,
      authenticate: this.wrapped((client, name, secret, done) => this.authenticate(client, name, secret, done)),
      authorizePublish: this.wrapped((client, packet, done) => this.takePublish(client, packet, done)),
      authorizeSubscribe: this.wrapped((client, subscription, done) => this.checkSubscribe(client, subscription, done)),
      authorizeForward: (client, packet) => this.forwarded(client as unknown as Connection, packet),
    });
    aedes.on(
      'clientReady',
      this.wrapped(client => this.ready(client)),
    );
    aedes.on(
      'clientDisconnect',
      this.wrapped(client => this.gone(client)),
    );
    aedes.on('subscribe', (subscriptions, client) =>
      this.wrapped(() => this.subscribed(subscriptions, client as unknown as Connection))(client),
    );
    aedes.on('unsubscribe', (filters, client) =>
      this.wrapped(() => this.unsubscribed(filters, client as unknown as Connection))(client),
    );
    aedes.on('clientError', (client, error) => this.noteFault(client, error));
    aedes.on('connectionError', (client, error) => this.noteFault(client, error));
    (aedes as NodeJS.EventEmitter).on('error', (error: Error) => this.noteFault(null, error));
    await aedes.listen();
    this.passUnwatched(aedes);
    this.aedes = aedes;

    const server = createServer({ noDelay: true, pauseOnConnect: true }, socket =>
      this.accept(socket, { address: socket.remoteAddress ?? '' }),
    );
    this.server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.config.port, this.config.host, () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : this.config.port);
      });
    });
  }

  /** Takes over a stream of MQTT bytes that nobody reads from: a socket, or a WebSocket made into a stream. */
  accept(stream: Duplex, { address }: Peer): void {
    if (this.aedes === null || this.closing) stream.destroy();
    else this.front.offer(stream, address);
  }

  connectionCount(): number {
    return this.front.count();
  }

  /** A connection costs the broker nothing before its first sound CONNECT; this is it. */
  private handle(guard: FrameGuard): void {
    if (this.aedes === null) return;
    const client = this.aedes.handle(guard) as unknown as Connection;
    readPublishesOf(client, error => this.endFaulty(client, error));
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

  /** Takes no more publishes: what comes from now on stays unacknowledged, and the device keeps it. */
  stopTaking(): void {
    this.closing = true;
    this.server?.close();
    this.front.close();
  }

  /** Ends every connection. Call after all that was taken is committed, so that each got its acknowledgement. */
  async close(): Promise<void> {
    this.stopTaking();
    // Acknowledgements are written in the turns of the event loop that follow their commit.
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve));
    for (const { conn } of this.live) conn.end();
    const deadline = performance.now() + closeMsMax;
    while (this.front.count() > 0 && performance.now() < deadline) {
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    await new Promise<void>(resolve => (this.aedes === null ? resolve() : this.aedes.close(() => resolve())));
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

  private authenticate(
    client: Connection,
    name: string | undefined,
    secret: Buffer | undefined,
    done: (error: null, success: boolean) => void,
  ): void {
    const identity = this.identify(client, name, secret);
    if (identity === null) {
      this.counters.signInsRefused++;
      const { address } = client.conn;
      this.front.signInFailed({ address, client: client.id.slice(0, 128), name: name?.slice(0, 128) ?? '' });
      return done(null, false);
    }
    const accounts = [client.conn.backlog, this.front.backlog];
    const acks = new AckOrder(accounts, error => this.endFaulty(client, error));
    this.states.set(client, { identity, acks, receiving: new Set(), filters: new Set(), allowedTopic: '' });
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
    const { identity, acks } = state;
    const breach = packet.topic === state.allowedTopic ? null : publishBreach(identity, packet.topic);
    if (breach === null) state.allowedTopic = packet.topic;
    else {
      this.counters.breaches++;
      this.ports.log.warn({ name: identity.name, topic: packet.topic.slice(0, 256) }, `refused a publish: ${breach}`);
      return done(new Error(breach));
    }
    this.counters.publishes++;
    const isWill = packet === client.will;
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
    if (receiving.has(id)) return settle(null);
    receiving.add(id);
    const finish = (error: Error | null) => {
      receiving.delete(id);
      settle(error);
    };
    const { persistence } = this.aedes as unknown as {
      persistence: { incomingGetPacket(client: Connection, packet: PublishPacket): Promise<unknown> };
    };
    persistence.incomingGetPacket(client, packet).then(
      () => finish(null),
      () => this.take(client, state, packet, false, finish),
    );
  }

  private take(
    client: Connection,
    { identity }: State,
    packet: PublishPacket,
    isWill: boolean,
    settle: (error: Error | null) => void,
  ): void {
    const { topic } = packet;
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    try {
      this.ports.take(
        { topic, payload, receivedAt: this.ports.clock.now(), isWill, strayAllowed: identity.open },
        refused => {
          if (refused === null) return settle(null);
          this.counters.publishesRefused++;
          settle(new Error(refused));
        },
      );
    } catch (error) {
      // A fault of ours in one message must not end the process, nor be acknowledged.
      this.noteFault(client, error as Error);
      this.ports.log.error(
        { topic: topic.slice(0, 256), error: (error as Error).stack },
        'a fault in taking a publish',
      );
      settle(error as Error);
    }
    // Only now the device is sure to be in the registry.
    if (identity.device === null && !isWill) this.associate(client, topic);
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
    const state = this.states.get(client);
    const allowed =
      state !== undefined &&
      maySubscribe(state.identity, subscription.topic) &&
      (state.filters.has(subscription.topic) || state.filters.size < limits.filtersPerClientMax);
    if (allowed) {
      state.filters.add(subscription.topic);
      this.watch.note(subscription.topic);
    } else this.counters.subscriptionsRefused++;
    // Null is the standard's failure code 128 in the SUBACK; the connection goes on.
    done(null, allowed ? subscription : null);
  }

  private forwarded<Packet extends { topic: string }>(client: Connection, packet: Packet): Packet | null {
    try {
      return this.mayForward(client, packet.topic) ? packet : null;
    } catch (error) {
      this.endFaulty(client, error as Error);
      return null;
    }
  }

  /** A command is sent once: a copy that a session kept for later would come too late, or twice ([CMD-3]). */
  private mayForward(client: Connection, topic: string): boolean {
    const parsed = topic.startsWith('devices/') ? parseTopic(topic) : null;
    if (parsed?.kind === 'command') return this.handing.has(topic);
    const identity = this.states.get(client)?.identity;
    return identity !== undefined && (identity.open || (parsed !== null && identity.covers(parsed.device)));
  }

  private ready(client: Connection): void {
    const identity = this.states.get(client)?.identity;
    if (identity === undefined) return;
    this.counters.connects++;
    this.front.signedIn(client.conn, identity.open ? client.id : identity.name);
    this.live.add(client);
    const { device } = identity;
    if (device !== null && this.connections.add(client, device)) this.ports.connected(device);
    // A session that was kept brings its subscriptions with it.
    this.listensFor(Object.keys(client.subscriptions), client);
  }

  private gone(client: Connection): void {
    this.live.delete(client);
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
    const state = this.states.get(client);
    for (const filter of filters) {
      state?.filters.delete(filter);
      const device = commandsDeviceOf(filter);
      if (device !== null) this.connections.dropReceiver(device, client);
    }
  }

  /** A hook that cannot end the process: what it throws ends the connection that it was about. */
  private wrapped<Rest extends unknown[]>(hook: (client: Connection, ...rest: Rest) => void) {
    return (client: Client | null, ...rest: Rest): void => {
      try {
        hook(client as unknown as Connection, ...rest);
      } catch (error) {
        this.endFaulty(client as unknown as Connection | null, error as Error);
      }
    };
  }

  private endFaulty(client: Pick<Connection, 'id' | 'conn'> | null, error: Error): void {
    this.front.refusals.mqtt_fault++;
    this.counters.faults++;
    this.ports.log.error(
      { client: client?.id?.slice(0, 128), error: error.stack },
      'a fault ended a device connection',
    );
    client?.conn.destroy();
  }

  private noteFault(client: Client | null, error: Error): void {
    this.counters.faults++;
    this.ports.log.debug({ client: client?.id?.slice(0, 128), error: error.message }, 'a device connection failed');
  }
}
