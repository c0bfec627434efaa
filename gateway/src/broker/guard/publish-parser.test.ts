import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { expect, test } from 'vitest';
import { readPublishesOf } from './publish-parser.ts';

const topic = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '/', '温'), minLength: 1, maxLength: 12 });
const packets = fc.oneof(
  fc
    .record({
      cmd: fc.constant('publish'),
      topic,
      payload: fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
      qos: fc.constantFrom(0, 1, 2),
      messageId: fc.integer({ min: 1, max: 65_535 }),
      retain: fc.boolean(),
      dup: fc.boolean(),
    })
    .map(({ messageId, ...publish }) => (publish.qos === 0 ? publish : { ...publish, messageId })),
  fc.record({ cmd: fc.constant('puback'), messageId: fc.integer({ min: 1, max: 65_535 }) }),
  fc.constant({ cmd: 'pingreq' }),
);
const rethrow = (error: Error) => {
  throw error;
};
const ports = { fault: rethrow, puback: () => false };
type Parser = ReturnType<typeof mqttPacket.parser>;

function parsedBy(prepare: (parser: Parser) => void, runs: Buffer[]): unknown[] {
  const parser = mqttPacket.parser();
  const got: unknown[] = [];
  parser.on('packet', packet => got.push({ messageId: undefined, ...packet }));
  prepare(parser);
  for (const run of runs) parser.parse(run);
  return got;
}

test('publishes are read as the broker’s own parser reads them, and others by it, in the order in which they came', () => {
  fc.assert(
    fc.property(fc.array(fc.array(packets, { minLength: 1, maxLength: 10 }), { maxLength: 5 }), lists => {
      const runs = lists.map(list => Buffer.concat(list.map(item => mqttPacket.generate(item as mqttPacket.Packet))));
      const quick = parsedBy(parser => readPublishesOf({ closed: false, _parser: parser }, ports), runs);
      expect(quick).toEqual(parsedBy(() => {}, runs));
    }),
    { numRuns: 300 },
  );
});

test('a PUBACK that is for somebody else does not reach the parser', () => {
  const heard: number[] = [];
  const puback = (id: number) => heard.push(id) > 0 && id > 300;
  const runs = [
    Buffer.concat([1, 300, 301, 65_535].map(messageId => mqttPacket.generate({ cmd: 'puback', messageId }))),
  ];
  const got = parsedBy(parser => readPublishesOf({ closed: false, _parser: parser }, { ...ports, puback }), runs);
  expect(heard).toEqual([1, 300, 301, 65_535]);
  expect(got).toMatchObject([{ messageId: 1 }, { messageId: 300 }]);
});

test('nothing is read for a client that was closed meanwhile', () => {
  const client = { closed: false, _parser: mqttPacket.parser() };
  readPublishesOf(client, ports);
  let count = 0;
  client._parser.on('packet', () => {
    count++;
    client.closed = true;
  });
  const publish = mqttPacket.generate({ cmd: 'publish', topic: 'a', payload: 'x', qos: 0, dup: false, retain: false });
  client._parser.parse(Buffer.concat([publish, publish]));
  expect(count).toBe(1);
});

test('a client that is not as expected is left as it is', () => {
  for (const client of [{}, { _parser: {} }]) expect(() => readPublishesOf(client, ports)).not.toThrow();
});

test('what is thrown while a publish is worked off is told, and goes no further', () => {
  const client = { closed: false, _parser: mqttPacket.parser() };
  const faults: string[] = [];
  readPublishesOf(client, { ...ports, fault: ({ message }) => faults.push(message) });
  client._parser.on('packet', () => {
    throw new Error('a fault');
  });
  client._parser.parse(
    mqttPacket.generate({ cmd: 'publish', topic: 'a', payload: 'x', qos: 0, dup: false, retain: false }),
  );
  expect(faults).toEqual(['a fault']);
});
