// One simulated device on its MQTT line: it says that it is online, describes itself, sends its readings with QoS 1,
// carries out commands and desired state, and reports what is now. While the line is down its readings wait in a bounded
// outbox and keep their own times. When too many messages are unacknowledged it sends no more until some are.
import { type Millis, topics } from '@telltale/gateway/contract';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { Backoff } from './backoff.ts';
import type { Body } from './body.ts';
import type { Hands } from './faults/fault.ts';
import { Instructions } from './instructions.ts';
import { Outbox } from './outbox.ts';
import type { Random } from './random.ts';
import type { Totals } from './totals.ts';

/** Telemetry messages sent and not acknowledged; more would only move the outbox into the MQTT client. */
const inFlightMax = 16;
const keepaliveS = 60;
/** A gateway that was just started, with thousands of devices at its door, may take a while to answer. */
const connectTimeoutMs = 20_000;
/** While something moves that it was told to move, it reports at least this often. */
const settlingIntervalMs = 1_000;

/** Where the gateway listens for MQTT. */
export type Line = { protocol: 'mqtt' | 'mqtts'; host: string; port: number };

/** Tells whoever made the device what becomes of its line. */
export type Watch = {
  online(device: Device): void;
  /** The gateway answered the connection with a refusal. */
  refused(device: Device, reason: string): void;
  /** The line failed before or while it was used. */
  failed(device: Device, error: Error): void;
};

/** What a device is made from. */
export type DeviceSetup = {
  id: string;
  /** Left out where the gateway admits devices without a secret. */
  secret?: string;
  serial: string;
  line: Line;
  body: Body;
  /** For the phase of its samples and the jitter of its reconnects. */
  random: Random;
  /** Most readings that wait while the line is down. */
  outboxReadingsMax: number;
  totals: Totals;
  watch: Watch;
};

/** A device that was switched on. */
export class Device implements Hands {
  readonly id: string;
  readonly #setup: DeviceSetup;
  readonly #body: Body;
  readonly #totals: Totals;
  readonly #outbox: Outbox;
  readonly #backoff: Backoff;
  readonly #instructions: Instructions;
  readonly #client: MqttClient;
  #online = false;
  #everOnline = false;
  #closing = false;
  #inFlight = 0;
  #sampleTimer: NodeJS.Timeout | undefined;
  /** On the clock that is never set back: when the model was stepped, and when the next sample is due. */
  #steppedAt = performance.now();
  #dueAt: number;
  /** Between the sample before and that one. */
  #intervalMs: number;
  #idle: (() => void) | null = null;

