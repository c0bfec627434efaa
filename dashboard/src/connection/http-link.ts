// What the two links over HTTP have in common. Their subscriptions stand in the request: when those change, one request
// is opened in place of the other. Going on with the next request is no new connection, and nobody hears of it.
//
// Invariant: each request asks for what is wanted at that moment, each subscription from its own position, and nothing
// of an earlier request is listened to once the next is open. So nothing is lost and nothing comes twice ([LIV-2]).
import {
  type ClientFrame,
  codes,
  type Position,
  parsePosition,
  type ServerFrame,
  type StreamRequest,
  type SubscriptionAsk,
} from '@telltale/gateway/contract';
import type { Clock } from './clock.ts';
import type { Decoded } from './decode.ts';
import { type HttpOptions, type HttpResponse, post } from './http.ts';
import { broken, type CommandFrame, heartbeatLost, type Link, type LinkPorts } from './link.ts';
import { postCommand } from './rest-command.ts';

/** What a gateway says that was begun anew meanwhile. */
const restarted = 1012;
/** A gateway says another where it has another. */
const heartbeatMsDefault = 20_000;
/** Between two requests: what comes in the meantime comes with the next, and ten a second are live enough to look at. */
export const requestPauseMs = 100;
/** A heartbeat that is on its way while a link is doubted; the page waits as long before it calls one silent. */
const doubtFactor = 1.25;

export type HttpPlatform = { http: HttpOptions; clock: Clock; random: () => number };

/** How a request ended: the next follows, from `after` where that says it all; or the link is over. */
export type Outcome = { next: 'request'; after: string | null } | { next: 'end'; code: number };

const goOn: Outcome = { next: 'request', after: null };
export const endWith = (code: number): Outcome => ({ next: 'end', code });

/** One request, as whoever carries it sees it. */
export type Exchange = {
  readonly body: StreamRequest;
  post(path: string, accept: string): Promise<HttpResponse>;
  /** Something came: the link lives. */
  heard(): void;
  /** Without another word from the carrier within `ms` the link is given up. */
  giveUpAfter(ms: number): void;
  heartbeatMs(): number;
  /** False in the first request, until the greeting. */
  isGreeted(): boolean;
  /** The outcome where the frames end the request. */
  take(decoded: Decoded): Outcome | null;
  /** True where the answer goes on in a log that is not the one of the greeting. */
  isElsewhere(after: string): boolean;
};

/** Carries one request to its end. A rejection is a broken connection. */
export type Carry = (exchange: Exchange) => Promise<Outcome>;

/** Opens the first request at once. */
export function openHttpLink(platform: HttpPlatform, ports: LinkPorts, carry: Carry): Link {
  return new HttpLink(platform, ports, carry);
}

class HttpLink implements Link {
  readonly #platform: HttpPlatform;
  readonly #ports: LinkPorts;
  readonly #carry: Carry;
  #ended = false;
  #request: AbortController | null = null;
  /** Names of the subscriptions in the present request. */
  #asked = new Set<string>();
  #epoch: string | null = null;
  #heartbeatMs = heartbeatMsDefault;
  #heardAt: number;
  #openedAt = 0;
  /** For silence, and for the pause before the next request: only one is waited for at a time. */
  #cancelTimer = () => {};
  #cancelReview: (() => void) | null = null;

  constructor(platform: HttpPlatform, ports: LinkPorts, carry: Carry) {
    this.#platform = platform;
    this.#ports = ports;
    this.#carry = carry;
    this.#heardAt = platform.clock.now();
    this.#open(null);
  }

  send(frames: readonly ClientFrame[]): number {
    if (this.#ended) return 0;
    for (const frame of frames) {
      // At the greeting the client asks for what the request has asked for already.
      if (frame.t === 'sub' || frame.t === 'unsub') this.#reviewSoon();
      if (frame.t === 'cmd') void this.#command(frame);
    }
    return 1;
  }

  probe(): void {
    const silentMs = this.#platform.clock.now() - this.#heardAt;
    if (silentMs > this.#heartbeatMs * doubtFactor) this.#finish(heartbeatLost);
  }

  end(code: number): void {
    this.#finish(code);
  }

  lastHeardAt(): number {
    return this.#heardAt;
  }

  async #command(frame: CommandFrame): Promise<void> {
    const answer = await postCommand(this.#platform.http, frame, this.#platform.random);
    this.#ports.answered(frame.id, answer);
  }

  #open(after: string | null): void {
    const before = this.#request;
    const request = new AbortController();
    this.#request = request;
    before?.abort();
    this.#cancelTimer();
    const body = this.#body(before === null, after);
    this.#asked = new Set(body.subs.map(({ sub }) => sub));
    this.#openedAt = this.#platform.clock.now();
    const isOver = () => this.#ended || this.#request !== request;
    this.#carry(this.#exchange(body, request.signal, isOver)).then(
      outcome => isOver() || this.#next(outcome),
      () => isOver() || this.#finish(broken),
    );
  }

