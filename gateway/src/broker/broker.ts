// The broker stage: MQTT 3.1 and 3.1.1 for devices, over TCP and over streams that others accepted. What comes in passes
// admission.ts, then the guard in guard/, then Aedes, whose hooks are here.
// Invariant: an accepted publish is acknowledged only after ingest has called it committed ([ING-1]), in the order in
// which it came; nobody reads or writes as another device ([ACC-2]); a fault in a hook ends one connection.
// Full: a connection with many publishes under way is not read on; connections in all are limited.
import type { Duplex } from 'node:stream';
import { Aedes, type AedesPublishPacket, type Client, type PublishPacket, type Subscription } from 'aedes';
import { type Code, type ConnectionLog, limits, type PresenceCause, parseTopic, topics } from '../contract/index.ts';
import type { ReloadedTls } from '../lib/tls-reload.ts';
import { AckOrder } from './ack-order.ts';
import type { Connection, State } from './connection.ts';
import { Connections, type Received } from './connections.ts';
import { Deliveries } from './deliveries.ts';
import { Front, type FrontConfig, type Peer } from './front.ts';
import { type Breach, breaches } from './guard/breach.ts';
import type { FrameGuard } from './guard/frame-guard.ts';
import { readPublishesOf } from './guard/publish-parser.ts';
import { acknowledged, handOver, type Receiver } from './hand-overs.ts';
import { type ListenerConfig, type ListenerPortNumbers, Listeners } from './listeners.ts';
import {
  commandsDeviceOf,
  desiredDeviceOf,
  filterMatches,
  grantedQos,
  mayReceive,
  subscribeBreach,
} from './permissions.ts';
import { Publishes, type PublishMessage } from './publishes.ts';
import type { SessionChange } from './sessions/changes.ts';
import { KeptState, type SessionConfig } from './sessions/kept-state.ts';
import { SessionPersistence } from './sessions/persistence.ts';
import { type SignInPorts, SignIns } from './sign-ins.ts';
import { keepNewestOfEachId } from './takeover.ts';
import { Watch } from './watch.ts';

export type BrokerConfig = FrontConfig &
  ListenerConfig &
  SessionConfig & { open: boolean; deniedFilters: readonly string[] };

export type BrokerPorts = SignInPorts & {
  /** Certificate of the listener with TLS; null where there is none. */
  tls: ReloadedTls | null;
  /** Writes what sessions keep, in the commit that what was taken in this turn of the event loop is in. */
  saveSessions(changes: SessionChange[]): Promise<void>;
  /** Takes a publish in; called back with null once it is committed, or with why it was refused. */
  take(message: PublishMessage, settled: (refused: Code | null) => void): void;
  connected(device: string): void;
  disconnected(device: string, cause: PresenceCause): void;
  /** The device has a command: its PUBACK came. */
  commandTaken(device: string, command: string): void;
  /** A connection of the device listens for commands now. */
  commandsReady(device: string): void;
  /** Another connection of the device than before listens for desired state now. */
  desiredReady(device: string): void;
};

export type BrokerCounters = Record<
  | 'connects'
  | 'signInsRefused'
  | 'signInsOfNobody'
  | 'revoked'
  | 'publishes'
  | 'publishesRefused'
  | 'breaches'
  | 'subscriptionsRefused'
  /** What the library says of connections that broke off while something was under way. */
  | 'clientErrors'
  | 'faults',
  number
>;

/** Wills left behind that are committed together. */
const willsAtOnce = 1_000;
/** How long goodbyes may take at close. */
const closeMsMax = 1_000;

export class Broker {
  readonly counters: BrokerCounters = {
    connects: 0,
    signInsRefused: 0,
    signInsOfNobody: 0,
    revoked: 0,
    publishes: 0,
    publishesRefused: 0,
    breaches: 0,
    subscriptionsRefused: 0,
    clientErrors: 0,
    faults: 0,
  };
  readonly front: Front;
  private readonly states = new WeakMap<object, State>();
  private readonly signIns: SignIns<Connection>;
  private readonly live = new Set<Connection>();
  private readonly connections = new Connections<Connection>();
  private readonly watch = new Watch();
  readonly sessions: KeptState;
  private readonly publishes: Publishes;
  private readonly deliveries: Deliveries;
  private readonly ports: BrokerPorts;
  private readonly listeners: Listeners;
  private aedes: Aedes | null = null;
  private newestOf: (id: string) => object | undefined = () => undefined;
  private closing = false;

