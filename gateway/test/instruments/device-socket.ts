// A device's connection made of bytes, signed in and ready to publish.
import { connect, type Socket } from 'node:net';
import { field, packet } from './mqtt-bytes.ts';

/** Connects and signs in; rejects where CONNACK is not 0. */
export function openDevice(
  port: number,
  [device, secret]: readonly [string, string],
  clientId: string = device,
): Promise<Socket> {
  const head = Buffer.concat([field('MQTT'), Buffer.from([4, 0xc2, 0, 60]), field(clientId)]);
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('connect', () => socket.write(packet(0x10, head, field(device), field(secret))));
    socket.once('data', connack => {
      if (connack.length !== 4 || connack[3] !== 0) return reject(new Error(`CONNACK ${connack.toString('hex')}`));
      resolve(socket);
    });
  });
}
