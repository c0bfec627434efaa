import { expect, test } from 'vitest';
import { CommandInbox } from './command-inbox.ts';

const order = (name: string, expiresAt = 2_000, params: unknown = {}) => JSON.stringify({ name, params, expiresAt });

function create() {
  const performed: [string, unknown][] = [];
  const inbox = new CommandInbox((name, params) => {
    performed.push([name, params]);
    return { ok: true, result: performed.length };
  });
  return { inbox, performed };
}

test('a command that arrives twice is carried out once, and answered the same', () => {
  const { inbox, performed } = create();
  const first = inbox.handle('c1', order('start', 2_000, { a: 1 }), 1_000);
  const second = inbox.handle('c1', order('start', 2_000, { a: 1 }), 1_500);
  expect(first).toEqual({ answer: '{"ok":true,"result":1}', repeated: false });
  expect(second).toEqual({ answer: first.answer, repeated: true });
  expect(performed).toEqual([['start', { a: 1 }]]);
});

test('a command after its time is answered and not carried out', () => {
  const { inbox, performed } = create();
  const { answer } = inbox.handle('c1', order('start', 2_000), 2_250);
  expect(JSON.parse(answer)).toEqual({
    ok: false,
    error: 'expired: it came 250 ms after its time, and was not carried out',
  });
  expect(performed).toEqual([]);
});

test.each([
  ['nonsense', 'expected a command as JSON'],
  ['null', 'expected a JSON object'],
  ['{"params":{}}', 'expected name'],
  ['{"name":"start"}', 'expected expiresAt'],
])('the payload %s is answered with what was expected', (payload, expected) => {
  const { inbox, performed } = create();
  expect(JSON.parse(inbox.handle('c1', payload, 0).answer)).toEqual({
    ok: false,
    error: expect.stringContaining(expected),
  });
  expect(performed).toEqual([]);
});

test('the ids that are remembered are bounded, the newest stay', () => {
  const { inbox } = create();
  for (let i = 0; i < 300; i++) inbox.handle(`c${i}`, order('start'), 0);
  expect(inbox.handle('c299', order('start'), 0).repeated).toBe(true);
  expect(inbox.handle('c101', order('start'), 0).repeated).toBe(true);
  expect(inbox.handle('c0', order('start'), 0).repeated).toBe(false);
});