  constructor(config: BrokerConfig, ports: BrokerPorts) {
    this.ports = ports;
    this.front = new Front(config, {
      clock: ports.clock,
      log: ports.log,
      connecting: guard => this.handle(guard),
      ending: (guard, breach) => this.noteBreach(guard, breach),
      failed: (guard, error) => this.endFaulty({ id: '', conn: guard }, error),
    });
    this.signIns = new SignIns(config, ports);
    this.listeners = new Listeners(config, {
      tls: ports.tls,
      accept: (socket, subject) => this.accept(socket, { address: socket.remoteAddress ?? '', subject }),
    });
    this.sessions = new KeptState(config, {
      clock: ports.clock,
      save: changes => ports.saveSessions(changes),
      ownerOf: client => (config.open ? '' : (this.states.get(client)?.identity.name ?? '')),
      maySubscribe: (client, filter) => this.maySubscribe(client, filter),
    });
    const { counters, sessions, signIns, watch } = this;
    const { clock, log } = ports;
    this.publishes = new Publishes({
      ...{ clock, counters, log, open: config.open, sessions, signIns, watch },
      take: (message, settled) => ports.take(message, settled),
      speaks: (client, topic) => this.associate(client, topic),
    });
    this.deliveries = new Deliveries({ counters, sessions, signIns, watch });
  }

