// The gateway's clock on the page: ages are counted on it, so that a wrong clock in somebody's tablet makes no value
// look younger or older than it is.
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Clock } from '../connection/index.ts';

/** Ages are shown in whole seconds. */
const tickMs = 1_000;

export type GatewayTime = {
  /** The gateway's time now. */
  now(): number;
  /** The same, as a signal that ticks once a second while `run` is in force. */
  readonly ticking: ReadonlySignal<number>;
  /** The gateway said what time it is. */
  told(gatewayNow: number): void;
  /** A new connection: what was known of the difference may be out of date. */
  reset(): void;
  run(): () => void;
};

/** Until the gateway has said its time, the local clock has to do. */
export function createGatewayTime(clock: Clock): GatewayTime {
  let aheadMs: number | null = null;
  const ticking = signal(clock.now());
  const now = () => clock.now() + (aheadMs ?? 0);
  let fresh = true;

  return {
    now,
    ticking,
    told(gatewayNow) {
      // A message that was delayed makes the gateway's clock look slow: the largest difference is the truest one.
      const ahead = gatewayNow - clock.now();
      aheadMs = fresh || aheadMs === null ? ahead : Math.max(aheadMs, ahead);
      fresh = false;
      ticking.value = now();
    },
    reset() {
      fresh = true;
    },
    run() {
      let cancel = () => {};
      const tick = () => {
        ticking.value = now();
        cancel = clock.after(tickMs, tick);
      };
      tick();
      return () => cancel();
    },
  };
}
