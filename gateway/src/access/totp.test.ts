import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchTotp, newTotpSecret, stepOf, totpAt, totpUri } from './totp.ts';

/** The secret of RFC 6238's test vectors, 12345678901234567890. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const at = (seconds: number) => seconds * 1_000;

test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
])('RFC 6238, appendix B: at %i s it is %s', (seconds, code) => {
  expect(totpAt(secret, stepOf(at(seconds)))).toBe(code);
});

describe('a one-time password', () => {
  const now = at(1_000_000);
  const step = stepOf(now);

  test('is taken one step early or late, and not two', () => {
    const taken = [-2, -1, 0, 1, 2].map(away => matchTotp(secret, totpAt(secret, step + away), now, 0) !== null);
    expect(taken).toEqual([false, true, true, true, false]);
  });

  test('[ACC-7] is spent once it or a later one was used', () => {
    expect(matchTotp(secret, totpAt(secret, step), now, step - 1)).toBe(step);
    expect(matchTotp(secret, totpAt(secret, step), now, step)).toBeNull();
    expect(matchTotp(secret, totpAt(secret, step - 1), now, step)).toBeNull();
  });

  test('may be typed in groups', () => {
    const code = totpAt(secret, step);
    expect(matchTotp(secret, `${code.slice(0, 3)} ${code.slice(3)}`, now, 0)).toBe(step);
  });

  test('is no other text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), text => {
        const codes = [-1, 0, 1].map(away => totpAt(secret, step + away));
        expect(matchTotp(secret, text, now, 0) !== null).toBe(codes.includes(text.replaceAll(' ', '')));
      }),
    );
  });
});

test('a secret is 160 bits, and another each time; the URI has what an app needs', () => {
  const made = newTotpSecret();
  expect(made).toMatch(/^[A-Z2-7]{32}$/);
  expect(newTotpSecret()).not.toBe(made);
  const uri = new URL(totpUri(made, 'ada lovelace'));
  expect([uri.protocol, uri.pathname]).toEqual(['otpauth:', '/Telltale:ada%20lovelace']);
  expect(Object.fromEntries(uri.searchParams)).toEqual({
    secret: made,
    issuer: 'Telltale',
    algorithm: 'SHA1',
    digits: '6',
    period: '30',
  });
});
