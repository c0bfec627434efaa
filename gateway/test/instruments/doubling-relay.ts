// A TCP relay between devices and a gateway that brings each command a second time, as after a PUBACK that was lost. The
// gateway behind it may be gone for a while, and another one after a restart.
import { connect, createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { packet, splitPackets } from './mqtt-bytes.ts';
import { types } from './mqtt-wire.ts';

const dup = 0x08;

export type DoublingRelay = {
  port: number;
  /** Commands that were brought twice. */
  readonly doubled: number;
  /** Resolves once so many further connections were turned away, while the port of the gateway is null. */
  turnedAway(count: number): Promise<void>;
};

/** `target` is the port of the gateway at the moment of a connection; null where there is none. */
export async function doublingRelay(target: () => number | null): Promise<DoublingRelay> {
  let doubled = 0;
  let away = 0;
  let heard: () => void = () => {};
  const server = createServer({ noDelay: true }, device => {
    device.on('error', () => {});
    const port = target();
    if (port === null) {
      device.destroy();
      away++;
      return heard();
    }
    const gateway = connect({ port, host: '127.0.0.1', noDelay: true });
    gateway.on('error', () => {});
    device.on('close', () => gateway.destroy()).pipe(gateway);
    let bytes: Buffer = Buffer.alloc(0);
    gateway.on('close', () => device.destroy());
    gateway.on('data', chunk => {
      const { packets, rest } = splitPackets(Buffer.concat([bytes, chunk as Buffer]));
      bytes = rest;
      for (const { type, first, body } of packets) {
        device.write(packet(first, body));
        if (type !== types.publish || !body.includes('/commands/')) continue;
        device.write(packet(first | dup, body));
        doubled++;
      }
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return {
    port: (server.address() as { port: number }).port,
    get doubled() {
      return doubled;
    },
    turnedAway(count) {
      const until = away + count;
      return new Promise(resolve => {
        heard = () => away >= until && resolve();
      });
    },
  };
}
