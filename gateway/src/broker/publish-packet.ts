// A PUBLISH as bytes (MQTT 3.1.1, 3.3).

/** Not retained, not a duplicate; QoS 1 with a message id, QoS 0 with null. */
export function publishPacket(topic: string, payload: string, messageId: number | null): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const idBytes = messageId === null ? 0 : 2;
  const bodyBytes = 2 + topicBytes + idBytes + Buffer.byteLength(payload);
  const lengthBytes = bodyBytes < 0x80 ? 1 : bodyBytes < 0x4000 ? 2 : bodyBytes < 0x20_0000 ? 3 : 4;
  const packet = Buffer.allocUnsafe(1 + lengthBytes + bodyBytes);
  let at = packet.writeUInt8(messageId === null ? 0x30 : 0x32);
  for (let rest = bodyBytes; ; rest >>>= 7) {
    const isLast = rest < 0x80;
    at = packet.writeUInt8(isLast ? rest : (rest & 0x7f) | 0x80, at);
    if (isLast) break;
  }
  at = packet.writeUInt16BE(topicBytes, at);
  at += packet.write(topic, at);
  if (messageId !== null) at = packet.writeUInt16BE(messageId, at);
  packet.write(payload, at);
  return packet;
}
