// The load generator, a process of its own: raw sockets, packets encoded beforehand, a window of unacknowledged
// QoS 1 publishes on each connection. Prints one line of JSON: acknowledged messages and seconds.
import { connect, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { field, packet } from '../test/instruments/mqtt-bytes.ts';

const { values: options } = parseArgs({
  options: {
    port: { type: 'string' },
    connections: { type: 'string', default: '50' },
    window: { type: 'string', default: '100' },
    readings: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '5' },
    warmup: { type: 'string', default: '1' },
    /** JSON list of [device, secret]; without it connections sign in with a name alone. */
    credentials: { type: 'string', default: '[]' },
  },
});

const connections = Number(options.connections);
const window = Number(options.window);
const credentials = JSON.parse(options.credentials) as [string, string][];

function connectPacket(id: string, secret: string | undefined): Buffer {
  const flags = secret === undefined ? 0x02 : 0xc2;
  const head = Buffer.concat([field('MQTT'), Buffer.from([4, flags, 0, 60]), field(id)]);
  return packet(0x10, secret === undefined ? head : Buffer.concat([head, field(id), field(secret)]));
}

/** All packets of a window in a row, twice over, so that any run of them is one piece of memory. */
function publishPackets(device: string): { bytes: Buffer; size: number } {
  const payload: Record<string, number> = {};
  for (let metric = 0; metric < Number(options.readings); metric++) payload[`metric${metric}`] = 20.25 + metric;
  const packets: Buffer[] = [];
  for (let id = 1; id <= window; id++) {
    const body = [field(`devices/${device}/telemetry`), Buffer.from([id >> 8, id & 0xff])];
    packets.push(packet(0x32, Buffer.concat([...body, Buffer.from(JSON.stringify(payload))])));
  }
  const once = Buffer.concat(packets);
  return { bytes: Buffer.concat([once, once]), size: once.length / window };
}

let acknowledged = 0;
let running = true;

function start(index: number): Promise<Socket> {
  const [device, secret] = credentials[index] ?? [`load-${index}`, undefined];
  const { bytes, size } = publishPackets(device);
  const socket = connect({ port: Number(options.port), host: '127.0.0.1', noDelay: true });
  let next = 0;
  const send = (count: number) => {
    socket.write(bytes.subarray(next * size, (next + count) * size));
    next = (next + count) % window;
  };
  let rest = 0;
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('connect', () => socket.write(connectPacket(device, secret)));
    socket.once('data', connack => {
      if (connack.length !== 4 || connack[3] !== 0) return reject(new Error(`CONNACK ${connack.toString('hex')}`));
      socket.on('data', chunk => {
        // Nothing but PUBACKs comes, four bytes each.
        const got = Math.floor((rest + chunk.length) / 4);
        rest = (rest + chunk.length) % 4;
        acknowledged += got;
        if (running && got > 0) send(got);
      });
      send(window);
      resolve(socket);
    });
  });
}

const sockets = await Promise.all(Array.from({ length: connections }, (_, index) => start(index)));
await new Promise(resolve => setTimeout(resolve, Number(options.warmup) * 1000));
const begin = performance.now();
const before = acknowledged;
await new Promise(resolve => setTimeout(resolve, Number(options.seconds) * 1000));
const seconds = (performance.now() - begin) / 1000;
const messages = acknowledged - before;
running = false;
for (const socket of sockets) socket.destroy();
process.stdout.write(`${JSON.stringify({ messages, seconds })}\n`);
