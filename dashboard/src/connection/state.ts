// Where the connection stands, as a union in which each state has only what is valid in it.
import type { HelloFrame, Transport } from '@telltale/gateway/contract';

export type ConnectionState =
  /** Not started, or stopped by the page itself. */
  | { name: 'idle' }
  | { name: 'connecting'; attempt: number }
  /** `hello` was heard, over `transport`. Told again where the connection goes on over another. */
  | { name: 'open'; since: number; hello: HelloFrame; transport: Transport }
  /** Lost or never reached; tried again at `retryAt`. `reached` says whether `hello` had been heard. */
  | { name: 'waiting'; retryAt: number; attempt: number; reached: boolean; code: number }
  /** The gateway asks for a sign-in first. */
  | { name: 'signed-out' }
  /** The same would happen again, so nothing is tried. */
  | { name: 'stopped'; code: number };
