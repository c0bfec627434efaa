// A WebSocket as a pipe.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Pipe, PipeEnd } from './pipe.ts';

/** A peer that does not answer the closing handshake is cut after this long. */
const closeMsMax = 2_000;
/** Frames are text, also where they are bytes already. */
const asText = { binary: false };

export class WsPipe implements Pipe {
  readonly transport = 'ws';
  private readonly socket: WebSocket;
  /** What the WebSocket writes to. */
  private readonly stream: Duplex;
  private isGathering = false;
  private end: PipeEnd | null = null;
  private readonly sent = () => this.end?.drained();

  constructor(socket: WebSocket, stream: Duplex) {
    this.socket = socket;
    this.stream = stream;
    // Errors of the socket itself; a close follows each.
    socket.on('error', () => {});
  }

  open(end: PipeEnd): void {
    this.end = end;
    const { socket } = this;
    socket.on('message', (data, isBinary) => end.message(String(data), isBinary));
    socket.on('pong', () => end.heard());
    socket.on('close', () => end.closed());
  }

  send(frame: string | Buffer): void {
    // A commit may bring hundreds of events, each a frame: they go out in one write.
    if (!this.isGathering) {
      this.isGathering = true;
      this.stream.cork();
      process.nextTick(write, this);
    }
    this.socket.send(frame, asText, this.sent);
  }

  /** Lets go of what was gathered in this turn. */
  write(): void {
    this.isGathering = false;
    this.stream.uncork();
  }

  bufferedBytes(): number {
    return this.socket.bufferedAmount;
  }

  isClosed(): boolean {
    return this.socket.readyState !== this.socket.OPEN;
  }

  caughtUp(): void {}

  ping(): void {
    this.socket.ping();
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason.slice(0, 120));
    setTimeout(() => this.socket.terminate(), closeMsMax).unref();
  }

  terminate(): void {
    this.socket.terminate();
  }
}

function write(pipe: WsPipe): void {
  pipe.write();
}
