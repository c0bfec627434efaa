// The plain lines of the log.
import { expect, test } from 'vitest';
import { shown } from './logger.ts';

test('what strangers say makes no lines of its own in the log, and gives a terminal no commands', () => {
  expect(shown('client', 'pump\n12:00:00 info  all is well\u001b[2J\u009b1m')).toBe(
    'pump\\x0a12:00:00 info  all is well\\x1b[2J\\x9b1m',
  );
  expect(shown('reason', { name: 'a\nb\u007f' })).toBe('{"name":"a\\nb\\x7f"}');
  expect(shown('error', 'Error: x\n    at y\u001b')).toBe('Error: x\n    at y\\x1b');
});
