// The model log on the wire, in process, over all three transports; and the network between, which the test spoils.
import type { ClientFrame, HelloFrame, ServerFrame, StreamRequest, Transport } from '@telltale/gateway/contract';
import type { Fetch } from '../src/connection/http.ts';
import type { SocketConstructor } from '../src/connection/socket.ts';
import { createHttp, type TestRequest } from './http.ts';
import { type ModelLog, ModelViewer } from './model-log.ts';
import { defaultHello, TestSocket } from './platform.ts';

/** What becomes of the next dial: `held` answers, and lets nothing through. */
export type Passage = 'open' | 'refused' | 'held';

type Line = {
  viewer: ModelViewer;
  /** False where the line takes nothing, because its answer is over. */
  say(frames: ServerFrame[], cutAt: number): boolean;
  drop(): void;
  isLeft(): boolean;
};

const encoder = new TextEncoder();

export class ModelGateway {
  readonly Socket: SocketConstructor;
  readonly fetch: Fetch;
  passages: Record<Transport, Passage> = { ws: 'open', sse: 'open', poll: 'open' };
  readonly #log: ModelLog;
  readonly #random: () => number;
  readonly #http = createHttp({ deaf: true });
  #lines: Line[] = [];
  #viewers = 0;

  constructor(log: ModelLog, random: () => number) {
    this.#log = log;
    this.#random = random;
    const accept = (socket: ModelSocket) => this.#acceptSocket(socket);
    this.Socket = class extends ModelSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        queueMicrotask(() => accept(this));
      }
    };
    this.fetch = (url, request) => {
      const answer = this.#http.fetch(url, request);
      this.#acceptRequest(this.#http.newest());
      return answer;
    };
  }

  /** Sends what is due to everybody, whole or up to a frame at which the network breaks. */
  flush(picked: (sub: string) => boolean = () => true, cutAt = Number.POSITIVE_INFINITY): void {
    this.#send(viewer => viewer.flush(picked), cutAt);
  }

  /** The same with a heartbeat behind it. */
  beat(): void {
    this.#send(viewer => [...viewer.flush(), { t: 'hb', offset: viewer.safe(), now: 1 }]);
  }

  overflow(): void {
    this.#send(viewer => viewer.overflow());
  }

  bye(code: 'closing' | 'stream_over'): void {
    this.#send(() => [{ t: 'bye', code }]);
    if (code === 'closing') this.drop();
  }

  drop(): void {
    for (const line of this.#lines.splice(0)) line.drop();
  }

  #send(framesFor: (viewer: ModelViewer) => ServerFrame[], cutAt = Number.POSITIVE_INFINITY): void {
    const before = this.#lines;
    // What was left is still answered once: it was on its way.
    this.#lines = before.filter(line => !line.isLeft());
    for (const line of before) {
      const frames = line.viewer.isOfThisLog() ? framesFor(line.viewer) : null;
      if (frames !== null && cutAt >= frames.length && line.say(frames, cutAt)) continue;
      if (frames !== null && cutAt < frames.length) line.say(frames, cutAt);
      if (frames === null || cutAt < frames.length) line.drop();
      this.#lines = this.#lines.filter(each => each !== line);
    }
  }

  #viewer(): ModelViewer {
    this.#viewers += 1;
    return new ModelViewer(this.#log, this.#viewers * 1_000);
  }

  #hello(transport: Transport): HelloFrame {
    return { ...defaultHello, epoch: this.#log.epoch, offset: this.#log.head, transport };
  }

  #acceptSocket(socket: ModelSocket): void {
    const passage = this.passages.ws;
    if (passage === 'refused') socket.drop(1006);
    if (passage !== 'open') return;
    const viewer = this.#viewer();
    socket.take = frame => {
      if (frame.t === 'sub') viewer.ask(frame);
      if (frame.t === 'unsub') viewer.subs.delete(frame.sub);
      if (frame.t === 'sub') socket.say({ t: 'ok', id: frame.id ?? 0, sub: frame.sub });
      if (frame.t === 'ping') socket.say({ t: 'pong', offset: viewer.safe(), now: 1 });
    };
    this.#lines.push({
      viewer,
      isLeft: () => socket.closedWith !== null,
      drop: () => socket.drop(1006),
      say(frames, cutAt) {
        for (const frame of frames.slice(0, cutAt)) socket.say(frame);
        return true;
      },
    });
    socket.greet(this.#hello('ws'));
  }

  #acceptRequest(request: TestRequest): void {
    const transport = request.path.startsWith('/stream') ? 'sse' : 'poll';
    const passage = this.passages[transport];
    if (passage === 'refused') return request.fail();
    if (transport === 'sse') void request.open();
    if (passage === 'held') return;
    const viewer = this.#viewer();
    const { subs, after }: StreamRequest = request.body;
    for (const ask of subs) viewer.ask(ask, after);
    if (transport === 'sse') return this.#stream(request, viewer);
    this.#lines.push(this.#poll(request, viewer, after === undefined ? [this.#hello('poll')] : []));
  }

  #stream(request: TestRequest, viewer: ModelViewer): void {
    const say = (frames: ServerFrame[]) => {
      const bytes = encoder.encode(frames.map(frame => `id: 1\r\ndata: ${JSON.stringify(frame)}\r\n\r\n`).join(''));
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + Math.floor(this.#random() * 200);
        void request.bytes(bytes.slice(at, at + length));
        at += length;
      }
    };
    say([this.#hello('sse')]);
    this.#lines.push({
      viewer,
      isLeft: () => request.isAborted,
      drop: () => request.fail(),
      say(frames, cutAt) {
        say(frames.slice(0, cutAt));
        return true;
      },
    });
  }

  #poll(request: TestRequest, viewer: ModelViewer, head: ServerFrame[]): Line {
    return {
      viewer,
      isLeft: () => request.isAborted,
      drop: () => request.fail(),
      say(frames, cutAt) {
        // An answer without anything to tell is not given yet; one that is cut cannot say where to go on.
        if (head.length + frames.length === 0) return true;
        void request.tell([...head, ...frames.slice(0, cutAt)], cutAt < frames.length ? null : viewer.next());
        return false;
      },
    };
  }
}

class ModelSocket extends TestSocket {
  take: (frame: ClientFrame) => void = () => {};

  override send(text: string): void {
    super.send(text);
    for (const frame of this.messages.at(-1) ?? []) queueMicrotask(() => this.closedWith === null && this.take(frame));
  }
}
