import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { limits } from '../../contract/index.ts';
import { Framer } from './framer.ts';
import { connectOf, field, packet, publishOf, subscribeOf, unsubscribeOf, word } from './packets.fixture.ts';

const connect = connectOf({});

/** How many packets a run of whole ones has. */
function packetsIn(run: Buffer): number {
  let count = 0;
  for (let at = 0; at < run.length; count++) {
    let body = at + 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = run[body++] as number;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    at = body + length;
  }
  return count;
}

/** Everything that a framer gives out of these chunks, and what it refused at last. */
function framed(chunks: Buffer[], packetBytesMax: number = limits.mqttPacketBytesMax) {
  const framer = new Framer(packetBytesMax);
  const runs: Buffer[] = [];
  let packets = 0;
  for (const chunk of chunks) {
    framer.feed(Buffer.from(chunk));
    for (let run = framer.next(); run !== null; run = framer.next()) {
      runs.push(run);
      packets += packetsIn(run);
    }
  }
  return { runs, packets, out: Buffer.concat(runs), breach: framer.breach };
}

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [0, ...places.map(place => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

const soundPackets: Record<string, Buffer> = {
  'a publish of QoS 0': publishOf('a/b'),
  'a publish of QoS 0, retained': publishOf('a/b', 0x31),
  'a publish of QoS 1': publishOf('a/b', 0x32, 1),
  'a publish of QoS 1 with DUP': publishOf('a/b', 0x3a, 65_535),
  'a publish of QoS 2': publishOf('a/b', 0x34, 256),
  'a publish without payload': publishOf('a/b', 0x30, null, ''),
  'a publish with an empty level in its topic': publishOf('/a//b/'),
  'a publish with a topic beyond ASCII': publishOf('Kühlhaus/温度/\u{1F321}'),
  'a publish with a byte order mark in its topic': publishOf('\uFEFFa'),
  'a publish with a topic that begins with $': publishOf('$SYS/a'),
  'a publish of two bytes of length': publishOf('a', 0x30, null, 'x'.repeat(200)),
  'a publish of three bytes of length': publishOf('a', 0x30, null, 'x'.repeat(20_000)),
  PUBACK: packet(0x40, word(1)),
  PUBREC: packet(0x50, word(1)),
  PUBREL: packet(0x62, word(1)),
  PUBCOMP: packet(0x70, word(1)),
  SUBSCRIBE: subscribeOf(['a', '+', '#', 'a/+/b', 'a/#', '/', '+/+', '/+'], 2),
  UNSUBSCRIBE: unsubscribeOf(['a', 'a/#']),
  PINGREQ: packet(0xc0),
  DISCONNECT: packet(0xe0),
};

/** By what is wrong: the packet after CONNECT, and the code. */
const unsoundPackets: Record<string, [Buffer, string]> = {
  'a second CONNECT': [connect, 'mqtt_order'],
  'a packet of type 0': [packet(0x00), 'mqtt_malformed'],
  'a packet of type 15': [packet(0xf0), 'mqtt_malformed'],
  'CONNACK from a client': [packet(0x20, Buffer.from([0, 0])), 'mqtt_malformed'],
  'SUBACK from a client': [packet(0x90, word(1), Buffer.from([0])), 'mqtt_malformed'],
  'UNSUBACK from a client': [packet(0xb0, word(1)), 'mqtt_malformed'],
  'PINGRESP from a client': [packet(0xd0), 'mqtt_malformed'],
  'a length of five bytes': [Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x01]), 'mqtt_malformed'],
  'PUBACK with flags': [packet(0x42, word(1)), 'mqtt_malformed'],
  'PUBREC with flags': [packet(0x52, word(1)), 'mqtt_malformed'],
  'PUBREL without its flag': [packet(0x60, word(1)), 'mqtt_malformed'],
  'PUBCOMP with flags': [packet(0x71, word(1)), 'mqtt_malformed'],
  'SUBSCRIBE without its flag': [packet(0x80, word(1), field('a'), Buffer.from([0])), 'mqtt_malformed'],
  'UNSUBSCRIBE without its flag': [packet(0xa0, word(1), field('a')), 'mqtt_malformed'],
  'PINGREQ with flags': [packet(0xc1), 'mqtt_malformed'],
  'PINGREQ with a body': [packet(0xc0, Buffer.from([0])), 'mqtt_malformed'],
  'DISCONNECT with flags': [packet(0xe1), 'mqtt_malformed'],
  'DISCONNECT with a body': [packet(0xe0, Buffer.from([0])), 'mqtt_malformed'],
  'a publish of QoS 3': [publishOf('a', 0x36, 1), 'mqtt_malformed'],
  'a publish of QoS 0 with DUP': [publishOf('a', 0x38), 'mqtt_malformed'],
  'a publish without a body': [packet(0x30), 'mqtt_malformed'],
  'a publish that is shorter than its topic': [packet(0x30, word(5), Buffer.from('abc')), 'mqtt_malformed'],
  'a publish of QoS 1 without an id': [packet(0x32, field('abc')), 'mqtt_malformed'],
  'a publish of QoS 1 with half an id': [packet(0x32, field('abc'), Buffer.from([1])), 'mqtt_malformed'],
  'a publish of QoS 1 with id 0': [publishOf('a', 0x32, 0), 'mqtt_message_id'],
  'a publish of QoS 2 with id 0': [publishOf('a', 0x34, 0), 'mqtt_message_id'],
  'a publish without a topic': [publishOf(''), 'mqtt_topic'],
  'a publish to a topic with +': [publishOf('a/+/b'), 'mqtt_topic'],
  'a publish to a topic with #': [publishOf('a/#'), 'mqtt_topic'],
  'a publish to a topic with a wildcard in a level': [publishOf('a+b'), 'mqtt_topic'],
  'a publish to too many levels': [publishOf('a/'.repeat(limits.topicLevelsMax)), 'mqtt_topic'],
  'a publish to a topic that is too long': [publishOf('a'.repeat(limits.topicBytesMax + 1)), 'mqtt_topic'],
  'a topic with NUL': [publishOf('a\0b'), 'mqtt_text'],
  'a topic with a control character': [publishOf('a\u0001b'), 'mqtt_text'],
  'a topic with DEL': [publishOf('a\u007fb'), 'mqtt_text'],
  'a topic with a control character of two bytes': [publishOf('a\u0085b'), 'mqtt_text'],
  'a topic with a surrogate': [publishOf(Buffer.from([0x61, 0xed, 0xa0, 0x80])), 'mqtt_text'],
  'a topic with an overlong character': [publishOf(Buffer.from([0x61, 0xc0, 0xaf])), 'mqtt_text'],
  'a topic with a character that is cut off': [publishOf(Buffer.from([0x61, 0xe2, 0x82])), 'mqtt_text'],
  'a topic with a lone byte': [publishOf(Buffer.from([0x61, 0xff])), 'mqtt_text'],
  'a topic with a code point that is no character': [publishOf('a\uFFFEb'), 'mqtt_text'],
  'PUBACK with id 0': [packet(0x40, word(0)), 'mqtt_message_id'],
  'PUBREC with id 0': [packet(0x50, word(0)), 'mqtt_message_id'],
  'PUBREL with id 0': [packet(0x62, word(0)), 'mqtt_message_id'],
  'PUBCOMP with id 0': [packet(0x70, word(0)), 'mqtt_message_id'],
  'PUBACK without an id': [packet(0x40), 'mqtt_malformed'],
  'PUBACK with more than an id': [packet(0x40, word(1), Buffer.from([0])), 'mqtt_malformed'],
  'SUBSCRIBE with id 0': [subscribeOf(['a'], 0, 0), 'mqtt_message_id'],
  'SUBSCRIBE without a filter': [subscribeOf([]), 'mqtt_malformed'],
  'SUBSCRIBE of QoS 3': [subscribeOf(['a'], 3), 'mqtt_malformed'],
  'SUBSCRIBE with reserved bits': [subscribeOf(['a'], 0x04), 'mqtt_malformed'],
  'SUBSCRIBE without the QoS': [packet(0x82, word(1), field('a')), 'mqtt_malformed'],
  'SUBSCRIBE that goes on after its last filter': [
    packet(0x82, word(1), field('a'), Buffer.from([0, 7])),
    'mqtt_malformed',
  ],
  'SUBSCRIBE to an empty filter': [subscribeOf(['']), 'mqtt_filter'],
  'SUBSCRIBE to # before the end': [subscribeOf(['#/a']), 'mqtt_filter'],
  'SUBSCRIBE to # within a level': [subscribeOf(['a#']), 'mqtt_filter'],
  'SUBSCRIBE to + within a level': [subscribeOf(['a/b+']), 'mqtt_filter'],
  'SUBSCRIBE to + before more': [subscribeOf(['+a/b']), 'mqtt_filter'],
  'SUBSCRIBE to too many levels': [subscribeOf(['+/'.repeat(limits.topicLevelsMax)]), 'mqtt_filter'],
  'SUBSCRIBE to too many filters': [
    subscribeOf(Array.from({ length: limits.filtersPerClientMax + 1 }, (_, i) => `${i}`)),
    'mqtt_filter',
  ],
  'SUBSCRIBE with a control character': [subscribeOf(['a\u0002']), 'mqtt_text'],
  'UNSUBSCRIBE without a filter': [unsubscribeOf([]), 'mqtt_malformed'],
  'UNSUBSCRIBE with id 0': [unsubscribeOf(['a'], 0), 'mqtt_message_id'],
  'UNSUBSCRIBE that is shorter than its filter': [packet(0xa2, word(1), word(9), Buffer.from('abc')), 'mqtt_malformed'],
};