  /** `after` holds for all. Where one subscription has to begin it is left out, for it would keep it from its snapshot. */
  #body(isFirst: boolean, after: string | null): StreamRequest {
    const reached = after === null ? null : parsePosition(after);
    const subs = this.#ports.wanted();
    if (after !== null && reached !== null && subs.every(({ since }) => since !== undefined)) {
      return { subs: subs.map(ask => (isAhead(ask, reached) ? ask : { ...ask, since: undefined })), after };
    }
    if (isFirst) return { subs };
    this.#ports.brokenOff(this.#asked);
    return { subs: this.#ports.wanted() };
  }

  #next(outcome: Outcome): void {
    if (outcome.next === 'end') return this.#finish(outcome.code);
    const waitMs = this.#openedAt + requestPauseMs - this.#platform.clock.now();
    if (waitMs <= 0) return this.#open(outcome.after);
    this.#cancelTimer();
    this.#cancelTimer = this.#platform.clock.after(waitMs, () => this.#open(outcome.after));
  }

  #exchange(body: StreamRequest, signal: AbortSignal, isOver: () => boolean): Exchange {
    const { http, clock } = this.#platform;
    return {
      body,
      post: (path, accept) => post(http, path, body, { headers: { accept }, signal }),
      heard: () => {
        if (!isOver()) this.#heardAt = clock.now();
      },
      giveUpAfter: ms => {
        if (isOver()) return;
        this.#cancelTimer();
        this.#cancelTimer = clock.after(ms, () => this.#finish(heartbeatLost));
      },
      heartbeatMs: () => this.#heartbeatMs,
      isGreeted: () => this.#epoch !== null,
      isElsewhere: after => {
        const epoch = parsePosition(after)?.epoch;
        return this.#epoch !== null && epoch !== undefined && epoch !== this.#epoch;
      },
      take: decoded => {
        if (!decoded.ok) return endWith(broken);
        if (decoded.unknown > 0 && !isOver()) this.#ports.skipped(decoded.unknown);
        for (const frame of decoded.frames) {
          // Whoever listens may end the link, or ask for something else.
          if (isOver()) return null;
          const outcome = this.#take(frame);
          if (outcome !== null) return outcome;
        }
        return null;
      },
    };
  }

  #take(frame: ServerFrame): Outcome | null {
    if (frame.t === 'hello' && this.#epoch !== null) return frame.epoch === this.#epoch ? null : endWith(restarted);
    if (frame.t === 'bye' && frame.code === 'stream_over') return goOn;
    if (frame.t === 'hello') {
      this.#epoch = frame.epoch;
      // A heartbeat of nothing would make the watch spin.
      this.#heartbeatMs = Math.max(250, frame.heartbeatMs);
    }
    this.#ports.frame(frame);
    // A subscription may have been given up while nobody was there to be told.
    if (frame.t === 'hello') this.#reviewSoon();
    return frame.t === 'bye' ? endWith(codes[frame.code]?.close ?? broken) : null;
  }

  /** All changes of one moment are one request. */
  #reviewSoon(): void {
    this.#cancelReview ??= this.#platform.clock.after(0, () => {
      this.#cancelReview = null;
      const wanted = this.#ports.wanted();
      const isSame = wanted.length === this.#asked.size && wanted.every(({ sub }) => this.#asked.has(sub));
      if (!isSame) this.#open(null);
    });
  }

  #finish(code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#request?.abort();
    this.#cancelTimer();
    this.#cancelReview?.();
    this.#ports.ended(code);
  }
}

/** Further than `reached`: from there some would come twice. */
function isAhead({ since }: SubscriptionAsk, reached: Position): boolean {
  return since?.epoch === reached.epoch && since.offset > reached.offset;
}
