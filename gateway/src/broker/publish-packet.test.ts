import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { expect, test } from 'vitest';
import { publishPacket } from './publish-packet.ts';

test('a PUBLISH is the same bytes as another encoder makes of it', () => {
  const topic = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '/', '温'), minLength: 1, maxLength: 200 });
  const messageId = fc.option(fc.integer({ min: 1, max: 65_535 }));
  fc.assert(
    fc.property(topic, fc.string({ unit: 'grapheme', maxLength: 300 }), messageId, (topic, payload, id) => {
      const qos = id === null ? 0 : 1;
      const packet = { cmd: 'publish', topic, payload, qos, dup: false, retain: false, messageId: id ?? undefined };
      expect(publishPacket(topic, payload, id)).toEqual(mqttPacket.generate(packet as mqttPacket.Packet));
    }),
  );
});

test.each([0, 100, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])('with %i bytes of payload too', length => {
  const payload = 'x'.repeat(length);
  const parser = mqttPacket.parser();
  const got: mqttPacket.Packet[] = [];
  parser.on('packet', one => got.push(one));
  parser.parse(publishPacket('a', payload, 7));
  expect(got).toMatchObject([{ topic: 'a', messageId: 7, payload: Buffer.from(payload) }]);
});
