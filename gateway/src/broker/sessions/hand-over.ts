// How a client that comes back gets what waits for it, before anything that is published meanwhile (MQTT 3.1.1, 4.6).
// The library asks for the queue as a stream, and forwards publishes beside it as soon as the subscriptions are there:
// those are held back, for they are in the queue as well, and the stream goes on until all that it gave is on its way.
import { type OutgoingPacket, packetOf, type Queue } from './queue.ts';

/** `handed`: messages given to the stream; `updated`: messages of which the library said that they go out now. */
export type HandOver = { handed: number; updated: number; wake: () => void };

type Receiver = { queue: Queue; handOver: HandOver | null };

export const beginHandOver = (): HandOver => ({ handed: 0, updated: 0, wake() {} });

/** Notes that the library is about to write a message of the queue. */
export function noteUpdate({ handOver }: Receiver): void {
  if (handOver === null) return;
  handOver.updated++;
  if (handOver.updated >= handOver.handed) handOver.wake();
}

/** The connection is gone. */
export function endHandOver(receiver: Receiver): void {
  const { handOver } = receiver;
  receiver.handOver = null;
  handOver?.wake();
}

/** The queue's packets. `waits`: the library says of each that it goes out; without that the stream ends with the queue. */
export async function* handOver(receiver: Receiver, waits: boolean): AsyncIterable<OutgoingPacket> {
  receiver.handOver ??= beginHandOver();
  const mine = receiver.handOver;
  let last = 0;
  try {
    for (;;) {
      const next = receiver.queue.after(last);
      if (next !== undefined) {
        last = next.id;
        next.isHanded = true;
        mine.handed++;
        yield packetOf(next);
      } else if (!waits || mine.updated >= mine.handed || receiver.handOver !== mine) return;
      else {
        await new Promise<void>(resolve => {
          mine.wake = resolve;
        });
      }
    }
  } finally {
    if (receiver.handOver === mine) receiver.handOver = null;
  }
}
