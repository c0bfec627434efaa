// Calls to a worker thread: each has a number, and its answer finds its way back by it.
import { type TransferListItem, Worker } from 'node:worker_threads';

type Answer = { id: number; ok: true; value: unknown } | { id: number; ok: false; message: string; code?: string };

/** An error that a thread answered with; `code` is the thread's own word for it. */
export class ThreadError extends Error {
  readonly code: string | undefined;
  constructor(message: string, code: string | undefined) {
    super(message);
    this.name = 'ThreadError';
    this.code = code;
  }
}

export type Thread = {
  /** Resolves with what the thread's handler returned; rejects with ThreadError where it threw. */
  call<Result>(name: string, args: unknown, transfer?: TransferListItem[]): Promise<Result>;
  /** Ends the thread after what it was asked before. */
  close(): Promise<void>;
  /** How many calls are waiting for an answer. */
  waiting(): number;
};

/** Starts `file` as a worker. `died` is called where it ends without being asked to: nothing it held can be trusted. */
export function startThread(file: URL, workerData: unknown, died: (error: Error) => void): Thread {
  const worker = new Worker(file, { workerData });
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  let closing = false;

  let dead: Error | null = null;
  const fail = (error: Error) => {
    const first = dead === null;
    dead ??= error;
    for (const call of pending.values()) call.reject(error);
    pending.clear();
    if (first && !closing) died(error);
  };
  worker.on('message', (answer: Answer) => {
    const call = pending.get(answer.id);
    if (call === undefined) return;
    pending.delete(answer.id);
    if (answer.ok) call.resolve(answer.value);
    else call.reject(new ThreadError(answer.message, answer.code));
  });
  worker.on('error', fail);
  worker.on('exit', status => fail(new Error(`the thread ended with status ${status}`)));

  return {
    call<Result>(name: string, args: unknown, transfer: TransferListItem[] = []): Promise<Result> {
      return new Promise<unknown>((resolve, reject) => {
        if (dead !== null) throw dead;
        const id = ++lastId;
        worker.postMessage({ id, name, args }, transfer);
        pending.set(id, { resolve, reject });
      }) as Promise<Result>;
    },
    async close() {
      if (closing || dead !== null) return;
      closing = true;
      const ended = new Promise<void>(resolve => worker.once('exit', () => resolve()));
      worker.postMessage({ id: 0, name: 'close', args: null });
      await ended;
    },
    waiting: () => pending.size,
  };
}
