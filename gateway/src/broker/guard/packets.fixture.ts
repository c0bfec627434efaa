// Packets for the guard's tests, made of bytes: sound ones, and the parts of which unsound ones are made.
import { field, packet } from '../../../test/instruments/mqtt-bytes.ts';

export const word = (number: number) => Buffer.from([number >> 8, number & 0xff]);

export type ConnectParts = {
  name?: string;
  level?: number;
  flags?: number;
  keepAliveS?: number;
  fields?: (string | Buffer)[];
};

/** A CONNECT with the given parts; by default of a clean session with the client id `c`. */
export function connectOf({ name = 'MQTT', level = 4, flags = 0x02, keepAliveS = 60, fields = ['c'] }: ConnectParts) {
  return packet(0x10, field(name), Buffer.from([level, flags]), word(keepAliveS), ...fields.map(text => field(text)));
}

export const publishOf = (topic: string | Buffer, first = 0x30, id: number | null = null, payload = 'x') =>
  packet(first, field(topic), id === null ? Buffer.alloc(0) : word(id), Buffer.from(payload));

export const subscribeOf = (filters: (string | Buffer)[], qos = 0, id = 1) =>
  packet(0x82, word(id), ...filters.flatMap(filter => [field(filter), Buffer.from([qos])]));

export const unsubscribeOf = (filters: string[], id = 1) =>
  packet(0xa2, word(id), ...filters.map(filter => field(filter)));

export { field, packet };
