// What a CONNECT has to look like (MQTT 3.1.1, 3.1; MQTT 3.1 where it differs).
import { limits } from '../../contract/index.ts';
import { type Breach, breaches } from './breach.ts';
import { textBreach, topicBreach } from './text.ts';

const flag = Object.freeze({ reserved: 0x01, clean: 0x02, will: 0x04, password: 0x40, user: 0x80 });
const willQosAndRetain = 0x38;

/** Walks over fields that have a length of two bytes before them. */
class Fields {
  start = 0;
  end = 0;
  private readonly bytes: Buffer;
  private readonly stop: number;

  constructor(bytes: Buffer, at: number, stop: number) {
    this.bytes = bytes;
    this.end = at;
    this.stop = stop;
  }

  /** Moves to the next field; false where the packet ends before it does. */
  next(): boolean {
    const at = this.end;
    if (at + 2 > this.stop) return false;
    this.start = at + 2;
    this.end = this.start + this.bytes.readUInt16BE(at);
    return this.end <= this.stop;
  }
}

/** Length of the protocol name with its length: 6 for `MQTT`, 8 for `MQIsdp`, 0 for any other. */
function protocolBytes(bytes: Buffer, body: number, end: number): 0 | 6 | 8 {
  if (body + 2 > end) return 0;
  const nameEnd = Math.min(body + 2 + bytes.readUInt16BE(body), end);
  const name = bytes.toString('latin1', body + 2, nameEnd);
  return name === 'MQTT' ? 6 : name === 'MQIsdp' ? 8 : 0;
}

/** Why the bytes from `body` to `end` are no CONNECT that is accepted, or null. */
export function connectBreach(bytes: Buffer, body: number, end: number): Breach | null {
  const name = protocolBytes(bytes, body, end);
  // Whoever does not speak MQTT would not understand an answer (MQTT 3.1.1, 3.1.2.1).
  if (name === 0) return breaches.protocol;
  const at = body + name;
  if (at >= end) return breaches.short;
  if (bytes[at] !== (name === 6 ? 4 : 3)) return breaches.version;
  if (at + 4 > end) return breaches.short;
  const flags = bytes[at + 1] as number;
  return flagsBreach(flags) ?? fieldsBreach(new Fields(bytes, at + 4, end), { bytes, flags, end, isOld: name === 8 });
}

function flagsBreach(flags: number): Breach | null {
  if ((flags & flag.reserved) !== 0) return breaches.connectFlags;
  if ((flags & flag.will) === 0 && (flags & willQosAndRetain) !== 0) return breaches.willFlags;
  if ((flags & 0x18) === 0x18) return breaches.willQos;
  if ((flags & flag.password) !== 0 && (flags & flag.user) === 0) return breaches.passwordAlone;
  return null;
}

type Around = { bytes: Buffer; flags: number; end: number; isOld: boolean };

function fieldsBreach(fields: Fields, { bytes, flags, end, isOld }: Around): Breach | null {
  if (!fields.next()) return breaches.short;
  const id = textBreach(bytes, fields.start, fields.end) ?? idBreach(fields.end - fields.start, flags, isOld);
  if (id !== null) return id;
  if ((flags & flag.will) !== 0) {
    if (!fields.next()) return breaches.short;
    const topic = topicBreach(bytes, fields.start, fields.end);
    if (topic !== null) return topic;
    if (!fields.next()) return breaches.short;
  }
  if ((flags & flag.user) !== 0) {
    if (!fields.next()) return breaches.short;
    const user = textBreach(bytes, fields.start, fields.end);
    if (user !== null) return user;
  }
  if ((flags & flag.password) !== 0 && !fields.next()) return breaches.short;
  return fields.end === end ? null : breaches.long;
}

/** A session without a name could never be found again (MQTT 3.1.1, 3.1.3.1); MQTT 3.1 always wants one. */
function idBreach(length: number, flags: number, isOld: boolean): Breach | null {
  if (length === 0 && (isOld || (flags & flag.clean) === 0)) return breaches.clientIdEmpty;
  return length > limits.clientIdBytesMax ? breaches.clientIdLong : null;
}

/** Where the keep-alive stands in a sound CONNECT, as an index into `bytes`. */
export function keepAliveAt(bytes: Buffer, body: number): number {
  return body + 2 + bytes.readUInt16BE(body) + 2;
}
