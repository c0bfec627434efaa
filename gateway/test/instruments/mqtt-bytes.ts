// The bytes that MQTT packets are made of, for tests and benchmarks that speak it by hand.

/** A length of two bytes, then the text (MQTT 3.1.1, 1.5.3). */
export const field = (text: string | Buffer) => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};

/** A control packet: its first byte, the length of what follows in seven bits a byte, and that. */
export function packet(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

/** The whole packets at the beginning of `bytes`, each with its first byte, and what is left for the next time. */
export function splitPackets(bytes: Buffer): {
  packets: { type: number; first: number; body: Buffer }[];
  rest: Buffer;
} {
  const packets: { type: number; first: number; body: Buffer }[] = [];
  for (let at = 0; ; ) {
    let length = 0;
    let begin = at + 1;
    for (let shift = 0; ; shift += 7, begin++) {
      const byte = bytes[begin];
      if (byte === undefined) return { packets, rest: bytes.subarray(at) };
      length |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) break;
    }
    const end = begin + 1 + length;
    if (bytes.length < end) return { packets, rest: bytes.subarray(at) };
    const first = bytes[at] as number;
    packets.push({ type: first >> 4, first, body: bytes.subarray(begin + 1, end) });
    at = end;
  }
}
