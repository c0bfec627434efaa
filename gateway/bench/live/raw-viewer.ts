// A viewer made of bytes: a thousand of them have to fit beside the gateway on two cores, so nothing is decoded that
// nobody looks at. It answers pings, counts rows and hands out the payload of each frame.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { SubscriptionAsk } from '../../src/contract/index.ts';

const openBracket = 0x5b;
const opcodes = { text: 1, close: 8, ping: 9 } as const;

/** A masked frame; a mask of zeros leaves the bytes as they are. */
function clientFrame(opcode: number, payload: Buffer): Buffer {
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | payload.length])
      : Buffer.from([0x80 | opcode, 0xfe, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

export class RawViewer {
  /** Rows of `data` frames that came. */
  rows = 0;
  /** Frames that tell of a gap or of being slow. */
  complaints = 0;
  isOpen = true;
  readonly socket: Socket;
  private rest: Buffer = Buffer.alloc(0);
  private readonly taken: ((payload: Buffer, at: number) => void) | null;

  private constructor(socket: Socket, taken: RawViewer['taken']) {
    this.socket = socket;
    this.taken = taken;
    socket.on('data', chunk => this.take(chunk));
    socket.on('close', () => {
      this.isOpen = false;
    });
  }

  /** Upgrades and subscribes; `taken` is handed each `data` frame. */
  static async open(http: string, token: string, ask: SubscriptionAsk, taken: RawViewer['taken'] = null) {
    const socket = connect({ port: Number(new URL(http).port), host: '127.0.0.1', noDelay: true });
    socket.write(
      `GET /api/v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Protocol: telltale.v1.json\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    const rest = await upgraded(socket);
    const viewer = new RawViewer(socket, taken);
    viewer.take(rest);
    socket.write(clientFrame(opcodes.text, Buffer.from(JSON.stringify({ t: 'sub', ...ask }))));
    return viewer;
  }

  close(): void {
    this.socket.destroy();
  }

  private take(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const now = performance.now();
    let at = 0;
    for (;;) {
      const frame = frameAt(bytes, at);
      if (frame === null) break;
      this.hear(frame.opcode, bytes.subarray(frame.begin, frame.end), now);
      at = frame.end;
    }
    this.rest = bytes.subarray(at);
  }

  private hear(opcode: number, payload: Buffer, now: number): void {
    if (opcode === opcodes.ping) this.socket.write(clientFrame(0xa, payload));
    if (opcode !== opcodes.text) return;
    // {"t":"data"… and {"t":"gap"…, {"t":"slow"…
    const kind = payload[6];
    if (kind === 0x67 || (kind === 0x73 && payload[7] === 0x6c)) this.complaints++;
    if (kind !== 0x64 || payload[7] !== 0x61) return;
    let brackets = 0;
    for (const byte of payload) if (byte === openBracket) brackets++;
    this.rows += brackets - 1;
    this.taken?.(payload, now);
  }
}

/** Resolves with what came behind the answer to the upgrade. */
function upgraded(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', read);
      if (head.subarray(0, 12).toString() === 'HTTP/1.1 101') resolve(head.subarray(end + 4));
      else reject(new Error(head.subarray(0, end).toString()));
    };
    socket.on('data', read);
    socket.once('error', reject);
    socket.on('error', () => {});
  });
}

/** The frame that begins at `at`, where all of it is there. Frames of a server are not masked (RFC 6455, 5.1). */
function frameAt(bytes: Buffer, at: number): { opcode: number; begin: number; end: number } | null {
  if (bytes.length < at + 2) return null;
  const opcode = (bytes[at] as number) & 0x0f;
  const short = (bytes[at + 1] as number) & 0x7f;
  let begin = at + 2;
  let length = short;
  if (short === 126) {
    if (bytes.length < at + 4) return null;
    length = bytes.readUInt16BE(at + 2);
    begin = at + 4;
  } else if (short === 127) {
    if (bytes.length < at + 10) return null;
    length = Number(bytes.readBigUInt64BE(at + 2));
    begin = at + 10;
  }
  return bytes.length < begin + length ? null : { opcode, begin, end: begin + length };
}
