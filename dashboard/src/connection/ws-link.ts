// The link over a WebSocket. It watches over silence: what is not heard from for two heartbeats is given up, because a
// dead TCP connection can look open for many minutes ([LIV-5]).
import { type ClientFrame, type HelloFrame, limits, subprotocol } from '@telltale/gateway/contract';
import type { Clock } from './clock.ts';
import { decode } from './decode.ts';
import { messagesOf } from './encode.ts';
import { badMessage, broken, heartbeatLost, helloTimeoutMs, type Link, type LinkPorts } from './link.ts';
import { type SocketConstructor, type SocketLike, socketOpen } from './socket.ts';

/** How long a woken connection has to prove that it lives. */
export const probeTimeoutMs = 5_000;

/** Dials `url` and keeps watch until the end. `offered` are subprotocols beside the one that is spoken. */
export function openWsLink(
  Socket: SocketConstructor,
  url: string,
  clock: Clock,
  ports: LinkPorts,
  offered: readonly string[] = [],
): Link {
  let ended = false;
  let heardAt = clock.now();
  let sentAt = heardAt;
  let heartbeatMs: number | null = null;
  let messageBytesMax: number = limits.viewerFrameBytesMax;
  let cancelWatch = clock.after(helloTimeoutMs, () => end(heartbeatLost));
  let cancelProbe = () => {};
  let socket: SocketLike;
  try {
    socket = new Socket(url, [subprotocol, ...offered]);
  } catch {
    // A page whose policy forbids the address gets an exception instead of a close event.
    cancelWatch();
    clock.after(0, () => ports.ended(broken));
    return { send: () => 0, probe: () => {}, end: () => {}, lastHeardAt: () => heardAt };
  }
  socket.addEventListener('message', event => !ended && heard(event.data));
  socket.addEventListener('close', event => finish(event.code ?? broken));
  // An `error` is always followed by `close`, which has the code; without a listener Node would complain.
  socket.addEventListener('error', () => {});

  function heard(data: unknown): void {
    heardAt = clock.now();
    cancelProbe();
    const decoded = decode(data);
    if (!decoded.ok) {
      end(badMessage, broken);
      return;
    }
    if (decoded.unknown > 0) ports.skipped(decoded.unknown);
    for (const frame of decoded.frames) {
      if (ended) return;
      if (frame.t === 'hello') greeted(frame);
      ports.frame(frame);
    }
  }

  function greeted(hello: HelloFrame): void {
    // A heartbeat of nothing would make the watch spin.
    heartbeatMs = Math.max(250, hello.heartbeatMs);
    messageBytesMax = hello.limits.frameBytesMax;
    watch();
  }

  function watch(): void {
    if (ended || heartbeatMs === null) return;
    const now = clock.now();
    if (now - heardAt >= 2 * heartbeatMs) {
      end(heartbeatLost);
      return;
    }
    if (now - sentAt >= heartbeatMs) send([{ t: 'ping' }]);
    cancelWatch();
    const next = Math.min(heardAt + 2 * heartbeatMs, sentAt + heartbeatMs) - now;
    cancelWatch = clock.after(Math.max(1, next), watch);
  }

  function send(frames: readonly ClientFrame[]): number {
    if (ended || socket.readyState !== socketOpen) return 0;
    sentAt = clock.now();
    const messages = messagesOf(frames, messageBytesMax);
    for (const message of messages) socket.send(message);
    return messages.length;
  }

  function probe(): void {
    if (ended || heartbeatMs === null || send([{ t: 'ping' }]) === 0) return;
    cancelProbe();
    cancelProbe = clock.after(probeTimeoutMs, () => end(heartbeatLost));
  }

  /** Does not wait for the closing handshake: a peer that is gone never answers it. */
  function end(code: number, toldAs = code): void {
    if (ended) return;
    try {
      // A browser allows a page 1000 and 3000 to 4999 only.
      socket.close(code === 1000 || code >= 3000 ? code : 1000);
    } catch {
      // It was never open, or is closed already: either way it is over.
    }
    finish(toldAs);
  }

  function finish(code: number): void {
    if (ended) return;
    ended = true;
    cancelWatch();
    cancelProbe();
    ports.ended(code);
  }

  return { send, probe, end: code => end(code), lastHeardAt: () => heardAt };
}
