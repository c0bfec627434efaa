import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['gateway/**/*.test.ts', 'dashboard/src/**/*.test.ts', 'simulators/src/**/*.test.ts'],
    // Whole gateways run in many of them: more at a time than there are cores takes longer, not less.
    maxWorkers: 2,
    globalSetup: 'gateway/test/compile-cache.setup.ts',
    // Whole gateways are started and killed; on a busy machine that takes its time.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
