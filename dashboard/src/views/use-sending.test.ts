// When a command's fate is known.
import { describe, expect, it } from 'vitest';
import { ApiError } from '../history/rest.ts';
import { isUncertain } from './use-sending.ts';

describe('whether the gateway took a command', () => {
  it('is known after its own refusal, and after nothing else that went wrong', () => {
    expect(isUncertain(new ApiError('problem', 'Not allowed', 403))).toBe(false);
    expect(isUncertain(new ApiError('problem', 'A fault of the gateway', 500))).toBe(true);
    expect(isUncertain(new ApiError('unexpected', 'Unexpected answer', 502))).toBe(true);
    expect(isUncertain(new ApiError('unreachable', 'The gateway cannot be reached'))).toBe(true);
    expect(isUncertain(new Error('anything'))).toBe(true);
  });
});
