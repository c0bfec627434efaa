// The test's hands on HTTP: each request waits until the test answers it, as a whole or bit by bit.
import type { HelloFrame, LogAnswer, ServerFrame, StreamRequest } from '@telltale/gateway/contract';
import type { Fetch, HttpRequest, HttpResponse } from '../src/connection/http.ts';
import { defaultHello } from './platform.ts';

/** Everything that was resolved until now has been taken in. */
export const settled = (): Promise<void> => new Promise(done => setImmediate(done));

const encoder = new TextEncoder();
type Chunk = { done: boolean; value?: Uint8Array | undefined };

/** The gateway's end of one request. */
export class TestRequest {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: StreamRequest & Record<string, unknown>;
  isAborted = false;
  readonly response: Promise<HttpResponse>;
  #answer: (response: HttpResponse) => void = () => {};
  #fail: (error: Error) => void = () => {};
  #chunks: (Chunk | Error)[] = [];
  #wake: (() => void) | null = null;

  /** `deaf`: the network does not hear of an abort, and what was under way comes all the same. */
  constructor(path: string, request: HttpRequest, deaf: boolean) {
    this.path = path;
    this.headers = request.headers;
    this.body = JSON.parse(request.body);
    this.response = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
    });
    this.response.catch(() => {});
    request.signal?.addEventListener('abort', () => {
      this.isAborted = true;
      if (!deaf) this.fail();
    });
  }

  /** The network breaks, before the answer or in the middle of it. */
  fail(): void {
    this.#fail(new Error('no network'));
    this.#push(new Error('no network'));
  }

  answer(status: number, body: unknown): Promise<void> {
    return this.answerText(status, JSON.stringify(body));
  }

  answerText(status: number, text: string): Promise<void> {
    this.#answer({ ok: status < 300, status, body: null, text: () => Promise.resolve(text) });
    return settled();
  }

  /** The answer of a long poll that was all of the log. */
  tell(frames: ServerFrame[], next: string | null): Promise<void> {
    return this.answer(200, { frames, now: 1, next } satisfies LogAnswer);
  }

  /** The answer begins, and does not end. */
  open(): Promise<void> {
    this.#answer({
      ok: true,
      status: 200,
      body: { getReader: () => ({ read: () => this.#read() }) },
      text: () => Promise.reject(new Error('a stream has no end')),
    });
    return settled();
  }

  /** Answers with a stream that begins with the greeting. */
  async greet(hello: Partial<HelloFrame> = {}): Promise<void> {
    await this.open();
    await this.say({ ...defaultHello, transport: 'sse', ...hello });
  }

  say(...frames: ServerFrame[]): Promise<void> {
    return this.bytes(encoder.encode(frames.map(frame => `data: ${JSON.stringify(frame)}\n\n`).join('')));
  }

  bytes(value: Uint8Array): Promise<void> {
    this.#push({ done: false, value });
    return settled();
  }

  end(): Promise<void> {
    this.#push({ done: true });
    return settled();
  }

  #push(chunk: Chunk | Error): void {
    this.#chunks.push(chunk);
    this.#wake?.();
  }

  async #read(): Promise<Chunk> {
    while (this.#chunks.length === 0) {
      await new Promise<void>(wake => {
        this.#wake = wake;
      });
    }
    const chunk = this.#chunks.shift()!;
    if (chunk instanceof Error) throw chunk;
    return chunk;
  }
}

/** A `fetch` whose requests the test can reach, the newest last. */
export function createHttp({ deaf = false } = {}): {
  fetch: Fetch;
  all: TestRequest[];
  newest(): TestRequest;
  to(path: string): TestRequest[];
} {
  const all: TestRequest[] = [];
  const fetch: Fetch = (url, request) => {
    const made = new TestRequest(url.slice(url.indexOf('/api/v1') + '/api/v1'.length), request, deaf);
    all.push(made);
    return made.response;
  };
  return { fetch, all, newest: () => all.at(-1)!, to: path => all.filter(made => made.path.startsWith(path)) };
}