const will = (topic: string | Buffer, flags = 0x06) => connectOf({ flags, fields: ['c', topic, 'gone'] });

/** By what is wrong: the CONNECT, the code, and the return code of the answer where there is one. */
const unsoundConnects: Record<string, [Buffer, string, number?]> = {
  'another packet': [publishOf('a'), 'mqtt_order'],
  PINGREQ: [packet(0xc0), 'mqtt_order'],
  'HTTP on the wrong port': [Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'mqtt_order'],
  'flags in the first byte': [packet(0x11, field('MQTT')), 'mqtt_malformed'],
  'no body': [packet(0x10), 'mqtt_malformed'],
  'another protocol': [connectOf({ name: 'MQTX' }), 'mqtt_malformed'],
  'the protocol name in small letters': [connectOf({ name: 'mqtt' }), 'mqtt_malformed'],
  'MQTT 5': [
    packet(0x10, field('MQTT'), Buffer.from([5, 2]), word(60), Buffer.from([0]), field('c')),
    'mqtt_version',
    1,
  ],
  'a level that does not exist': [connectOf({ level: 9 }), 'mqtt_version', 1],
  'a bridge’s level': [connectOf({ level: 0x84 }), 'mqtt_version', 1],
  'MQTT 3.1 under the other name': [connectOf({ level: 3 }), 'mqtt_version', 1],
  'nothing after the level': [packet(0x10, field('MQTT'), Buffer.from([4])), 'mqtt_malformed'],
  'no client id': [packet(0x10, field('MQTT'), Buffer.from([4, 2]), word(60)), 'mqtt_malformed'],
  'the reserved flag': [connectOf({ flags: 0x03 }), 'mqtt_malformed'],
  'an empty client id with a session to keep': [connectOf({ flags: 0, fields: [''] }), 'mqtt_client_id', 2],
  'an empty client id in MQTT 3.1': [connectOf({ name: 'MQIsdp', level: 3, fields: [''] }), 'mqtt_client_id', 2],
  'a client id that is too long': [
    connectOf({ fields: ['c'.repeat(limits.clientIdBytesMax + 1)] }),
    'mqtt_client_id',
    2,
  ],
  'NUL in the client id': [connectOf({ fields: ['a\0'] }), 'mqtt_text'],
  'a client id that is not UTF-8': [connectOf({ fields: [Buffer.from([0xc3, 0x28])] }), 'mqtt_text'],
  'a control character in the user name': [connectOf({ flags: 0x82, fields: ['c', 'u\u0007'] }), 'mqtt_text'],
  'a password without a user name': [connectOf({ flags: 0x42, fields: ['c', 'secret'] }), 'mqtt_malformed'],
  'a user name that is missing': [connectOf({ flags: 0x82 }), 'mqtt_malformed'],
  'a password that is missing': [connectOf({ flags: 0xc2, fields: ['c', 'u'] }), 'mqtt_malformed'],
  'a will that is missing': [connectOf({ flags: 0x06 }), 'mqtt_malformed'],
  'a will’s payload that is missing': [connectOf({ flags: 0x06, fields: ['c', 'a'] }), 'mqtt_malformed'],
  'a will’s QoS without a will': [connectOf({ flags: 0x0a }), 'mqtt_will'],
  'a will’s retain without a will': [connectOf({ flags: 0x22 }), 'mqtt_will'],
  'a will of QoS 3': [will('a', 0x1e), 'mqtt_will'],
  'a will without a topic': [will(''), 'mqtt_topic'],
  'a will to a topic with a wildcard': [will('a/#'), 'mqtt_topic'],
  'a will to a topic that is not UTF-8': [will(Buffer.from([0xff])), 'mqtt_text'],
  'something behind its last field': [connectOf({ fields: ['c', 'more'] }), 'mqtt_malformed'],
  'more than CONNECT may have': [
    connectOf({ flags: 0xc2, fields: ['c', 'u', 'x'.repeat(limits.mqttConnectBytesMax)] }),
    'mqtt_too_large',
  ],
};

