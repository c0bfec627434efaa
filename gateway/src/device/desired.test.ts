import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { type DesiredPayload, limits, Refusal, type Value } from '../contract/index.ts';
import { type DesiredAsk, DesiredStates, type NewStateChange, type SavedDesired } from './desired.ts';
import { dueFields } from './desired-delivery.ts';
import { type DeviceRecord, Registry } from './registry.ts';

let clock: ManualClock;
let registry: Registry;
/** What was saved, in order. */
let saved: { state: SavedDesired; change: NewStateChange }[];
/** What becomes of a change that is to be saved. */
let saving: () => Promise<void>;
/** What the connection of the device was given, and what to call once it has it; null where there is none. */
let line: { payloads: DesiredPayload[]; taken: (() => void)[] } | null;
let states: DesiredStates;
beforeEach(() => {
  clock = new ManualClock();
  registry = new Registry();
  registry.add(newRecord('d'));
  saved = [];
  saving = async () => {};
  line = null;
  states = openStates();
});

const newRecord = (id: string): DeviceRecord => ({
  id,
  name: id,
  tags: [],
  createdAt: 5,
  presence: { state: 'unknown', since: null, cause: null },
  attributes: {},
  told: {},
});

function openStates(mayControl?: (device: string, by: string) => void): DesiredStates {
  return new DesiredStates(registry, {
    clock,
    async saveDesired(state, _event, change) {
      await saving();
      saved.push({ state, change });
    },
    sendDesired(_device, payload, taken) {
      if (line === null) return false;
      line.payloads.push(JSON.parse(payload));
      line.taken.push(taken);
      return true;
    },
    ...(mayControl !== undefined && { mayControl }),
  });
}

const ada = { by: 'ada', from: '192.0.2.7' };
function set(fields: Record<string, unknown>, ask: Partial<DesiredAsk> = {}) {
  return states.change(
    'd',
    { fields: fields as Record<string, Value>, reason: 'why' },
    { ...ada, version: '*', replacesAll: false, ...ask },
  );
}
function connect() {
  line = { payloads: [], taken: [] };
  states.listens('d');
  return line;
}
/** The device acknowledges the message that is under way. */
const take = () => line?.taken.shift()?.();
function report(attributes: Record<string, Value>): void {
  Object.assign(registry.need('d').attributes, attributes);
  states.reportedChanged('d');
}
const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: Refusal) => ({ code: error.code, detail: error.detail }),
  );

