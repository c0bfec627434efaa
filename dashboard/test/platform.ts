// The test's hands on what the connection is given: a clock that stands still until it is moved, sockets whose other
// end is the test, and chance that follows a seed.
import type { ClientFrame, HelloFrame, ServerFrame } from '@telltale/gateway/contract';
import type { Clock } from '../src/connection/clock.ts';
import type { SocketConstructor, SocketEvent, SocketLike } from '../src/connection/socket.ts';

type Timer = { at: number; run: () => void };

/** A clock that runs what is due, in order, when it is moved. */
export function createTestClock(start = 1_700_000_000_000): Clock & { advance(ms: number): void; timers(): number } {
  let now = start;
  const timers = new Set<Timer>();
  return {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const due = [...timers].filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.delete(due);
        now = Math.max(now, due.at);
        due.run();
      }
      now = end;
    },
    timers: () => timers.size,
  };
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The gateway's end of one socket. */
export class TestSocket implements SocketLike {
  readyState = 0;
  readonly url: string;
  readonly protocols: string[];
  readonly sent: ClientFrame[] = [];
  /** The frames of each message. */
  readonly messages: ClientFrame[][] = [];
  closedWith: number | null = null;
  #listeners = new Map<string, ((event: SocketEvent) => void)[]>();

  constructor(url: string, protocols: string[]) {
    this.url = url;
    this.protocols = protocols;
  }

  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(text: string): void {
    const frames = [JSON.parse(text) as ClientFrame | ClientFrame[]].flat();
    this.messages.push(frames);
    this.sent.push(...frames);
  }

  close(code = 1000): void {
    this.closedWith = code;
    this.readyState = 2;
  }

  /** The gateway accepts and says hello. */
  greet(hello: Partial<HelloFrame> = {}): void {
    this.readyState = 1;
    this.#emit('open', {});
    this.say({ ...defaultHello, ...hello });
  }

  say(...frames: ServerFrame[]): void {
    this.text(JSON.stringify(frames.length === 1 ? frames[0] : frames));
  }

  text(data: unknown): void {
    this.#emit('message', { data });
  }

  /** The gateway or the network ends the connection. */
  drop(code: number): void {
    this.readyState = 3;
    this.#emit('close', { code, reason: '' });
  }

  asked<T extends ClientFrame['t']>(t: T): Extract<ClientFrame, { t: T }>[] {
    return this.sent.filter((frame): frame is Extract<ClientFrame, { t: T }> => frame.t === t);
  }

  #emit(type: string, event: SocketEvent): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }
}

export const defaultHello: HelloFrame = {
  t: 'hello',
  v: 1,
  epoch: 'E1',
  offset: 100,
  now: 1_700_000_000_000,
  heartbeatMs: 20_000,
  transport: 'ws',
  user: 'ann',
  role: 'operator',
  limits: { frameBytesMax: 65_536, subscriptionsMax: 64, rowsPerFrameMax: 5_000 },
};

/** A constructor whose sockets the test can reach, the newest last. */
export function createSockets(): { Socket: SocketConstructor; all: TestSocket[]; newest(): TestSocket } {
  const all: TestSocket[] = [];
  class Socket extends TestSocket {
    constructor(url: string, protocols: string[]) {
      super(url, protocols);
      all.push(this);
    }
  }
  return { Socket, all, newest: () => all.at(-1)! };
}
