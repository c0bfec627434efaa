// A bad network between viewers and a gateway: a TCP relay that cuts, stops, refuses WebSockets as some proxies do, and
// keeps streams back as others do. The gateway behind it may be another one after a restart.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

type Line = { viewer: Socket; gateway: Socket };

export class BadNetwork {
  /** Requests for an upgrade are answered 403. */
  blocksUpgrades = false;
  /** Of event streams nothing gets through, as with a proxy that waits for the end of an answer. */
  buffersStreams = false;
  readonly port: number;
  private readonly lines = new Set<Line>();
  private readonly server: Server;
  private readonly target: () => number;
  private stopped = false;

  private constructor(server: Server, port: number, target: () => number) {
    this.server = server;
    this.port = port;
    this.target = target;
    server.on('connection', viewer => this.take(viewer));
  }

  /** `target` is the port of the gateway at the moment of a connection. */
  static async open(target: () => number): Promise<BadNetwork> {
    const server = createServer();
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const network = new BadNetwork(server, (server.address() as { port: number }).port, target);
    onTestFinished(() => network.close());
    return network;
  }

  /** Resets every connection. */
  cut(): void {
    for (const { viewer, gateway } of this.lines) {
      viewer.resetAndDestroy();
      gateway.resetAndDestroy();
    }
  }

  /** Nothing reaches the viewers any more, and nobody is told. */
  stop(): void {
    this.stopped = true;
    for (const { gateway } of this.lines) gateway.pause();
  }

  resume(): void {
    this.stopped = false;
    for (const { gateway } of this.lines) gateway.resume();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private take(viewer: Socket): void {
    viewer.on('error', () => {});
    viewer.once('data', first => {
      const head = first.toString('latin1');
      if (this.blocksUpgrades && /^upgrade: *websocket/im.test(head)) {
        viewer.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      let isHeldBack = false;
      // One connection may carry several requests, one after the other.
      const look = (chunk: Buffer) => {
        if (/^(GET|POST) \//.test(chunk.toString('latin1', 0, 6))) {
          isHeldBack = this.buffersStreams && /^\w+ \/api\/v1\/stream/.test(chunk.toString('latin1', 0, 30));
        }
      };
      look(first);
      const gateway = connect(this.target(), '127.0.0.1');
      const line = { viewer, gateway };
      this.lines.add(line);
      gateway.on('error', () => {});
      gateway.write(first);
      viewer.on('data', chunk => {
        look(chunk);
        gateway.write(chunk);
      });
      gateway.on('data', chunk => {
        if (isHeldBack) return;
        // Whoever does not read is not read for.
        if (!viewer.write(chunk)) gateway.pause();
      });
      viewer.on('drain', () => this.stopped || gateway.resume());
      if (this.stopped) gateway.pause();
      viewer.on('close', () => gateway.destroy());
      gateway.on('close', () => {
        this.lines.delete(line);
        viewer.destroy();
      });
    });
  }
}
