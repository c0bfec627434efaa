import { describe, expect, test } from 'vitest';
import { type Code, closeAction, closeCodes, codes, Refusal } from './codes.ts';

const all = Object.entries(codes) as [Code, (typeof codes)[Code]][];

describe('the table of codes', () => {
  test.each(all)('%s has a title and a status of HTTP', (code, entry) => {
    expect(code).toMatch(/^[a-z][a-z0-9_]*$/);
    expect(entry.title).not.toBe('');
    expect([200, 400, 401, 403, 404, 408, 409, 412, 413, 415, 421, 422, 428, 429, 500, 503]).toContain(entry.status);
  });

  test('what is missing in a viewer’s log is told, and is not an error', () => {
    for (const [code, { status }] of all) expect(status === 200, code).toBe(code.startsWith('gap_'));
  });

  test('what the gateway cannot do now may be tried again later', () => {
    for (const [code, { status, retry }] of all) if (status >= 500) expect(retry, code).toBe('later');
  });

  test('every close code that a fault brings is in the table of close codes', () => {
    for (const [code, { close }] of all) {
      if (close !== undefined) expect(Object.keys(closeCodes), code).toContain(String(close));
    }
  });

  test('can neither be added to nor taken from', () => {
    expect(Object.isFrozen(codes)).toBe(true);
    expect(Object.isFrozen(closeCodes)).toBe(true);
  });
});

describe('what a client does after a close', () => {
  test.each([
    [1001, 'reconnect'],
    [4400, 'stop'],
    [4401, 'sign-in'],
    [4403, 'stop'],
    [4406, 'stop'],
    [4408, 'reconnect'],
    [4429, 'reconnect'],
    [1006, 'reconnect'],
    [1000, 'stop'],
  ] as const)('%d: %s', (code, action) => {
    expect(closeAction(code)).toBe(action);
  });

  test.each([0, 1005, 1013, 4000, 4999])('%d, which is not in the table: reconnect', code => {
    expect(closeAction(code)).toBe('reconnect');
  });
});

describe('a refusal', () => {
  test('says its title and what was expected, and has the status of its code', () => {
    const refusal = new Refusal('conflict', 'the device is there');
    expect(refusal.message).toBe('It is there already: the device is there');
    expect(refusal.status).toBe(409);
    expect(new Refusal('internal').message).toBe('A fault of the gateway');
  });
});