const soundConnects: Record<string, Buffer> = {
  'MQTT 3.1.1': connect,
  'MQTT 3.1': connectOf({ name: 'MQIsdp', level: 3 }),
  'an empty client id with a clean session': connectOf({ fields: [''] }),
  'a session to keep': connectOf({ flags: 0 }),
  'a user name alone': connectOf({ flags: 0x82, fields: ['c', 'u'] }),
  'a password of any bytes': connectOf({ flags: 0xc2, fields: ['c', 'u', Buffer.from([0, 0xff])] }),
  'a will': will('a/b'),
  'a will of QoS 2, retained': will('a/b', 0x36),
};

describe('after CONNECT', () => {
  test.each(Object.entries(soundPackets))('%s passes as it is, in whatever pieces it comes', (_, bytes) => {
    const whole = Buffer.concat([connect, bytes]);
    for (const chunks of [[whole], [...whole].map(byte => Buffer.from([byte])), [connect, bytes]]) {
      const { out, packets, breach } = framed(chunks);
      expect(breach).toBeNull();
      expect(out.equals(whole)).toBe(true);
      expect(packets).toBe(2);
    }
  });

  test.each(Object.entries(unsoundPackets))(
    '[BRK-1] %s is a breach, in whatever pieces it comes',
    (_, [bytes, code]) => {
      const whole = Buffer.concat([connect, publishOf('before'), bytes, publishOf('after')]);
      for (const chunks of [[whole], [...whole].map(byte => Buffer.from([byte]))]) {
        const { out, breach } = framed(chunks);
        expect(breach?.code).toBe(code);
        expect(out.equals(Buffer.concat([connect, publishOf('before')]))).toBe(true);
      }
    },
  );

  test('[BRK-1] a packet that announces too much is refused by its announcement', () => {
    const head = Buffer.from([0x30, 0x80, 0x80, 0x01]);
    expect(framed([connect, head], 16_384).breach?.code).toBe('mqtt_too_large');
    expect(framed([connect, head], 16_388).breach).toBeNull();
  });

  test('what follows DISCONNECT is not looked at', () => {
    const { out, breach } = framed([Buffer.concat([connect, packet(0xe0), packet(0xf0)]), packet(0xf0)]);
    expect(breach).toBeNull();
    expect(out.equals(Buffer.concat([connect, packet(0xe0)]))).toBe(true);
  });

  test('a whole chunk is handed on without a copy, and a large one in several runs', () => {
    const framer = new Framer(limits.mqttPacketBytesMax);
    framer.feed(connect);
    framer.next();
    const chunk = Buffer.concat(Array.from({ length: 100 }, () => publishOf('a/b')));
    framer.feed(chunk);
    expect(framer.next()).toBe(chunk);
    framer.feed(Buffer.concat(Array.from({ length: 1_000 }, () => publishOf('a/b'))));
    const runs = [framer.next(), framer.next(), framer.next()];
    expect(runs.map(run => (run === null ? 0 : run.length / publishOf('a/b').length))).toEqual([512, 488, 0]);
  });
});

