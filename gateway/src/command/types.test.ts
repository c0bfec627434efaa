// What comes of a request by its type: refused, confirmed, filled in.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileParams } from '../config/index.ts';
import { type CommandRequest, limits, Refusal } from '../contract/index.ts';
import { TypesHere, typeOf } from './types.fixture.ts';

const speed = {
  params: {
    type: 'object',
    properties: {
      rpm: { type: 'integer', minimum: 0, maximum: 3000 },
      ramp: { type: 'object', properties: { seconds: { type: 'number', default: 2 } }, default: {} },
      steps: { type: 'array', items: { type: 'object', properties: { hold: { type: 'boolean', default: true } } } },
    },
    required: ['rpm'],
    additionalProperties: false,
  },
  ttlMs: 60_000,
  retries: 2,
  retryAfterMs: 1_000,
  supersede: true,
  expect: [{ metric: 'rpm', equals: { param: 'rpm' }, withinMs: 5_000 }],
};
const requester = { by: 'ada', from: '192.0.2.1' };

const plan = (types: Record<string, unknown>[], request: Partial<CommandRequest> = {}, confirmation = 'p1') =>
  new TypesHere(types).types.plan('p1', { name: 'setSpeed', ...request }, confirmation);

/** What a request is refused with. */
function refused(ask: () => unknown): { code: string; detail: string; where: string[] } {
  try {
    ask();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { code: error.code, detail: error.detail ?? '', where: (error.errors ?? []).map(({ where }) => where) };
  }
  throw new Error('it was not refused');
}

