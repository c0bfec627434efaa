// An MQTT broker in the process of a test, which notes what devices publish and can be asked to wait for it.
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type Client } from 'aedes';
import type { Line } from '../device.ts';

/** A message that a device published. */
export type Heard = { topic: string; payload: string; retain: boolean; clientId: string };

/** A broker that is listening. */
export type TestBroker = {
  readonly line: Line;
  readonly heard: Heard[];
  /** Client ids in the order in which they connected, with each reconnect. */
  readonly connects: string[];
  /** Resolves with the first message, past or to come, that the function accepts. */
  until(accepts: (message: Heard) => boolean): Promise<Heard>;
  /** Resolves when this many connections were made. */
  untilConnects(count: number): Promise<void>;
  publish(topic: string, payload: string): Promise<void>;
  /** Breaks every connection, as a gateway that crashes does. */
  cutAll(): void;
  /** While true, publishes are not acknowledged. */
  holdAcks(hold: boolean): void;
  close(): Promise<void>;
};

/** What is asked of a connection; all are let in where it is left out. */
export type Admits = (clientId: string, password: string | undefined) => boolean;

/** Things that are waited for: each is looked at again after anything happened. */
function createWaits() {
  let looks: (() => void)[] = [];
  return {
    check() {
      for (const look of [...looks]) look();
    },
    when<Found>(find: () => Found | undefined): Promise<Found> {
      return new Promise(resolve => {
        const look = () => {
          const found = find();
          if (found === undefined) return;
          looks = looks.filter(each => each !== look);
          resolve(found);
        };
        looks.push(look);
        look();
      });
    },
  };
}

/** Listens on a free port and gives its number. */
async function listen(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Starts a broker on a free port. */
export async function startBroker(admits: Admits = () => true): Promise<TestBroker> {
  const aedes = await Aedes.createBroker();
  const heard: Heard[] = [];
  const connects: string[] = [];
  const sockets = new Set<Socket>();
  let held: (() => void)[] | null = null;
  const { check, when } = createWaits();

  aedes.authenticate = (client: Client, _user, password, done) => {
    const admitted = admits(client.id, password?.toString());
    done(admitted ? null : Object.assign(new Error('refused'), { returnCode: 4 }), admitted);
  };
  aedes.authorizePublish = (client, packet, done) => {
    if (client) {
      heard.push({ topic: packet.topic, payload: `${packet.payload}`, retain: packet.retain, clientId: client.id });
    }
    check();
    if (held) held.push(() => done(null));
    else done(null);
  };
  aedes.on('clientReady', client => {
    connects.push(client.id);
    check();
  });
  // A will is published by the broker itself and passes no authorisation of a connected client.
  aedes.on('publish', (packet, client) => {
    if (client || !packet.topic.startsWith('devices/')) return;
    heard.push({ topic: packet.topic, payload: `${packet.payload}`, retain: packet.retain, clientId: '' });
    check();
  });

  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    aedes.handle(socket);
  });
  const port = await listen(server);

  return {
    line: { protocol: 'mqtt', host: '127.0.0.1', port },
    heard,
    connects,
    until: accepts => when(() => heard.find(accepts)),
    untilConnects: count => when(() => (connects.length >= count ? true : undefined)).then(() => undefined),
    publish: (topic, payload) =>
      new Promise((resolve, reject) => {
        const packet = { cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false } as const;
        aedes.publish(packet, error => (error ? reject(error) : resolve()));
      }),
    cutAll() {
      for (const socket of sockets) socket.destroy();
    },
    holdAcks(hold) {
      const release = held ?? [];
      held = hold ? [] : null;
      for (const go of release) go();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>(resolve => server.close(() => resolve()));
      await new Promise<void>(resolve => aedes.close(() => resolve()));
    },
  };
}