  /** Begins to listen; resolves with the ports. Rejects where an address cannot be had. */
  async open(): Promise<ListenerPortNumbers> {
    const aedes = new Aedes({
      persistence: new SessionPersistence(this.sessions),
      maxTopicLevels: limits.topicLevelsMax,
      // The guard has its own idea of a client id that is too long, and measures silence itself.
      maxClientsIdLength: limits.clientIdBytesMax,
      drainTimeout: 0,
      authenticate: this.wrapped((client, name, secret, done) => this.authenticate(client, name, secret, done)),
      authorizePublish: this.wrapped((client, packet, done) => this.takePublish(client, packet, done)),
      authorizeSubscribe: this.wrapped((client, subscription, done) =>
        this.deliveries.authorize(client, this.states.get(client), subscription, done),
      ),
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
    aedes.on('clientError', (client, error) => this.noteClientError(client, error));
    aedes.on('connectionError', (client, error) => this.noteClientError(client, error));
    (aedes as NodeJS.EventEmitter).on('error', (error: Error) => this.endFaulty(null, error));
    await aedes.listen();
    this.passUnwatched(aedes);
    this.newestOf = keepNewestOfEachId(aedes);
    this.aedes = aedes;
    for (const filter of this.sessions.filters()) this.watch.note(filter);
    this.sessions.open();
    // Before anybody is connected: what a device says when it is back comes after its will.
    const leftBehind = this.sessions.wills.takeLeftBehind();
    for (let i = 0; i < leftBehind.length; i += willsAtOnce) {
      const some = leftBehind.slice(i, i + willsAtOnce);
      await Promise.all(some.map(({ client, will }) => this.publishes.publishLeftBehind(client, will)));
    }

    return this.listeners.open();
  }

  /** Takes over a stream of MQTT bytes that nobody reads from: a socket, or a WebSocket made into a stream. */
  accept(stream: Duplex, peer: Peer): void {
    if (this.aedes === null || this.closing) stream.destroy();
    else this.front.offer(stream, peer);
  }

  connectionCount(): number {
    return this.front.count();
  }

  /** A connection costs the broker nothing before its first sound CONNECT; this is it. */
  private handle(guard: FrameGuard): void {
    if (this.aedes === null) return;
    const client = this.aedes.handle(guard) as unknown as Connection;
    readPublishesOf(client, {
      fault: error => this.endFaulty(client, error),
      puback: id => {
        const state = this.states.get(client);
        return state !== undefined && acknowledged(state, id);
      },
    });
  }

  /** True where a connection of the device listens for commands. */
  isReachable(device: string): boolean {
    return this.receiver(device, 'commands', topics.command(device, 'any')) !== null;
  }

  /** Hands a command to the one connection that takes the device's commands; false where there is none. */
  sendCommand(device: string, command: string, payload: string): boolean {
    const topic = topics.command(device, command);
    const receiver = this.receiver(device, 'commands', topic);
    if (receiver === null) return false;
    handOver(receiver, { topic, payload }, { taken: () => this.ports.commandTaken(device, command) });
    return true;
  }

  /**
   * Hands desired state to the one connection that takes the device's; false where there is none. `taken` is called once
   * the device has it, as far as its subscription lets that be known, or once that is not waited for any more; never
   * where the connection ends before.
   */
  sendDesired(device: string, payload: string, taken: () => void): boolean {
    const topic = topics.desired(device);
    const receiver = this.receiver(device, 'desired', topic);
    if (receiver === null) return false;
    // In a turn of its own, as a PUBACK is.
    const forgotten = () => void setImmediate(taken);
    handOver(receiver, { topic, payload }, { taken, forgotten });
    if (receiver.qos === 0) forgotten();
    return true;
  }

  /** The connection that takes what the gateway has for a device; null where there is none, or where it may not have it. */
  private receiver(device: string, of: Received, topic: string): Receiver | null {
    const client = this.connections.receiver(device, of);
    // One that is closing takes nothing: what waits would be called sent, and taken back, until it is gone.
    if (client === undefined || client.closed || client.conn.destroyed) return null;
    const state = this.states.get(client);
    if (state === undefined || !mayReceive(state.identity, topic)) return null;
    const qos = grantedQos(client.subscriptions, topic);
    return qos === null ? null : { client, state, qos };
  }

  /** Ends the connections under this name that what they signed in with does not hold for any more. */
  recheck(name: string): void {
    for (const connection of this.signIns.lapsed(name)) {
      this.counters.revoked++;
      this.end(connection, 'credential');
    }
  }

  /** What became of the connections under this name. */
  connectionLog(name: string): ConnectionLog {
    return this.signIns.log(name);
  }

  /**
   * Lets go of everything that MQTT keeps of a device that is deleted; nothing more is heard of its own connections. Those
   * that speak for others as well go on.
   */
  forget(device: string): void {
    const speakers = [...this.connections.of(device)];
    this.connections.forget(device);
    for (const connection of speakers) {
      if (this.states.get(connection)?.identity.device !== device) continue;
      connection.will = null;
      connection.close();
    }
    this.sessions.forget(device);
  }

  /** Takes no more publishes: what comes from now on stays unacknowledged, and the device keeps it. */
  stopTaking(): void {
    this.closing = true;
    this.listeners.stop();
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

  private authenticate(
    client: Connection,
    name: string | undefined,
    secret: Buffer | undefined,
    done: (error: null, success: boolean) => void,
  ): void {
    const facts = { address: client.conn.address, client: client.id };
    const identity = this.signIns.admit(client, facts, { name, secret, certified: client.conn.subject });
    if (identity === null) {
      this.counters.signInsRefused++;
      this.counters.signInsOfNobody = this.signIns.unknownNames;
      this.front.note(facts, breaches.signIn);
      return done(null, false);
    }
    client.conn.once('close', () => this.signIns.forget(client));
    const accounts = [client.conn.backlog, this.front.backlog];
    const acks = new AckOrder(accounts, error => this.endFaulty(client, error));
    this.states.set(client, {
      identity,
      acks,
      receiving: new Map(),
      handed: new Map(),
      filters: new Set(),
      allowedTopic: '',
    });
    // The session belongs to the credential: nobody takes over another's, nor sets off its will.
    if (!identity.open) client.id = `${identity.name}/${client.id}`;
    // Of a kept session they go on behind those that are under way.
    client._nextId = 1;
    done(null, true);
  }

  /** Ends a connection for a reason of ours, which its log tells. */
  private end(client: Connection, why: string): void {
    this.signIns.ends(client, why);
    const state = this.states.get(client);
    if (state !== undefined) state.allowedTopic = '';
    client.close();
  }

  private takePublish(client: Connection | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const state = client === null ? undefined : this.states.get(client);
    if (client === null || state === undefined) return done(new Error('nobody stands behind this publish'));
    // What is not acknowledged is sent again to the gateway that comes after this one.
    if (!this.closing) this.publishes.authorize(client, state, packet, done);
  }

  private forwarded(client: Connection, packet: AedesPublishPacket): AedesPublishPacket | null {
    try {
      return this.deliveries.forwarded(client, this.states.get(client), packet);
    } catch (error) {
      this.endFaulty(client, error as Error);
      return null;
    }
  }

  private maySubscribe(client: object, filter: string): boolean {
    const identity = this.states.get(client)?.identity;
    return identity !== undefined && subscribeBreach(identity, filter) === null;
  }

  /** A field gateway, or a client of the open profile, speaks for a device from its first publish on. */
  private associate(client: Connection, topic: string): void {
    const device = parseTopic(topic)?.device;
    if (device === undefined || this.connections.has(client, device)) return;
    if (this.connections.add(client, device)) this.ports.connected(device);
  }

  private ready(client: Connection): void {
    const identity = this.states.get(client)?.identity;
    // A client that went away while it connected is gone already.
    if (identity === undefined || client.closed) return;
    this.counters.connects++;
    this.front.signedIn(client.conn, identity.open ? client.id : identity.name);
    this.live.add(client);
    this.signIns.connected(client);
    this.sessions.connected(client);
    const { device } = identity;
    if (device !== null && this.connections.add(client, device)) this.ports.connected(device);
    // A session that was kept brings its subscriptions with it.
    this.listensFor(Object.keys(client.subscriptions), client);
  }

  private gone(client: Connection): void {
    this.live.delete(client);
    // The session goes on where a newer connection has taken it up.
    if (!this.live.has(this.newestOf(client.id) as Connection)) this.sessions.disconnected(client);
    const cause = client._disconnected ? 'disconnect' : 'lost';
    this.signIns.disconnected(client, cause);
    for (const device of this.connections.remove(client)) this.ports.disconnected(device, cause);
  }

  private subscribed(subscriptions: Subscription[], client: Connection): void {
    const granted = subscriptions.filter(({ qos }) => (qos as number) !== 128).map(({ topic }) => topic);
    this.listensFor(granted, client);
  }

  private listensFor(filters: string[], client: Connection): void {
    for (const filter of filters) {
      const commands = commandsDeviceOf(filter);
      if (commands !== null && this.takesFor(commands, client)) {
        this.connections.setReceiver(commands, client, 'commands');
        this.ports.commandsReady(commands);
      }
      const desired = desiredDeviceOf(filter);
      if (desired === null || !this.takesFor(desired, client)) continue;
      if (this.connections.setReceiver(desired, client, 'desired')) this.ports.desiredReady(desired);
    }
  }

  /** True where the connection may be the device, which it is from now on. */
  private takesFor(device: string, client: Connection): boolean {
    if (this.states.get(client)?.identity.covers(device) !== true) return false;
    if (this.connections.add(client, device)) this.ports.connected(device);
    return true;
  }

  private unsubscribed(filters: string[], client: Connection): void {
    const state = this.states.get(client);
    for (const filter of filters) {
      state?.filters.delete(filter);
      const commands = commandsDeviceOf(filter);
      if (commands !== null) this.hearsLess(commands, client, 'commands', topics.command(commands, 'any'));
      const desired = desiredDeviceOf(filter);
      if (desired !== null) this.hearsLess(desired, client, 'desired', topics.desired(desired));
    }
  }

  /** Another filter of its device may bring the connection the same. */
  private hearsLess(device: string, client: Connection, of: Received, topic: string): void {
    const deviceOf = of === 'commands' ? commandsDeviceOf : desiredDeviceOf;
    for (const other in client.subscriptions) {
      if (filterMatches(other, topic) && deviceOf(other) === device) return;
    }
    this.connections.dropReceiver(device, client, of);
  }

  /** What a connection is ended for is in the log of whoever signed in on it. */
  private noteBreach(guard: FrameGuard, { code, detail }: Breach): void {
    const { client } = guard as { client?: object };
    if (client !== undefined && this.signIns.ends(client, code)) {
      this.signIns.note(client, { kind: 'frame-refused', reason: detail });
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

  private noteClientError(client: Client, error: Error): void {
    this.counters.clientErrors++;
    this.ports.log.debug({ client: client.id?.slice(0, 128), error: error.message }, 'a device connection failed');
  }
}
