import { describe, expect, test } from 'vitest';
import { at, FakeOutlet, MemoryLog, settle } from './log.fixture.ts';

describe('pages of the log', () => {
  test('[LIV-3] are read and encoded once for all viewers that come back at nearly the same place', async () => {
    const log = new MemoryLog();
    log.pageEntries = 500;
    for (let i = 1; i <= 2_000; i++) log.commit([1 + (i % 3), i, i]);
    const outlets = Array.from({ length: 200 }, () => new FakeOutlet());
    for (const [n, outlet] of outlets.entries()) log.subscribe('log', outlet).start(at(n % 50));
    for (let turn = 0; turn < 20; turn++) await settle();
    for (const [n, outlet] of outlets.entries()) {
      const rows = outlet.frames.flatMap(frame => (frame.t === 'data' ? frame.rows : []));
      expect(rows.map(([, ts]) => ts)).toEqual(Array.from({ length: 2_000 - (n % 50) }, (_, i) => (n % 50) + i + 1));
    }
    expect(log.reads).toBeLessThan(15);
  });
});
