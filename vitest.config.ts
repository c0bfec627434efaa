import { defineConfig } from 'vitest/config';

/** Functions and classes by themselves, without a gateway or a store. Most of their time would go into their beginning. */
const units = [
  'dashboard/src/**/*.test.ts',
  'gateway/src/{access,api,broker,command,contract,device,ingest,lib,live}/**/*.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: 'gateway/test/compile-cache.setup.ts',
    // Whole gateways run in many of them: more at a time than there are cores takes longer, not less.
    maxWorkers: 2,
    // Whole gateways are started and killed; on a busy machine that takes its time.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'gateways', include: ['{gateway,simulators}/**/*.test.ts'], exclude: units } },
      // They share a worker and what it has loaded; each sees to it that it leaves nothing to the next.
      { extends: true, test: { name: 'units', include: units, isolate: false } },
    ],
  },
});
