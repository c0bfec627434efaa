import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['gateway/**/*.test.ts', 'dashboard/src/**/*.test.ts', 'simulators/src/**/*.test.ts'],
    // Two at a time are quicker; where a failure has to mean something, nothing else takes the machine's time.
    maxWorkers: process.env.CI ? 1 : 2,
    // Whole gateways are started and killed; on a busy machine that takes its time.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
