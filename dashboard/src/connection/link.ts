// What a link is: one connection to the gateway over one transport, from the dial to its end, which is told exactly
// once. The client knows nothing more of the transports than this.
import type { ClientFrame, ServerFrame, SubscriptionAsk } from '@telltale/gateway/contract';
import { codes } from '@telltale/gateway/contract';

/** From the dial to `hello`. A gateway that is there answers within one round trip. */
export const helloTimeoutMs = 10_000;
export const heartbeatLost = codes.heartbeat_lost.close ?? 4408;
export const badMessage = codes.bad_message.close ?? 4400;
/** What a connection that just broke is told as. */
export const broken = 1006;

export type CommandFrame = Extract<ClientFrame, { t: 'cmd' }>;
export type AnswerFrame = Extract<ServerFrame, { t: 'ok' | 'err' }>;

export type LinkPorts = {
  frame(frame: ServerFrame): void;
  /** Frames of a kind that is not known were skipped. */
  skipped(count: number): void;
  ended(code: number): void;
  /** The subscriptions as they are wanted now, each from where it is: a link over HTTP asks for all in one request. */
  wanted(): SubscriptionAsk[];
  /** The request is opened anew: what it had asked for by these names will not be finished. */
  brokenOff(names: ReadonlySet<string>): void;
  /** What became of a command that did not go as a frame; null where no answer came. May come after the end. */
  answered(id: number, answer: AnswerFrame | null): void;
};

export type Link = {
  /** Sends the frames together; returns in how many messages, 0 where the link cannot take them. */
  send(frames: readonly ClientFrame[]): number;
  /** Somebody doubts that it lives: it ends soon, unless it can prove it. */
  probe(): void;
  end(code: number): void;
  /** By the local clock. */
  lastHeardAt(): number;
};
