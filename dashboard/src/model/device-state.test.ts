// The state of a device as its page holds it: true to what is heard, and honest about who was quicker.
import type { DeviceState, LiveEvent, Value } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import type { Listener } from '../connection/connection.ts';
import { ApiError } from '../history/rest.ts';
import { changedSince, openDeviceState, rowsOf } from './device-state.ts';

const stateOf = (
  version: number,
  desired: Record<string, Value>,
  reported: Record<string, Value> = {},
): DeviceState => ({
  device: 'a',
  version,
  desired: Object.fromEntries(
    Object.entries(desired).map(([name, value]) => [name, { value, at: version, by: 'ada' }]),
  ),
  reported: Object.fromEntries(Object.entries(reported).map(([name, value]) => [name, { value, at: 1 }])),
  difference: Object.fromEntries(Object.entries(desired).filter(([name, value]) => reported[name] !== value)),
});
const soon = () => new Promise<void>(done => setTimeout(done, 0));

function setUp(changeDesired: () => Promise<DeviceState> = () => Promise.reject(new Error('not asked for'))) {
  const gateway = { state: stateOf(1, { target: 21 }), loads: 0 };
  let listener: Listener = {};
  const timers: (() => void)[] = [];
  const asked: unknown[][] = [];
  const model = openDeviceState('a', {
    api: {
      deviceState: async () => {
        gateway.loads++;
        return gateway.state;
      },
      changeDesired: (...args) => {
        asked.push(args);
        return changeDesired();
      },
    },
    connection: {
      listen(given) {
        listener = given;
        return () => {};
      },
    },
    batcher: work => work(),
    clock: {
      after(_ms: number, work: () => void) {
        timers.push(work);
        return () => {};
      },
    } as never,
  });
  const hear = async (event: LiveEvent) => {
    listener.event?.({ t: 'event', offset: 1, ...event } as never);
    for (const work of timers.splice(0)) work();
    await soon();
  };
  return { model, gateway, hear, asked };
}
const desired = (version: number, device = 'a'): LiveEvent => {
  return { kind: 'desired', device, version, fields: {}, by: 'bob', at: 1 };
};

describe('the state of a device', () => {
  it('is loaded again when it is heard to have changed, and not for what is known or of another device', async () => {
    const { model, gateway, hear } = setUp();
    await soon();
    await hear(desired(1));
    await hear(desired(2, 'b'));
    await hear({ kind: 'device', device: 'a', change: 'deleted', at: 1 });
    expect(gateway.loads).toBe(1);
    gateway.state = stateOf(2, { target: 22 });
    await hear(desired(2));
    expect(model.state.value?.version).toBe(2);
    await hear({ kind: 'device', device: 'a', change: 'changed', at: 1 });
    expect(gateway.loads).toBe(3);
  });

  it('is changed from the version that was seen, and is the present one where somebody was quicker', async () => {
    const taken = new ApiError('problem', 'changed', 412, { code: 'version_changed' });
    const { model, gateway, asked } = setUp(() => Promise.reject(taken));
    await soon();
    gateway.state = stateOf(2, { target: 17 });
    expect(await model.change({ target: 22 }, 'cold', 1)).toBe(false);
    expect(asked).toEqual([['a', { fields: { target: 22 }, reason: 'cold' }, 1]]);
    expect(model.state.value?.version).toBe(2);
  });

  it('is what the answer to a change says; other refusals are thrown', async () => {
    const { model } = setUp(async () => stateOf(2, { target: 22 }));
    await soon();
    expect(await model.change({ target: 22 }, '', 1)).toBe(true);
    expect(model.state.value?.version).toBe(2);
    const refused = new ApiError('problem', 'no', 409, { code: 'controlled' });
    const other = setUp(() => Promise.reject(refused)).model;
    await expect(other.change({ target: 22 }, '', 1)).rejects.toBe(refused);
  });
});

it('rows tell apart what is asked, what the device tells besides, and what differs', () => {
  const { asked, others } = rowsOf(stateOf(3, { target: 21, mode: 'eco' }, { target: 19, mode: 'eco', firmware: '1' }));
  expect(asked.map(({ name, differs }) => [name, differs])).toEqual([
    ['mode', false],
    ['target', true],
  ]);
  expect(others.map(({ name, desired: wanted }) => [name, wanted])).toEqual([['firmware', null]]);
});

it('what changed meanwhile is each field that is otherwise than it was seen', () => {
  const changes = changedSince(stateOf(1, { a: 1, b: 2, c: 3 }), stateOf(4, { a: 1, b: 5, d: 6 }));
  expect(changes.map(({ name, was, now }) => [name, was, now?.value ?? null])).toEqual([
    ['b', 2, 5],
    ['c', 3, null],
    ['d', null, 6],
  ]);
});
