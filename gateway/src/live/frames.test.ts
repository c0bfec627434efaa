import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../contract/index.ts';
import { parseFrames } from './frames.ts';

const one = (frame: unknown) => parseFrames(JSON.stringify(frame))?.[0];

describe('a message from a viewer', () => {
  test.each([
    { t: 'sub', sub: 's' },
    { t: 'sub', id: 1, sub: 's', device: ['a*'], metric: [], mode: 'log', since: { epoch: 'E', offset: 0 } },
    { t: 'unsub', id: 2, sub: 's' },
    { t: 'cmd', id: 3, device: 'a', name: 'stop' },
    { t: 'cmd', id: 3, device: 'a', name: 'stop', params: null, ttlMs: 1_000, key: 'k', reason: 'r' },
    { t: 'desired', id: 4, device: 'a', fields: { target: 21, door: null }, version: 7, reason: 'cold' },
    { t: 'desired', id: 4, device: 'a', fields: {}, version: '*' },
    { t: 'ping' },
  ])('%j is taken as it is', frame => {
    expect(one(frame)).toEqual({ ok: true, frame });
  });

  test('may be an array, in which each frame is judged by itself', () => {
    const checked = parseFrames('[{"t":"ping"},{"t":"nonsense","id":7},{"t":"unsub","sub":"s"}]');
    expect(checked?.map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(checked?.[1]).toEqual({
      ok: false,
      id: 7,
      detail: 't: expected sub, unsub, cmd, desired or ping, got "nonsense"',
    });
  });

  test.each([
    '',
    'x',
    '1',
    'null',
    '"sub"',
    '[]',
    '[1]',
    '[{"t":"ping"},null]',
    `[${Array(101).fill('{"t":"ping"}')}]`,
  ])('%j ends the connection', text => {
    expect(parseFrames(text)).toBeNull();
  });

  test.each([
    [{}, 't'],
    [{ t: 'sub' }, 'sub'],
    [{ t: 'sub', sub: '' }, 'sub'],
    [{ t: 'sub', sub: 'x'.repeat(65) }, 'sub'],
    [{ t: 'sub', sub: 's', device: 'a' }, 'device'],
    [{ t: 'sub', sub: 's', device: [1] }, 'device'],
    [{ t: 'sub', sub: 's', metric: ['x'.repeat(129)] }, 'metric'],
    [{ t: 'sub', sub: 's', metric: Array(limits.patternsPerSubscriptionMax + 1).fill('*') }, 'metric'],
    [{ t: 'sub', sub: 's', mode: 'all' }, 'mode'],
    [{ t: 'sub', sub: 's', since: 5 }, 'since'],
    [{ t: 'sub', sub: 's', since: { epoch: 'E', offset: 1.5 } }, 'since'],
    [{ t: 'unsub' }, 'sub'],
    [{ t: 'cmd', device: 'a', name: 'stop' }, 'id'],
    [{ t: 'cmd', id: 1, name: 'stop' }, 'device'],
    [{ t: 'cmd', id: 1, device: 'a' }, 'name'],
    [{ t: 'cmd', id: 1, device: 'a', name: 'stop', ttlMs: '5' }, 'ttlMs'],
    [{ t: 'cmd', id: 1, device: 'a', name: 'stop', key: 5 }, 'key'],
    [{ t: 'cmd', id: 1, device: 'a', name: 'stop', reason: {} }, 'reason'],
    [{ t: 'desired', device: 'a', fields: {} }, 'id'],
    [{ t: 'desired', id: 1, fields: {} }, 'device'],
    [{ t: 'desired', id: 1, device: 'a', fields: [] }, 'fields'],
    [{ t: 'desired', id: 1, device: 'a', fields: { x: {} } }, 'fields.x'],
    [{ t: 'desired', id: 1, device: 'a', fields: {}, version: '7' }, 'version'],
    [{ t: 'desired', id: 1, device: 'a', fields: {}, reason: 'x'.repeat(501) }, 'reason'],
    [{ t: 'ping', id: 'one' }, 'id'],
  ])('%j is refused with the field that is wrong, what was expected and what came: %s', (frame, field) => {
    const checked = one(frame);
    expect(checked).toMatchObject({ ok: false, detail: expect.stringMatching(`^${field}: expected .*, got `) });
  });

  test('any text is taken, refused or ends the connection, and nothing throws', () => {
    const kind = fc.constantFrom('sub', 'unsub', 'cmd', 'desired', 'ping');
    const fields = fc.dictionary(
      fc.constantFrom('id', 'sub', 'device', 'metric', 'mode', 'since', 'name', 'fields'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(kind, fields, fc.string(), (t, more, text) => {
        expect(one({ ...more, t })).toHaveProperty('ok');
        for (const checked of parseFrames(text) ?? []) expect(checked).toHaveProperty('ok');
      }),
      { numRuns: 500 },
    );
  });

  test.each(['t', 'id', 'sub', 'device', 'mode', 'since'])('a field %s nested beyond all measure is refused', field => {
    const deep = '['.repeat(30_000) + ']'.repeat(30_000);
    expect(parseFrames(`{"t":"sub","sub":"s","${field}":${deep}}`)?.[0]).toMatchObject({ ok: false });
  });
});