test('[BRK-3] many filters weigh as much as many messages', () => {
  const framer = new Framer(limits.mqttPacketBytesMax);
  framer.feed(connect);
  framer.next();
  const subscribe = subscribeOf(Array.from({ length: 100 }, (_, i) => `devices/d1/${i}`));
  framer.feed(Buffer.concat(Array.from({ length: 20 }, () => subscribe)));
  expect((framer.next() as Buffer).length / subscribe.length).toBe(6);
  expect(framer.weight).toBeGreaterThan(500);
});

describe('CONNECT', () => {
  test.each(Object.entries(soundConnects))('with %s passes, alone', (_, bytes) => {
    const { runs, breach } = framed([Buffer.concat([bytes, packet(0xc0)])]);
    expect(breach).toBeNull();
    expect(runs[0]?.equals(bytes)).toBe(true);
    expect(runs).toHaveLength(2);
  });

  test.each(Object.entries(unsoundConnects))(
    '[BRK-1] with or in place of it %s is a breach, with the return code that the standard has for it',
    (_, [bytes, code, returnCode]) => {
      for (const chunks of [[bytes], [...bytes].map(byte => Buffer.from([byte]))]) {
        const { out, breach } = framed(chunks);
        expect(breach?.code).toBe(code);
        expect(breach?.returnCode).toBe(returnCode);
        expect(out).toHaveLength(0);
      }
    },
  );
});

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '/', '温'), minLength: 1, maxLength: 12 });
const id = fc.integer({ min: 1, max: 65_535 });
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.integer({ min: 100, max: 40_000 }).map(size => new Uint8Array(size)),
);
const soundPacket = fc.oneof(
  fc
    .record({ topic: text, payload, qos: fc.constantFrom(0, 1, 2), messageId: id, retain: fc.boolean() })
    .map(publish => ({ cmd: 'publish', dup: false, ...publish, payload: Buffer.from(publish.payload) })),
  fc.record({ cmd: fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'), messageId: id }),
  fc.record({
    cmd: fc.constant('subscribe'),
    messageId: id,
    subscriptions: fc.array(fc.record({ topic: text, qos: fc.constantFrom(0, 1, 2) }), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({
    cmd: fc.constant('unsubscribe'),
    messageId: id,
    unsubscriptions: fc.array(text, { minLength: 1, maxLength: 5 }),
  }),
  fc.constant({ cmd: 'pingreq' }),
);

/** What the broker's own parser makes of the bytes. */
function parsed(bytes: Buffer): { packets: unknown[]; error: Error | null } {
  const packets: unknown[] = [];
  let error: Error | null = null;
  const parser = mqttPacket.parser();
  parser.on('packet', got => packets.push(got));
  parser.on('error', failed => {
    error = failed;
  });
  if (bytes.length > 0) parser.parse(Buffer.from(bytes));
  return { packets, error };
}

describe('any stream', () => {
  test('[BRK-1] of sound packets passes as it is, however it is cut, and is the same to the broker’s parser', () => {
    fc.assert(
      fc.property(fc.array(soundPacket, { maxLength: 20 }), fc.array(fc.nat(), { maxLength: 20 }), (list, places) => {
        const all = list.map(item => mqttPacket.generate(item as mqttPacket.Packet));
        const stream = Buffer.concat([connect, ...all]);
        const { runs, out, packets, breach } = framed(cut(stream, places));
        expect(breach).toBeNull();
        expect(out.equals(stream)).toBe(true);
        expect(packets).toBe(list.length + 1);
        const whole = parsed(stream);
        expect(whole.error).toBeNull();
        expect(whole.packets).toHaveLength(packets);
        for (const run of runs.slice(1)) expect(parsed(Buffer.concat([connect, run])).error).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  test('[BRK-1] of any bytes at all throws nothing, and what passes of it is whole packets that the parser takes', () => {
    const noise = fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes));
    const almost = fc
      .tuple(fc.constantFrom(...Object.values(soundPackets), ...Object.values(soundConnects)), fc.nat(), fc.nat(255))
      .map(([bytes, place, byte]) => {
        const changed = Buffer.from(bytes);
        changed[place % changed.length] = byte;
        return changed;
      });
    const pieces = fc.array(fc.oneof(noise, almost, fc.constantFrom(...Object.values(soundPackets))), { maxLength: 8 });
    fc.assert(
      fc.property(fc.boolean(), pieces, fc.array(fc.nat(), { maxLength: 6 }), (begins, parts, places) => {
        const stream = Buffer.concat(begins ? [connect, ...parts] : parts);
        const { out, packets, breach } = framed(cut(stream, places));
        expect(stream.subarray(0, out.length).equals(out)).toBe(true);
        const taken = parsed(out);
        expect(taken.error).toBeNull();
        expect(taken.packets).toHaveLength(packets);
        const again = framed([stream]);
        expect(again.out.equals(out)).toBe(true);
        expect(again.breach).toBe(breach);
      }),
      { numRuns: 2_000 },
    );
  });
});
