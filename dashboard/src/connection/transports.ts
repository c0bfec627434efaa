// Which transport to dial: the WebSocket where it works, else the event stream, else the long poll ([LIV-6]). Nothing but
// the choice: no time passes in here.
import type { Transport } from '@telltale/gateway/contract';
import { closeAction } from '@telltale/gateway/contract';
import { heartbeatLost } from './link.ts';

/** A WebSocket that has worked before and fails may be a gateway that restarts; after so many it is something else. */
const failuresToFallBack = 3;
/** Closing, restarting, too many: the gateway itself said so, and would say the same on another transport. */
const gatewaysOwn = new Set([1001, 1012, 4429]);

export class Transports {
  readonly #order: readonly Transport[];
  #index = 0;
  #hasWsWorked = false;
  /** Dials of the WebSocket in a row that got no `hello`. */
  #wsFailures = 0;

  /** `order` begins with the WebSocket. */
  constructor(order: readonly Transport[]) {
    this.#order = order;
  }

  current(): Transport {
    return this.#order[this.#index] ?? 'ws';
  }

  /** The next dial is a first one. */
  forget(): void {
    this.#index = 0;
    this.#wsFailures = 0;
  }

  /** `hello` came over `transport`. */
  opened(transport: Transport): void {
    this.#index = Math.max(0, this.#order.indexOf(transport));
    if (transport !== 'ws') return;
    this.#hasWsWorked = true;
    this.#wsFailures = 0;
  }

  /** A dial ended without `hello`. True where another transport is to be tried at once, false where a wait is due. */
  failed(code: number): boolean {
    if (gatewaysOwn.has(code) || closeAction(code) !== 'reconnect') return false;
    if (this.current() === 'ws') {
      this.#wsFailures += 1;
      if (this.#hasWsWorked && this.#wsFailures < failuresToFallBack) return false;
    }
    this.#index = (this.#index + 1) % this.#order.length;
    return this.#index > 0;
  }

  /**
   * A connection that was open is over. It worked, so it is tried first; the WebSocket is tried beside it anyway.
   * `isMute` where little more than the greeting was heard.
   */
  closed(code: number, isMute: boolean): void {
    // A stream that begins and then stays silent is held back by something on its way.
    if (this.current() === 'sse' && code === heartbeatLost && isMute) this.#index += 1;
  }
}