describe('what is desired of a device', () => {
  test('[CMD-9] of a deleted device goes to none that is made anew under its id', async () => {
    await set({ target: 21 });
    const { payloads } = connect();
    await set({ target: 22 });
    await states.remove('d', async () => {
      registry.remove('d');
    });
    registry.add(newRecord('d'));
    take();
    expect(payloads.map(({ version }) => version)).toEqual([1]);
  });

  test('[CMD-9] has time and author of each field, and a version that grows with each change', async () => {
    await set({ target: 21, door: 'closed' });
    clock.advance(1_000);
    const state = await set({ target: 22 }, { by: 'bob' });
    expect(state).toMatchObject({
      version: 2,
      desired: {
        target: { value: 22, by: 'bob', at: clock.now() },
        door: { value: 'closed', by: 'ada', at: clock.now() - 1_000 },
      },
      difference: { target: 22, door: 'closed' },
    });
    expect(saved.map(({ change }) => change)).toMatchObject([
      { side: 'desired', version: 1, fields: { target: 21, door: 'closed' }, ...ada, reason: 'why' },
      { side: 'desired', version: 2, fields: { target: 22 }, by: 'bob' },
    ]);
  });

  test('[CMD-9] is no new version where nothing changes', async () => {
    await set({ target: 21 });
    expect((await set({ target: 21, gone: null })).version).toBe(1);
    expect((await set({ target: 21 }, { replacesAll: true })).version).toBe(1);
    expect(saved.length).toBe(1);
  });

  test('loses a field that is set to null, and all that a replacement does not name', async () => {
    await set({ a: 1, b: 2, c: 3 });
    expect(Object.keys((await set({ a: null })).desired)).toEqual(['b', 'c']);
    expect(Object.keys((await set({ c: 3, d: 4 }, { replacesAll: true })).desired)).toEqual(['c', 'd']);
    expect(saved.at(-1)?.change.fields).toEqual({ b: null, d: 4 });
  });

  test('[CMD-9] changes only for who names the present version, or *', async () => {
    await set({ target: 21 });
    expect(await refusalOf(set({ target: 22 }, { version: undefined }))).toEqual({
      code: 'version_needed',
      detail: 'expected the version that you change, which is 1 now, or *',
    });
    expect(await refusalOf(set({ target: 22 }, { version: 0 }))).toEqual({
      code: 'version_changed',
      detail: 'expected version 1, which is the present one, got 0',
    });
    expect((await set({ target: 22 }, { version: 1 })).version).toBe(2);
  });

  test('[CMD-9] of two who change the same version at once one is told', async () => {
    const [one, two] = await Promise.all([
      refusalOf(set({ target: 1 }, { version: 0 })),
      refusalOf(set({ target: 2 }, { version: 0 })),
    ]);
    expect([one, two?.code]).toEqual([null, 'version_changed']);
    expect(states.describe('d')).toMatchObject({ version: 1, desired: { target: { value: 1 } } });
  });

  test('[CMD-9] is shown and sent once it is in the log, and not where the log refuses it', async () => {
    const { payloads } = connect();
    let commit = () => {};
    saving = () => new Promise(resolve => (commit = resolve));
    const asked = set({ target: 21 });
    await new Promise(resolve => setImmediate(resolve));
    expect([states.describe('d').version, payloads]).toEqual([0, []]);
    commit();
    expect((await asked).version).toBe(1);
    expect(payloads).toEqual([{ version: 1, fields: { target: 21 } }]);
    saving = () => Promise.reject(new Refusal('store_full'));
    expect(await refusalOf(set({ target: 22 }))).toMatchObject({ code: 'store_full' });
    saving = async () => {};
    expect((await set({ target: 23 })).version).toBe(2);
  });

  test('is not changed where somebody else has the device for himself', async () => {
    states = openStates((device, by) => {
      if (by !== 'bob') throw new Refusal('controlled', `bob has ${device}`);
    });
    expect(await refusalOf(set({ target: 21 }))).toMatchObject({ code: 'controlled' });
    expect((await set({ target: 21 }, { by: 'bob' })).version).toBe(1);
  });

  const many = (count: number, value: Value) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, value]));
  test.each<[string, Record<string, unknown>, string, string]>([
    ['a name with a slash', { 'a/b': 1 }, 'bad_request', 'fields: expected names'],
    ['no name', { '': 1 }, 'bad_request', 'fields: expected names'],
    ['a unit', { 'units.temperature': '°C' }, 'bad_request', 'fields: expected no names below units.'],
    ['what is nested', { pump: { speed: 3 } }, 'bad_request', 'fields.pump: expected a number'],
    ['a list', { list: [1] }, 'bad_request', 'fields.list: expected a number'],
    ['what is no number', { x: Number.NaN }, 'bad_request', 'fields.x: expected a number'],
    ['a long text', { x: 'y'.repeat(1_025) }, 'bad_request', `fields.x: expected at most ${limits.textLengthMax}`],
    ['many fields', many(257, 1), 'bad_request', 'fields: expected at most 256'],
    ['much text', many(80, 'y'.repeat(1_000)), 'too_large', `at most ${limits.desiredLengthMax} characters`],
  ])('%s is refused, with what was expected', async (_, fields, code, detail) => {
    expect(await refusalOf(set(fields))).toEqual({ code, detail: expect.stringContaining(detail) });
    expect(saved).toEqual([]);
  });

  test('has no more fields than go into one packet, however they come', async () => {
    const some = (from: number) => Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${from + i}`, i]));
    await set(some(0));
    expect(await refusalOf(set(some(200)))).toMatchObject({ code: 'too_many' });
  });

  test('takes any name that an attribute may have', async () => {
    const state = await set(JSON.parse('{"__proto__":1,"constructor":2}'));
    expect(Object.entries(state.difference)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    report(JSON.parse('{"constructor":2}'));
    expect(Object.entries(states.describe('d').difference)).toEqual([['__proto__', 1]]);
  });

  test('goes with its device', async () => {
    await set({ target: 21 });
    await states.remove('d', async () => registry.remove('d'));
    expect(await refusalOf(set({ target: 22 }))).toMatchObject({ code: 'not_found' });
    registry.add(newRecord('d'));
    expect(states.describe('d').version).toBe(0);
  });
});

describe('what a device is told', () => {
  test('[CMD-9] is the difference, when it listens and when that changes', async () => {
    registry.need('d').attributes = { mode: 'auto' };
    await set({ target: 21, mode: 'auto' });
    const { payloads } = connect();
    take();
    await set({ mode: 'eco' });
    take();
    report({ target: 21, mode: 'eco' });
    expect(payloads).toEqual([
      { version: 1, fields: { target: 21 } },
      { version: 2, fields: { target: 21, mode: 'eco' } },
    ]);
    expect(states.describe('d').difference).toEqual({});
  });

  test('[CMD-9] is not told again while it does not follow; another connection is told anew', async () => {
    await set({ target: 30 });
    const { payloads } = connect();
    take();
    for (const target of [19, 25, 24.5]) report({ target });
    expect(payloads).toEqual([{ version: 1, fields: { target: 30 } }]);
    expect(connect().payloads).toEqual([{ version: 1, fields: { target: 30 } }]);
  });

  test('[CMD-9] is told anew where it followed and turns away again', async () => {
    await set({ target: 30 });
    const { payloads } = connect();
    take();
    for (const target of [30, 19, 18, 30, 20]) {
      report({ target });
      take();
    }
    expect(payloads).toHaveLength(3);
  });

  test('[CMD-9] is told that it is as before where it was told otherwise and has not reported yet', async () => {
    registry.need('d').attributes = { target: 21 };
    await set({ target: 21 });
    const { payloads } = connect();
    await set({ target: 22 });
    take();
    await set({ target: 21 });
    take();
    expect(payloads.map(({ fields }) => fields.target)).toEqual([22, 21]);
    report({ target: 22 });
    report({ target: 21 });
    expect(payloads.length).toBe(2);
  });

  test('[CMD-9] is told a value anew that was taken back since', async () => {
    const { payloads } = connect();
    await set({ target: 21 });
    take();
    report({ target: 21 });
    await set({ target: null });
    report({ target: 19 });
    await set({ target: 21 });
    expect(payloads).toEqual([
      { version: 1, fields: { target: 21 } },
      { version: 3, fields: { target: 21 } },
    ]);
  });

  test('[CMD-9] is one message at a time, and the next has all that changed meanwhile', async () => {
    const { payloads } = connect();
    for (let target = 1; target <= 5; target++) await set({ target });
    expect(payloads.length).toBe(1);
    take();
    take();
    expect(payloads).toEqual([
      { version: 1, fields: { target: 1 } },
      { version: 5, fields: { target: 5 } },
    ]);
  });

  test('is nothing that an earlier connection left under way', async () => {
    const first = connect();
    await set({ target: 1 });
    const second = connect();
    await set({ target: 2 });
    first.taken[0]?.();
    expect([first.payloads.length, second.payloads.length]).toEqual([1, 1]);
    take();
    expect(second.payloads.map(({ fields }) => fields.target)).toEqual([1, 2]);
  });

  test('is nothing where every field was told already', () => {
    const desired = { a: { value: 1, at: 0, by: '' }, b: { value: 2, at: 0, by: '' } };
    expect(dueFields(desired, { a: 1, b: 2 }, new Map())).toBeNull();
    expect(dueFields(desired, {}, new Map([['a', 1]]))).toEqual({ a: 1, b: 2 });
    const all = new Map(Object.entries({ a: 1, b: 2 }));
    expect(dueFields(desired, {}, all)).toBeNull();
  });
});

type Step =
  | { do: 'set'; name: string; value: number | null; replacesAll: boolean }
  | { do: 'obey' | 'leave' | 'connect' | 'drop' | 'restart' }
  | { do: 'drift'; name: string; value: number };

const name = fc.constantFrom('a', 'b', 'c');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('set' as const),
    name,
    value: fc.option(fc.integer({ min: 1, max: 3 })),
    replacesAll: fc.boolean(),
  }),
  fc.record({ do: fc.constant('drift' as const), name, value: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constantFrom('obey', 'leave', 'connect', 'drop', 'restart') }) as fc.Arbitrary<Step>,
);

test('[CMD-9] whatever happens, versions never skip, nothing is told twice on a connection, and a device that obeys ends as desired', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async steps => {
      registry = new Registry();
      registry.add(newRecord('d'));
      saved = [];
      line = null;
      states = openStates();
      let obeyed = 0;
      /** Told on the present connection, since a field was last taken back. */
      let tolds: string[] = [];
      let heard = 0;
      const look = () => {
        for (const { version, fields } of line?.payloads.slice(heard) ?? []) {
          expect(version).toBe(saved.length);
          expect(tolds).not.toContain(JSON.stringify(fields));
          tolds.push(JSON.stringify(fields));
        }
        heard = line?.payloads.length ?? 0;
      };
      const open = () => {
        tolds = [];
        heard = obeyed = 0;
        connect();
      };
      /** The device does the next thing that it was told. */
      const obey = () => {
        const payload = line?.payloads[obeyed];
        if (payload === undefined) return;
        obeyed++;
        say(payload.fields);
      };
      /** What it turns away from it may be told again. */
      const say = (fields: Record<string, Value>) => {
        const was = states.describe('d').difference;
        report(fields);
        if (Object.keys(states.describe('d').difference).some(field => !(field in was))) tolds = [];
      };
      const wasTold = () => (line?.payloads.length ?? 0) > obeyed || (line?.taken.length ?? 0) > 0;
      for (const each of steps) {
        if (each.do === 'set') {
          // Values that are desired again later may be told again: the author asked again.
          tolds = [];
          await set({ [each.name]: each.value }, { replacesAll: each.replacesAll });
        } else if (each.do === 'obey') obey();
        else if (each.do === 'leave') take();
        else if (each.do === 'drift') say({ [each.name]: each.value });
        else if (each.do === 'connect') open();
        else {
          line = null;
          if (each.do === 'restart') {
            states = openStates();
            states.load(saved.slice(-1).map(({ state }) => state));
          }
        }
        look();
      }
      if (line === null) open();
      while (wasTold()) {
        take();
        obey();
        look();
      }
      expect(states.describe('d').difference).toEqual({});
      expect(saved.map(({ state }) => state.version)).toEqual(saved.map((_, i) => i + 1));
    }),
    { numRuns: 300 },
  );
});
