import { expect, test } from 'vitest';
import { progressText, summaryText } from './progress.ts';
import { createTotals } from './totals.ts';

test('progress is one line; troubles are named only where there are some', () => {
  const totals = { ...createTotals(10_000), connected: 9_876, acknowledged: 12_345, inFlight: 7, commandsAnswered: 1 };
  expect(progressText(totals, 1234.4)).toBe(
    'connected 9,876/10,000 · 1,234 messages/s · 12,345 acknowledged · 7 in flight · 1 command answered · 0 reconnects',
  );
  expect(progressText({ ...totals, refused: 2, readingsDropped: 3 }, 0)).toContain('2 refused · 3 readings dropped');
});

test('the summary says what was sent and what was proven to arrive', () => {
  const totals = { ...createTotals(2), sent: 1_000, acknowledged: 998, reconnects: 1 };
  expect(summaryText(totals, 60.2)).toBe(
    'Ran for 60 s: 1,000 messages sent, 998 acknowledged, 2 not, 0 readings dropped, 0 commands answered, 1 reconnect.',
  );
});
