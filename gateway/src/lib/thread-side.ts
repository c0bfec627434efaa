// The worker's end of thread.ts: takes calls one after the other and answers each.
import { parentPort, type TransferListItem } from 'node:worker_threads';
import { assert } from './assert.ts';

type Call = { id: number; name: string; args: unknown };

/** What a handler may return to hand memory back instead of copying it. */
export class Transfer {
  readonly value: unknown;
  readonly list: TransferListItem[];
  constructor(value: unknown, list: TransferListItem[]) {
    this.value = value;
    this.list = list;
  }
}

/** Answers calls with `handlers`; on `close` runs `closed`, and the thread ends. */
export function serveThread(handlers: Record<string, (args: never) => unknown>, closed: () => void): void {
  assert(parentPort !== null, 'this file runs as a worker thread');
  const port = parentPort;
  port.on('message', (call: Call) => {
    if (call.name === 'close') {
      closed();
      port.close();
      return;
    }
    try {
      const handler = handlers[call.name];
      assert(handler !== undefined, `the thread knows no call named ${call.name}`);
      const result = handler(call.args as never);
      if (result instanceof Transfer) port.postMessage({ id: call.id, ok: true, value: result.value }, result.list);
      else port.postMessage({ id: call.id, ok: true, value: result });
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      port.postMessage({ id: call.id, ok: false, message, code });
    }
  });
}
