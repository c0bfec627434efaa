// Tests that wait more than they work may run side by side. The runner's own hook for the end of a test knows but one
// that runs; here each knows its own, so that what an instrument made goes with the test that it was made for.
import { AsyncLocalStorage } from 'node:async_hooks';
import { aroundEach, onTestFinished, type TestContext } from 'vitest';

const running = new AsyncLocalStorage<TestContext>();

/** To be called once in a file some of whose tests are `concurrent`. Those poll with `vi.waitFor`. */
export function knowWhichTestRuns(): void {
  aroundEach((run, context) => running.run(context, run));
}

/** Called with the end of the test that runs, the last one first. */
export function withTestEnd(end: () => unknown): void {
  const context = running.getStore();
  if (context === undefined) onTestFinished(async () => void (await end()));
  else context.onTestFinished(async () => void (await end()));
}