  /** Switches the device on: it connects, and samples from now on. */
  constructor(setup: DeviceSetup) {
    this.id = setup.id;
    this.#setup = setup;
    this.#body = setup.body;
    this.#totals = setup.totals;
    this.#outbox = new Outbox(setup.outboxReadingsMax);
    this.#backoff = new Backoff(setup.random);
    this.#instructions = new Instructions({
      device: setup.id,
      body: setup.body,
      totals: setup.totals,
      send: (topic, payload) => this.#send(topic, payload),
      showEffect: () => this.#showEffect(),
      cut: awayMs => this.cut(awayMs),
    });
    this.#intervalMs = setup.body.intervalMs;
    this.#dueAt = this.#steppedAt + setup.random.next() * setup.body.intervalMs;
    this.#client = connect(this.#options());
    this.#listen();
    this.#sampleTimer = setTimeout(this.#sample, Math.max(0, this.#dueAt - performance.now()));
  }

  #options(): IClientOptions {
    const { id, secret, line } = this.#setup;
    return {
      ...line,
      protocolVersion: 4,
      clientId: id,
      username: id,
      ...(secret === undefined ? {} : { password: secret }),
      clean: false,
      keepalive: keepaliveS,
      reschedulePings: false,
      connectTimeout: connectTimeoutMs,
      reconnectPeriod: this.#backoff.nextMs(),
      reconnectOnConnackError: true,
      // This device subscribes itself, when the gateway has no session of it.
      resubscribe: false,
      queueQoSZero: false,
      will: { topic: topics.status(id), payload: Buffer.from('offline'), qos: 1, retain: true },
    };
  }

  #listen(): void {
    const client = this.#client;
    client.on('connect', packet => this.#connected(packet.sessionPresent));
    client.on('reconnect', () => this.#waitBeforeNext(this.#backoff.nextMs()));
    client.on('close', () => this.#disconnected());
    client.on('message', (topic, payload) => this.#received(topic, payload));
    client.on('error', error => {
      const code = 'code' in error ? error.code : undefined;
      if (typeof code !== 'number') return this.#setup.watch.failed(this, error);
      this.#totals.refused++;
      this.#setup.watch.refused(this, error.message);
    });
  }

  /** The MQTT client reads this when the line breaks or an attempt fails. */
  #waitBeforeNext(ms: number): void {
    this.#client.options.reconnectPeriod = ms;
  }

  #connected(sessionPresent: boolean): void {
    this.#online = true;
    this.#totals.connected++;
    this.#backoff.reset();
    this.#waitBeforeNext(this.#backoff.nextMs());
    this.#send(topics.status(this.id), 'online', true);
    if (this.#everOnline) {
      this.#totals.reconnects++;
      this.#instructions.reportChanges();
    } else this.#instructions.describe(this.#setup.serial);
    if (!sessionPresent || !this.#everOnline) {
      this.#client.subscribe([topics.commands(this.id), topics.desired(this.id)], { qos: 1 });
    }
    this.#everOnline = true;
    this.#setup.watch.online(this);
    this.#pump();
  }

  #disconnected(): void {
    if (this.#online) this.#totals.connected--;
    this.#online = false;
  }

  #received(topic: string, payload: Buffer): void {
    if (!this.#closing) this.#instructions.take(topic, payload.toString());
  }

  /** The new values show what was done; nobody has to wait for the next regular sample. */
  #showEffect(): void {
    this.#measure();
    if (this.#nextIntervalMs === this.#intervalMs) return;
    clearTimeout(this.#sampleTimer);
    this.#dueAt = performance.now();
    this.#scheduleNext();
  }

  get #nextIntervalMs(): number {
    const { intervalMs, settling } = this.#body;
    return settling ? Math.min(intervalMs, settlingIntervalMs) : intervalMs;
  }

  // A field, so that no closure is made for each sample.
  readonly #sample = (): void => {
    this.#measure();
    this.#body.misbehave(Date.now(), this);
    this.#scheduleNext();
  };

  #measure(): void {
    const now = performance.now();
    this.#body.step(now - this.#steppedAt);
    this.#steppedAt = now;
    this.record(Date.now());
    this.#pump();
  }

  #scheduleNext(): void {
    if (this.#closing) return;
    const intervalMs = this.#nextIntervalMs;
    this.#intervalMs = intervalMs;
    const now = performance.now();
    // Samples that were missed, by a process that was busy or asleep, are not made up for.
    this.#dueAt = Math.max(this.#dueAt + intervalMs, now);
    this.#sampleTimer = setTimeout(this.#sample, this.#dueAt - now);
  }

  record(ts: Millis): void {
    this.#totals.readingsDropped += this.#outbox.add(this.#body.reading(ts));
  }

  sendRaw(payload: string): void {
    if (this.#online && this.#inFlight < inFlightMax) this.#send(topics.telemetry(this.id), payload);
  }

  cut(awayMs: number): void {
    if (!this.#online || this.#closing) return;
    if (awayMs > 0) this.#waitBeforeNext(awayMs);
    this.#client.stream.destroy();
  }

  #pump(): void {
    while (this.#online && this.#inFlight < inFlightMax) {
      if (this.#outbox.size > 0 && !this.#closing && this.#body.holding(Date.now())) return;
      const message = this.#outbox.take();
      if (message === null) return;
      this.#send(topics.telemetry(this.id), message);
    }
  }

  #send(topic: string, payload: string, retain = false): void {
    this.#inFlight++;
    this.#totals.inFlight++;
    this.#totals.sent++;
    this.#client.publish(topic, payload, { qos: 1, retain }, error => {
      this.#inFlight--;
      this.#totals.inFlight--;
      if (!error) this.#totals.acknowledged++;
      this.#pump();
      if (this.#inFlight === 0) this.#idle?.();
    });
  }

  /** Takes another secret; it is used from the next attempt to connect on. */
  useSecret(secret: string): void {
    this.#client.options.password = secret;
  }

  /** Sends what waits, says `offline`, and takes its leave; after `withinMs` it goes without. */
  async close(withinMs: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    clearTimeout(this.#sampleTimer);
    this.#instructions.close();
    const deadline = performance.now() + withinMs;
    let settled = false;
    if (this.#online) {
      this.#pump();
      await this.#whenIdle(withinMs / 2);
      if (this.#online) this.#send(topics.status(this.id), 'offline', true);
      settled = await this.#whenIdle(Math.max(0, deadline - performance.now() - withinMs / 10));
    }
    await this.#end(!settled || !this.#online, Math.max(withinMs / 10, deadline - performance.now()));
  }

  #whenIdle(withinMs: number): Promise<boolean> {
    if (this.#inFlight === 0) return Promise.resolve(true);
    return new Promise(resolve => {
      const done = (idle: boolean) => {
        clearTimeout(timer);
        this.#idle = null;
        resolve(idle);
      };
      const timer = setTimeout(() => done(false), withinMs);
      this.#idle = () => done(true);
    });
  }

  /** Ends the MQTT client. Forced, it goes without DISCONNECT, and the gateway publishes the will. */
  #end(force: boolean, withinMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => {
        this.#client.stream.destroy();
        resolve();
      }, withinMs);
      this.#client.end(force, {}, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
