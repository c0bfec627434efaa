// The library's tests come without types.
declare module 'aedes-persistence/abstract.js' {
  import type { test } from 'node:test';
  export default function abstractPersistence(options: {
    test: typeof test;
    persistence: () => Promise<unknown>;
    testAsync: boolean;
  }): void;
}
