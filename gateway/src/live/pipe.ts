// What a viewer needs of whatever carries its frames: a WebSocket, an SSE stream, or the answer of a long poll.
import type { Transport } from '../contract/index.ts';

/** The viewer's side: what happens on a pipe. */
export type PipeEnd = {
  /** Something was heard of the peer. */
  heard(): void;
  message(text: string, isBinary: boolean): void;
  /** What was sent is on its way, so that there may be room for more. */
  drained(): void;
  /** The position as one word; null while there is none. */
  position(): string | null;
  /** True while nothing waits to be sent. */
  isCaughtUp(): boolean;
  closed(): void;
};

export type Pipe = {
  readonly transport: Transport;
  /** Begins to tell `end` what happens. */
  open(end: PipeEnd): void;
  /** `news`: the frame tells something that a long poll waits for. */
  send(frame: string | Buffer, news: boolean): void;
  /** Bytes that were sent and are not on their way. */
  bufferedBytes(): number;
  isClosed(): boolean;
  /** Nothing waits any more. */
  caughtUp(): void;
  /** Asks the peer for a sign of life, where the transport can. */
  ping(): void;
  /** Ends it in order; a peer that does not answer is cut. `retryMs`: when it may come back. */
  close(code: number, reason: string, retryMs: number | undefined): void;
  /** Cuts it. */
  terminate(): void;
};
