// Parameters from the skeleton to what is sent.
import { describe, expect, it } from 'vitest';
import { firstEmptyPlace, readParams, skeleton } from './command-params.ts';

describe('parameters of a command', () => {
  it('begin as a skeleton with an empty place for each', () => {
    expect(skeleton([])).toBe('');
    expect(skeleton(['value'])).toBe('{"value": }');
    expect(skeleton(['x', 'y'])).toBe('{"x": , "y": }');
  });

  it('cannot be sent while a place is empty, and say which', () => {
    expect(readParams('{"x": , "y": }')).toEqual({ ok: false, missing: ['x', 'y'] });
    expect(readParams('{"x": 1, "y": }')).toEqual({ ok: false, missing: ['y'] });
  });

  it('are what was written, or nothing', () => {
    expect(readParams('{"value": 4}')).toEqual({ ok: true, params: { value: 4 } });
    expect(readParams('  ')).toEqual({ ok: true });
  });

  it('say what is wrong with them', () => {
    expect(readParams('{"value": four}')).toMatchObject({ ok: false, missing: null });
    expect(readParams(`"${'x'.repeat(100_000)}"`)).toMatchObject({ ok: false, missing: null });
  });

  it('put the caret where the first one is to be filled in', () => {
    for (const written of ['{"value": }', '{"value":}', '{"x": 1, "a b": }']) {
      const place = firstEmptyPlace(written)!;
      const filled = `${written.slice(0, place)}7${written.slice(place)}`;
      expect(readParams(filled)).toMatchObject({ ok: true });
    }
    expect(firstEmptyPlace('{"value": 4}')).toBe(null);
    expect(firstEmptyPlace('')).toBe(null);
  });
});
