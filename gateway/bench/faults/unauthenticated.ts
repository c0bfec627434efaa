// A hundred connections that nobody has signed in on, each with 16 MiB for the gateway: how much its memory grows by.
// Over MQTT as one packet that says so and one that only announces it, over HTTP as headers and as a body.
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { field } from '../../test/instruments/mqtt-bytes.ts';
import type { Program } from '../store/program.ts';
import { heading, line, megabytes, note } from '../store/report.ts';
import type { FaultBench } from './bench.ts';
import { plantWith } from './plant.ts';

const sockets = 100;
const bytesEach = 16 * 1024 * 1024;
const growthBytesMax = 32e6;
const holdMs = 3_000;
const chunk = Buffer.alloc(64 * 1024, 'x');
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** What a connection begins with; after it come x until there were 16 MiB. */
const attacks: [name: string, port: (program: Program) => number, head: Buffer][] = [
  ['a CONNECT of 16 MiB', ({ mqttPort }) => mqttPort, connectOf(bytesEach)],
  ['a PUBLISH of 16 MiB before any CONNECT', ({ mqttPort }) => mqttPort, Buffer.from([0x30, 0xff, 0xff, 0xff, 0x07])],
  ['a CONNECT that announces 256 MB', ({ mqttPort }) => mqttPort, connectOf(0x0fff_ffff)],
  ['HTTP headers without an end', httpPort, Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nX: ')],
  [
    'a body to sign in with',
    httpPort,
    Buffer.from(
      `POST /api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${bytesEach}\r\n\r\n"`,
    ),
  ],
];

function httpPort({ http }: Program): number {
  return Number(new URL(http).port);
}

/** The beginning of a CONNECT packet that says it has so many bytes. */
function connectOf(bytes: number): Buffer {
  const length: number[] = [];
  for (let rest = bytes; length.length < 4; rest >>= 7) length.push((rest & 0x7f) | (length.length < 3 ? 0x80 : 0));
  return Buffer.concat([Buffer.from([0x10, ...length]), field('MQTT'), Buffer.from([4, 2, 0, 60, 0xff, 0xff])]);
}

/** Begins to watch the memory of a process; the function it returns tells the most that it had since, bytes. */
function watchPeak(pid: number): () => number {
  // 5 resets the kernel's own mark (proc_pid_clear_refs(5)).
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return () => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;
}

/** Sends as much as is taken; resolves with the bytes that went out. */
function attack(port: number, head: Buffer): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1' });
  let sent = 0;
  const pour = () => {
    while (sent < bytesEach && !socket.destroyed) {
      sent += chunk.length;
      if (!socket.write(chunk)) return;
    }
  };
  socket.on('error', () => {});
  socket.on('connect', () => {
    socket.write(head);
    pour();
  });
  socket.on('drain', pour).resume();
  return new Promise(resolve => {
    const end = () => {
      socket.destroy();
      resolve(Math.max(0, sent - socket.writableLength));
    };
    socket.once('close', end);
    setTimeout(end, holdMs);
  });
}

/** Prints by how much memory grows under each attack, from a gateway that has been in use for a moment. */
export async function benchUnauthenticated({ rounds }: FaultBench): Promise<void> {
  heading(`${sockets} unauthenticated connections of ${megabytes(bytesEach)} each`);
  for (const [name, port, head] of attacks) {
    const growths: number[] = [];
    let taken = 0;
    for (let round = 0; round < rounds; round++) {
      const { program } = await plantWith(50);
      await pause(1_000);
      const before = program.rssBytes();
      const peak = watchPeak(program.pid);
      const sent = await Promise.all(Array.from({ length: sockets }, () => attack(port(program), head)));
      taken = sent.reduce((sum, bytes) => sum + bytes, 0);
      growths.push(peak() - before);
      await program.stop();
    }
    const raw = `raw ${growths.map(bytes => (bytes / 1e6).toFixed(1)).join(' ')}`;
    line(name, Math.max(...growths) / 1e6, 'MB', raw, { most: growthBytesMax / 1e6 });
    note(`sent before they were cut off: ${megabytes(taken)}`);
  }
}
