// An HTTP answer as a pipe: an SSE stream, which goes on, or a long poll, which ends as soon as it has told something.
// Both are written as they come, so that a peer that does not read holds up nothing but itself.
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Pipe, PipeEnd } from './pipe.ts';

/** Longest wait for a peer to take the end of its answer. */
const endMsMax = 2_000;

const messageEnd = Buffer.from('\n\n');

const headers = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  // nginx would keep small messages back.
  'X-Accel-Buffering': 'no',
};

abstract class HttpPipe implements Pipe {
  abstract readonly transport: 'sse' | 'poll';
  protected readonly response: ServerResponse;
  protected end: PipeEnd | null = null;

  constructor(response: ServerResponse, contentType: string) {
    this.response = response;
    response.writeHead(200, { 'Content-Type': contentType, ...headers });
    response.socket?.setNoDelay(true);
    response.on('error', () => {});
  }

  open(end: PipeEnd): void {
    this.end = end;
    this.response.on('drain', () => end.drained());
    this.response.on('close', () => end.closed());
  }

  abstract send(frame: string | Buffer, news: boolean): void;
  abstract caughtUp(): void;
  /** Writes what an answer ends with. */
  protected abstract writeEnd(retryMs: number | undefined): void;

  bufferedBytes(): number {
    return this.response.writableLength;
  }

  isClosed(): boolean {
    return this.response.writableEnded || this.response.destroyed;
  }

  ping(): void {}

  close(_code?: number, _reason?: string, retryMs?: number): void {
    if (this.isClosed()) return;
    this.writeEnd(retryMs);
    this.response.end();
    setTimeout(() => this.response.destroy(), endMsMax).unref();
  }

  terminate(): void {
    this.response.destroy();
  }
}

export class SsePipe extends HttpPipe {
  readonly transport = 'sse';
  private lastPosition: string | null = null;

  constructor(response: ServerResponse) {
    super(response, 'text/event-stream; charset=utf-8');
  }

  send(frame: string | Buffer): void {
    const position = this.end?.position() ?? null;
    const moved = position !== null && position !== this.lastPosition;
    const head = moved ? `id:${position}\ndata:` : 'data:';
    if (moved) this.lastPosition = position;
    // In one piece: each write of its own is a chunk of its own on the wire.
    if (typeof frame === 'string') this.response.write(`${head}${frame}\n\n`);
    else this.response.write(Buffer.concat([Buffer.from(head), frame, messageEnd]));
  }

  caughtUp(): void {}

  /** A browser's own reader of streams comes back by itself, and this is how it is told when. */
  protected writeEnd(retryMs: number | undefined): void {
    if (retryMs) this.response.write(`retry:${retryMs}\n\n`);
  }
}

export class PollPipe extends HttpPipe {
  readonly transport = 'poll';
  private isFirst = true;
  private hasNews = false;
  private looking = false;
  /** True once there is nothing to wait for. */
  private isOver = false;
  private readonly wait: Timer;
  private readonly clock: Clock;

  constructor(response: ServerResponse, waitMs: number, clock: Clock) {
    super(response, 'application/json');
    this.clock = clock;
    response.write('{"frames":[');
    this.wait = clock.after(waitMs, () => {
      this.isOver = true;
      this.look();
    });
    response.on('close', () => this.wait.cancel());
  }

  send(frame: string | Buffer, news: boolean): void {
    const comma = this.isFirst ? '' : ',';
    this.isFirst = false;
    this.response.write(typeof frame === 'string' ? comma + frame : Buffer.concat([Buffer.from(comma), frame]));
    if (!news) return;
    this.hasNews = true;
    this.look();
  }

  caughtUp(): void {
    this.look();
  }

  protected writeEnd(): void {
    const position = this.end?.position() ?? null;
    this.response.write(`],"now":${this.clock.now()},"next":${JSON.stringify(position)}}`);
  }

  /** Ends the answer once all that goes together is in it. */
  private look(): void {
    if (this.looking) return;
    this.looking = true;
    setImmediate(() => {
      this.looking = false;
      if (this.isClosed() || !(this.hasNews || this.isOver)) return;
      if (this.end?.isCaughtUp()) this.close();
    });
  }
}
