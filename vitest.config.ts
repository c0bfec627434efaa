import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['gateway/**/*.test.ts', 'dashboard/src/**/*.test.ts', 'simulators/src/**/*.test.ts'],
    // Most of the time goes by waiting for a disk or another process.
    maxWorkers: 2,
    // Whole gateways are started and killed; on a busy machine that takes its time.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
