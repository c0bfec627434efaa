// A bad network between clients and a gateway: a TCP relay that resets, swallows, is slow, cuts what it carries into
// single bytes, refuses WebSockets as some proxies do, and keeps streams back as others do. The gateway behind it may be
// another one after a restart. What stands still here stands still as in a black hole: neither end hears of it, nor of
// the other's end.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { withTestEnd } from './side-by-side.ts';

/** From the client to the gateway, and back. */
export type Direction = 'up' | 'down';

/** Chunks that wait for their time in one direction; beyond it the sender is not read on. */
const waitingMax = 1_000;

/** One direction of a connection. */
class Way {
  private readonly waiting: { dueAt: number; chunk: Buffer }[] = [];
  private timer: NodeJS.Timeout | NodeJS.Immediate | null = null;
  private ended = false;
  private readonly from: Socket;
  private readonly to: Socket;
  private readonly network: BadNetwork;
  private readonly direction: Direction;

  constructor(network: BadNetwork, direction: Direction, from: Socket, to: Socket) {
    this.network = network;
    this.direction = direction;
    this.from = from;
    this.to = to;
    from.on('close', () => {
      this.ended = true;
      this.pump();
    });
    to.on('drain', () => this.pump());
    this.pump();
  }

  carry(chunk: Buffer): void {
    const dueAt = performance.now() + this.network.delayMs;
    const size = this.network.byteAtATime ? 1 : chunk.length;
    for (let at = 0; at < chunk.length; at += size) this.waiting.push({ dueAt, chunk: chunk.subarray(at, at + size) });
    this.pump();
  }

  /** Hands on what is due. Whoever does not read is not read for. */
  pump(): void {
    if (this.timer !== null) return;
    const isHeld = this.network.isHeld(this.direction);
    const next = isHeld || this.to.writableNeedDrain ? undefined : this.waiting[0];
    if (next !== undefined) {
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) this.timer = setTimeout(this.again, waitMs);
      else {
        this.waiting.shift();
        this.to.write(next.chunk);
        // A turn between two bytes, or they would arrive together.
        this.timer = setImmediate(this.again);
      }
    } else if (this.ended && !isHeld && this.waiting.length === 0) this.to.destroy();
    if (isHeld || this.to.writableNeedDrain || this.waiting.length > waitingMax) this.from.pause();
    else this.from.resume();
  }

  private readonly again = () => {
    this.timer = null;
    this.pump();
  };
}

type Line = { client: Socket; gateway: Socket; ways: Way[] };

export class BadNetwork {
  /** Requests for an upgrade are answered 403. */
  blocksUpgrades = false;
  /** Of event streams nothing gets through, as with a proxy that waits for the end of an answer. */
  buffersStreams = false;
  /** Everything takes so long in either direction. */
  delayMs = 0;
  /** Everything arrives in single bytes. */
  byteAtATime = false;
  readonly port: number;
  private readonly held: Record<Direction, boolean> = { up: false, down: false };
  private readonly lines = new Set<Line>();
  private readonly server: Server;
  private readonly target: () => number;

  private constructor(server: Server, port: number, target: () => number) {
    this.server = server;
    this.port = port;
    this.target = target;
    server.on('connection', client => this.take(client));
  }

  /** `target` is the port of the gateway at the moment of a connection. */
  static async open(target: () => number): Promise<BadNetwork> {
    const server = createServer({ noDelay: true });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const network = new BadNetwork(server, (server.address() as { port: number }).port, target);
    withTestEnd(() => network.close());
    return network;
  }

  /** Resets every connection, towards both ends. */
  cut(): void {
    for (const { client, gateway } of this.lines) {
      client.resetAndDestroy();
      gateway.resetAndDestroy();
    }
  }

  /** Nothing gets through in this direction any more, not even that an end is gone, and nobody is told. */
  stop(direction: Direction = 'down'): void {
    this.held[direction] = true;
    this.pump();
  }

  /** All gets through again, that which waited first. */
  resume(): void {
    this.held.up = this.held.down = false;
    this.pump();
  }

  isHeld(direction: Direction): boolean {
    return this.held[direction];
  }

  close(): void {
    this.resume();
    this.cut();
    this.server.close();
  }

  private pump(): void {
    for (const { ways } of this.lines) for (const way of ways) way.pump();
  }

  private take(client: Socket): void {
    client.on('error', () => {});
    client.once('data', first => {
      const head = first.toString('latin1');
      if (this.blocksUpgrades && /^upgrade: *websocket/im.test(head)) {
        client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      let isHeldBack = false;
      // One connection may carry several requests, one after the other.
      const look = (chunk: Buffer) => {
        if (/^(GET|POST) \//.test(chunk.toString('latin1', 0, 6))) {
          isHeldBack = this.buffersStreams && /^\w+ \/api\/v1\/stream/.test(chunk.toString('latin1', 0, 30));
        }
      };
      const gateway = connect({ port: this.target(), host: '127.0.0.1', noDelay: true });
      gateway.on('error', () => {});
      const up = new Way(this, 'up', client, gateway);
      const down = new Way(this, 'down', gateway, client);
      const line = { client, gateway, ways: [up, down] };
      this.lines.add(line);
      const takeUp = (chunk: Buffer) => {
        look(chunk);
        up.carry(chunk);
      };
      takeUp(first);
      client.on('data', takeUp);
      gateway.on('data', chunk => isHeldBack || down.carry(chunk));
      const forget = () => client.destroyed && gateway.destroyed && this.lines.delete(line);
      client.on('close', forget);
      gateway.on('close', forget);
    });
  }
}
