// Reads publishes in place of the broker's parser, which makes a list of buffers for each and is most of what a message
// costs. What comes here passed the guard: whole packets, sound by every rule. All but publishes goes to the broker's own.
import { packetTypes } from './packet-rules.ts';

/** What the broker's client and its parser are known to have; where they have not, nothing is put in its place. */
type BrokerClient = {
  closed: boolean;
  _parser?: { parse(bytes: Buffer): number; emit(name: 'packet', packet: object): boolean };
};

/** As the broker's parser makes them. */
class Publish {
  readonly cmd = 'publish';
  readonly retain: boolean;
  readonly qos: number;
  dup: boolean;
  readonly length: number;
  readonly topic: string;
  readonly payload: Buffer;
  readonly messageId: number | undefined;

  constructor(first: number, length: number, topic: string, messageId: number | undefined, payload: Buffer) {
    this.retain = (first & 1) !== 0;
    this.qos = (first >> 1) & 3;
    this.dup = (first & 8) !== 0;
    this.length = length;
    this.topic = topic;
    this.messageId = messageId;
    this.payload = payload;
  }
}

/** The topic that came last, as text: most devices use the same one again and again. */
class TopicReader {
  private bytes: Buffer = Buffer.alloc(0);
  private text = '';

  read(run: Buffer, start: number, end: number): string {
    if (!this.isLast(run, start, end)) {
      this.bytes = Buffer.from(run.subarray(start, end));
      this.text = this.bytes.toString();
    }
    return this.text;
  }

  private isLast(run: Buffer, start: number, end: number): boolean {
    const { bytes } = this;
    if (bytes.length !== end - start) return false;
    for (let i = bytes.length - 1; i >= 0; i--) if (bytes[i] !== run[start + i]) return false;
    return true;
  }
}

export type ReaderPorts = {
  /** What is thrown while a run is worked off: it is about one connection, and must not end the process. */
  fault(error: Error): void;
  /** True where the PUBACK with this id is for what the broker did not send, and must not hear of. */
  puback(id: number): boolean;
};

/** Puts this reader in front of the parser of the broker's client. */
export function readPublishesOf(client: object, { fault, puback }: ReaderPorts): void {
  const { _parser: parser } = client as BrokerClient;
  if (typeof parser?.parse !== 'function' || typeof parser.emit !== 'function') return;
  const topics = new TopicReader();
  const parseOther = parser.parse.bind(parser);
  const parseRun = (run: Buffer) => {
    let at = 0;
    while (at < run.length && !(client as BrokerClient).closed) {
      const first = run[at] as number;
      let body = at + 1;
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = run[body++] as number;
        length |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      const end = body + length;
      const type = first >> 4;
      if (type === packetTypes.publish) parser.emit('packet', publishIn(run, first, body, end, topics));
      else if (type !== packetTypes.puback || !puback(run.readUInt16BE(body))) parseOther(run.subarray(at, end));
      at = end;
    }
  };
  parser.parse = run => {
    try {
      parseRun(run);
    } catch (error) {
      fault(error as Error);
    }
    return 0;
  };
}

function publishIn(run: Buffer, first: number, body: number, end: number, topics: TopicReader): Publish {
  const topicEnd = body + 2 + (((run[body] as number) << 8) | (run[body + 1] as number));
  const topic = topics.read(run, body + 2, topicEnd);
  const hasId = (first & 0x06) !== 0;
  const id = hasId ? ((run[topicEnd] as number) << 8) | (run[topicEnd + 1] as number) : undefined;
  const payload = run.subarray(hasId ? topicEnd + 2 : topicEnd, end);
  // What is retained stays, and must not keep the chunk that it came in.
  const kept = (first & 1) !== 0 ? Buffer.from(payload) : payload;
  return new Publish(first, end - body, topic, id, kept);
}
