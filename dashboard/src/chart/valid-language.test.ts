// Which languages of a browser are handed on to Intl.
import { describe, expect, it } from 'vitest';
import { validLanguage } from './valid-language.ts';

describe('the language of the browser', () => {
  it('is left alone where Intl takes it', () => {
    for (const tag of ['en-US', 'de', 'zh-Hant-TW']) expect(validLanguage(tag)).toBe(tag);
  });

  it('is replaced where Intl would throw', () => {
    for (const tag of ['en-US@posix', 'C', '', 'de_DE']) {
      expect(() => new Intl.NumberFormat(validLanguage(tag))).not.toThrow();
      expect(validLanguage(tag)).toBe('en-GB');
    }
  });
});