describe('a type', () => {
  const ids = (here: TypesHere, device: string) => here.types.forDevice(device).map(({ id }) => id);

  test('[CMD-8] fits devices by patterns of ids, tags, or patterns of the model; without any it fits all', () => {
    const here = new TypesHere([
      { id: 'all', name: 'a' },
      { id: 'pumps', name: 'b', devices: ['pump-*'] },
      { id: 'cold', name: 'c', tags: ['cold'] },
      { id: 'acme', name: 'd', models: ['ACME *'] },
      { id: 'either', name: 'e', devices: ['pump-1'], tags: ['cold'] },
    ]);
    here.traits.set('pump-1', { tags: [], model: null });
    here.traits.set('room', { tags: ['cold'], model: 'ACME 7' });
    expect(ids(here, 'pump-1')).toEqual(['all', 'either', 'pumps']);
    expect(ids(here, 'room')).toEqual(['acme', 'all', 'cold', 'either']);
    expect(ids(here, 'other')).toEqual(['all']);
  });

  test('[CMD-8] of several for one name that with the smallest id counts', async () => {
    const here = new TypesHere([
      { id: 'b', name: 'stop', danger: 'danger' },
      { id: 'a', name: 'stop', devices: ['x'] },
    ]);
    expect(ids(here, 'x')).toEqual(['a']);
    expect(ids(here, 'y')).toEqual(['b']);
    expect(here.types.plan('x', { name: 'stop' }, 'x').type).toBe('a');
    await here.types.put('A', { name: 'stop' }, requester);
    expect(ids(here, 'y')).toEqual(['A']);
    await here.types.remove('A', requester);
    expect(ids(here, 'y')).toEqual(['b']);
  });

  test('of the configuration is changed there, whatever the store has under its id', async () => {
    const here = new TypesHere([{ id: 'speed', name: 'setSpeed' }]);
    here.types.load([typeOf({ id: 'speed', name: 'other' }), typeOf({ id: 'stored', name: 'other' })]);
    expect(here.types.list(null, 10).map(({ id, name, source }) => [id, name, source])).toEqual([
      ['speed', 'setSpeed', 'config'],
      ['stored', 'other', 'rest'],
    ]);
    const changed = [here.types.put('speed', { name: 'x' }, requester), here.types.remove('speed', requester)];
    for (const each of changed) await expect(each).rejects.toMatchObject({ code: 'unprocessable' });
    expect(here.saved).toEqual([]);
  });

  test('is there once it is in the store, and takes another name as a whole', async () => {
    const here = new TypesHere();
    await here.types.put('speed', { name: 'setSpeed' }, requester);
    await here.types.put('speed', { name: 'setRpm' }, requester);
    expect(here.types.forDevice('p1').map(({ name }) => name)).toEqual(['setRpm']);
    expect(here.types.plan('p1', { name: 'setSpeed' }, 'p1').type).toBe(null);
    here.full = true;
    await expect(here.types.remove('speed', requester)).rejects.toThrow('full');
    await expect(here.types.put('other', { name: 'x' }, requester)).rejects.toThrow('full');
    expect(here.types.list(null, 10).map(({ id }) => id)).toEqual(['speed']);
    expect(here.saved.map(([id, type, by]) => [id, type?.name, by])).toEqual([
      ['speed', 'setSpeed', 'ada'],
      ['speed', 'setRpm', 'ada'],
    ]);
  });

  test('that is wrong, or is one too many, is refused', async () => {
    const here = new TypesHere();
    here.types.load(Array.from({ length: limits.commandTypesMax - 1 }, (_, i) => typeOf({ id: `t${i}` })));
    const put = (id: string, ttlMs?: number) => here.types.put(id, { name: 'x', ttlMs }, requester);
    await expect(put('bad', 1)).rejects.toMatchObject({ code: 'bad_request', errors: [{ where: 'ttlMs' }] });
    const both = await Promise.allSettled([put('one'), put('two')]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await expect(put('t1')).resolves.toMatchObject({ id: 't1' });
  });
});

describe('parameters', () => {
  test('[CMD-8] that do not keep to the schema are refused, each place at once', () => {
    const { code, detail, where } = refused(() =>
      plan([speed], { params: { rpm: 3001, rmp: 1, ramp: { seconds: '2' } } }),
    );
    expect(code).toBe('params_refused');
    expect(where).toEqual(['params.rpm', 'params.ramp.seconds', 'params.rmp']);
    expect(detail).toContain(
      'params.rpm: expected at most 3000, got 3001; params.ramp.seconds: expected a number, got "2"',
    );
    expect(refused(() => plan([speed])).where).toEqual(['params.rpm']);
  });

  test('[CMD-8] that are left out get their defaults, down to those of lists', () => {
    expect(plan([speed], { params: { rpm: 0, steps: [{}, { hold: false }] } }).params).toEqual({
      rpm: 0,
      ramp: {},
      steps: [{ hold: true }, { hold: false }],
    });
    const all = { type: 'object', properties: { on: { type: 'boolean', default: true } }, required: ['on'] };
    expect(plan([{ params: all }]).params).toEqual({ on: true });
    expect(plan([{}], { params: [1] }).params).toEqual([1]);
    expect(plan([{}]).params).toBe(null);
  });

  test('[CMD-8] what a schema refuses is never planned, and what is planned keeps to it', () => {
    const check = compileParams(typeOf(speed).params ?? {});
    const key = fc.constantFrom('rpm', 'ramp', 'steps', 'other', '__proto__', 'constructor');
    const inner = fc.oneof(fc.integer({ min: -1, max: 3001 }), fc.double({ noNaN: true }), fc.jsonValue());
    const params = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(key, inner),
      fc.record({ rpm: fc.integer({ min: -500, max: 3_500 }) }),
    );
    const counts = { planned: 0, refused: 0 };
    const { types } = new TypesHere([speed]);
    fc.assert(
      fc.property(params, given => {
        const sent = JSON.parse(JSON.stringify(given));
        try {
          const planned = types.plan('p1', { name: 'setSpeed', params: sent }, 'p1');
          counts.planned++;
          expect([check(sent), check(planned.params)]).toEqual([[], []]);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          counts.refused++;
          expect(check(sent).length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
    expect(counts.planned).toBeGreaterThan(10);
    expect(counts.refused).toBeGreaterThan(100);
  });
});

describe('what is dangerous', () => {
  const danger = { danger: 'danger' };

  test('[CMD-8] needs what was to be typed, and a reason', () => {
    expect(plan([danger], { confirm: 'p1', reason: 'maintenance' }).type).toBe('speed');
    expect(plan([danger], { confirm: '12', reason: 'maintenance' }, '12').type).toBe('speed');
    const where = (request: Partial<CommandRequest>, typed?: string) => {
      const { code, where } = refused(() => plan([danger], request, typed));
      return [code, ...where];
    };
    expect(where({})).toEqual(['confirm_needed', 'confirm', 'reason']);
    expect(where({ confirm: 'p1' })).toEqual(['confirm_needed', 'reason']);
    expect(where({ confirm: 'p1', reason: ' \n' })).toEqual(['confirm_needed', 'reason']);
    expect(where({ confirm: 'p2', reason: 'x' })).toEqual(['confirm_needed', 'confirm']);
    expect(where({ confirm: 'p1', reason: 'x' }, '12')).toEqual(['confirm_needed', 'confirm']);
    expect(plan([{ danger: 'caution' }]).type).toBe('speed');
  });

  test('[CMD-8] may need a second person', () => {
    expect(plan([{ secondPerson: true }]).needsApproval).toBe(true);
    expect(plan([{}]).needsApproval).toBe(false);
  });
});

describe('what the request does not say', () => {
  test('[CMD-8] the type says: life, retries, key, and the effect of its parameters', () => {
    expect(plan([speed], { params: { rpm: 1200 } })).toEqual({
      type: 'speed',
      params: { rpm: 1200, ramp: {} },
      ttlMs: 60_000,
      expect: [{ metric: 'rpm', equals: 1200, withinMs: 5_000 }],
      retries: 2,
      retryAfterMs: 1_000,
      reply: true,
      supersede: 'speed',
      needsApproval: false,
    });
  });

  test('[CMD-8] the request has the last word, but not on more retries', () => {
    const own = {
      params: { rpm: 1 },
      ttlMs: 500,
      retries: 1,
      retryAfterMs: 700,
      supersede: 'mine',
      expect: { metric: 'load', min: 1 },
    };
    expect(plan([speed], own)).toMatchObject({
      ...own,
      params: { rpm: 1 },
      expect: [{ metric: 'load', min: 1, withinMs: limits.expectWithinMsDefault }],
    });
    expect(plan([speed], { ...own, expect: [] }).expect).toEqual([]);
    expect(refused(() => plan([speed], { ...own, retries: 3 })).detail).toContain('at most 2, got 3');
    expect(refused(() => plan([{}], { retries: 1 })).detail).toContain('speed is sent at most once');
  });

  test('[CMD-8] bounds from parameters have to go together', () => {
    const range = {
      type: 'object',
      properties: { low: { type: 'number' }, high: { type: 'number' } },
      required: ['low', 'high'],
    };
    const between = { params: range, expect: [{ metric: 't', min: { param: 'low' }, max: { param: 'high' } }] };
    expect(plan([between], { params: { low: 1, high: 2 } }).expect).toMatchObject([{ metric: 't', min: 1, max: 2 }]);
    expect(refused(() => plan([between], { params: { low: 2, high: 1 } })).code).toBe('params_refused');
  });

  test('[CMD-8] without an answer and without an effect nothing would be known', () => {
    expect(refused(() => plan([{}], { reply: false })).where).toEqual(['expect']);
    expect(refused(() => plan([], { reply: false })).where).toEqual(['expect']);
    const expected = { metric: 'rpm', equals: 1 };
    expect(plan([], { reply: false, expect: expected })).toMatchObject({ reply: false, expect: [expected] });
    const silent = { reply: false, expect: [expected] };
    expect(plan([silent]).reply).toBe(false);
    expect(refused(() => plan([silent], { expect: [] })).where).toEqual(['expect']);
  });
});

describe('without a type', () => {
  test('[CMD-8] a command is planned as it was asked for', () => {
    expect(plan([], { params: { any: [1] }, retries: 3 })).toEqual({
      type: null,
      params: { any: [1] },
      ttlMs: limits.commandTtlMsDefault,
      expect: [],
      retries: 3,
      retryAfterMs: limits.commandRetryMsDefault,
      reply: true,
      supersede: null,
      needsApproval: false,
    });
  });

  test('[CMD-8] or is refused, where only what has a type may be sent', () => {
    const { types } = new TypesHere([{ devices: ['p*'] }], 'refuse');
    expect(types.plan('p1', { name: 'setSpeed' }, 'p1').type).toBe('speed');
    for (const [device, name] of [
      ['p1', 'stop'],
      ['x1', 'setSpeed'],
    ] as const) {
      expect(refused(() => types.plan(device, { name }, device)).code).toBe('unprocessable');
    }
  });
});

test('types are looked for among the devices that are seen', async () => {
  const here = new TypesHere();
  for (let i = 0; i < 20_001; i++) here.traits.set(`d${i}`, { tags: [], model: null });
  here.traits.set('last', { tags: ['cold'], model: null });
  const types = [typeOf({ id: 'all' }), typeOf({ id: 'cold', tags: ['cold'] }), typeOf({ id: 'd', devices: ['d5'] })];
  const ids = async (sees: (device: string) => boolean) => (await here.types.fitting(types, sees)).map(({ id }) => id);
  expect(await ids(() => true)).toEqual(['all', 'cold', 'd']);
  expect(await ids(device => device === 'last')).toEqual(['all', 'cold']);
  expect(await ids(device => device === 'd5')).toEqual(['all', 'd']);
  expect(await ids(() => false)).toEqual([]);
});

test('a preview counts the devices that are seen and fit, and names the first of them', async () => {
  const here = new TypesHere();
  for (let i = 0; i < 20_001; i++) here.traits.set(`d${i}`, { tags: [], model: null });
  here.traits.set('b', { tags: ['cold'], model: null });
  here.traits.set('a', { tags: [], model: 'Hydra 2' });
  const all = await here.types.preview({}, null);
  expect([all.total, all.devices.slice(0, 3), all.devices.length]).toEqual([20_003, ['a', 'b', 'd0'], 20]);
  const some = { devices: ['d1'], tags: ['cold'], models: ['Hydra *'] };
  expect(await here.types.preview(some, null)).toEqual({ total: 3, devices: ['a', 'b', 'd1'] });
  expect(await here.types.preview(some, device => device !== 'b')).toEqual({ total: 2, devices: ['a', 'd1'] });
});
