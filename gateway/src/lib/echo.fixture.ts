// A worker for the test of threads: answers, refuses, hands memory over, or dies, as it is asked to.
import { serveThread, Transfer } from './thread-side.ts';

let calls = 0;

serveThread(
  {
    echo: (args: unknown) => args,
    count: () => ++calls,
    refuse: (code: string) => {
      throw Object.assign(new Error('refused'), { code });
    },
    fill: ({ memory, value }: { memory: ArrayBuffer; value: number }) => {
      new Uint8Array(memory).fill(value);
      return new Transfer({ memory }, [memory]);
    },
    uncloneable: () => () => {},
    die: () => {
      // Behind the answer and before the next call, as a fault in a callback would come.
      queueMicrotask(() => {
        throw new Error('died');
      });
    },
    exit: (status: number) => process.exit(status),
  },
  () => {},
);
