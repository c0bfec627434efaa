// Who has a device, as a page knows it: what it is told, what it asks, and when it prolongs what it took.
import type { DeviceControlAnswer, Lease, LeaseRequest, LiveEvent } from '@telltale/gateway/contract';
import { describe, expect, it } from 'vitest';
import { settled } from '../../test/http.ts';
import { createTestClock } from '../../test/platform.ts';
import type { ConnectionListener } from '../connection/index.ts';
import { ApiError } from '../history/rest.ts';
import { heldByAnother, openDeviceControl } from './device-control.ts';

const lease = (by: string, reason: string | null = null): Lease => ({ by, since: 0, until: 1, reason });
const free: DeviceControlAnswer = { device: 'd1', watching: ['anna'], lease: null, lastChange: null };

function setUp() {
  const clock = createTestClock();
  const asked: LeaseRequest[] = [];
  const page = { isLookedAt: true, answer: async () => free, refused: null as ApiError | null };
  let listener: ConnectionListener = {};
  const model = openDeviceControl('d1', 'anna', {
    clock,
    batcher: change => change(),
    isLookedAt: () => page.isLookedAt,
    connection: {
      listen(next) {
        listener = next;
        return () => {};
      },
    },
    api: {
      deviceControl: () => page.answer(),
      takeLease: async (_, request) => {
        asked.push(request);
        if (page.refused !== null) throw page.refused;
        return lease('anna', request.reason ?? null);
      },
      releaseLease: async () => {},
    },
  });
  const tell = (by: string | null, device = 'd1') =>
    listener.control?.({ device, watching: ['anna', 'ben'], lease: by === null ? null : lease(by) });
  const happen = (event: LiveEvent) => listener.event?.(event);
  return { model, clock, asked, page, tell, happen, reconnect: () => listener.gap?.() };
}

const command = (by: string, at: number, step = 1, device = 'd1'): LiveEvent => ({
  kind: 'command',
  device,
  command: 'C',
  name: 'stop',
  state: 'queued',
  at,
  cause: 'requested',
  by,
  step,
  attempts: 0,
});

describe('who has a device', () => {
  it('is prolonged all the same where what was told before it was taken comes after that', async () => {
    const { model, clock, asked, tell } = setUp();
    await settled();
    await model.take();
    tell(null);
    tell('anna');
    clock.advance(40_000);
    await settled();
    expect([asked.length, model.keeping.value]).toEqual([2, true]);
  });

  it('is asked once, and kept true by what the connection tells; an answer that is older does not undo that', async () => {
    const { model, page, tell, reconnect, clock } = setUp();
    expect(model.control.value).toBe(null);
    await settled();
    expect(model.control.value).toEqual(free);
    let answer = (_: DeviceControlAnswer) => {};
    page.answer = () => new Promise(resolve => (answer = resolve));
    reconnect();
    clock.advance(1_000);
    tell('ben');
    tell('cleo', 'd2');
    const lastChange = { by: 'ben', at: 5, what: 'command', name: 'open' } as const;
    answer({ ...free, lastChange });
    await settled();
    expect(model.control.value).toMatchObject({ watching: ['anna', 'ben'], lease: { by: 'ben' }, lastChange });
    expect(heldByAnother(model.control.value, 'anna')?.by).toBe('ben');
    expect(heldByAnother(model.control.value, 'ben')).toBe(null);
  });

  it('is prolonged while the page is looked at, and no longer once it was given back', async () => {
    const { model, clock, asked, page } = setUp();
    await settled();
    await model.take({ reason: 'valves' });
    expect([model.keeping.value, model.control.value?.lease]).toEqual([true, lease('anna', 'valves')]);
    clock.advance(40_000);
    await settled();
    expect(asked).toEqual([{ reason: 'valves' }, {}]);
    page.isLookedAt = false;
    clock.advance(40_000);
    expect(asked).toHaveLength(2);
    page.isLookedAt = true;
    model.wake();
    await settled();
    expect(asked).toHaveLength(3);
    await model.giveBack();
    clock.advance(200_000);
    model.wake();
    expect([asked.length, model.keeping.value, model.control.value?.lease]).toEqual([3, false, null]);
    model.close();
    expect(clock.timers()).toBe(0);
  });

  it('is told where another took it, until that one has it no more; a page that only comes by is not', async () => {
    const { model, tell, clock, asked } = setUp();
    await settled();
    tell('ben');
    expect(model.takenBy.value).toBe(null);
    tell(null);
    await model.take();
    tell('ben');
    expect(model.takenBy.value?.by).toBe('ben');
    tell('cleo');
    expect(model.takenBy.value?.by).toBe('cleo');
    clock.advance(200_000);
    expect([asked.length, model.keeping.value]).toEqual([1, false]);
    tell(null);
    expect(model.takenBy.value).toBe(null);
  });

  it('is not fought over: a refusal ends the prolonging, a gateway that cannot be reached does not', async () => {
    const { model, page, clock, asked } = setUp();
    await settled();
    await model.take();
    page.refused = new ApiError('unreachable', 'gone');
    clock.advance(40_000);
    await settled();
    expect(model.keeping.value).toBe(true);
    page.refused = new ApiError('problem', 'controlled', 409, { code: 'controlled' });
    clock.advance(40_000);
    await settled();
    expect(model.keeping.value).toBe(false);
    clock.advance(200_000);
    expect(asked).toHaveLength(3);
  });
});

it('the last change is the newest that somebody asked for, of this device', async () => {
  const { model, happen, reconnect, clock } = setUp();
  await settled();
  happen(command('ben', 10));
  happen(command('cleo', 20, 1, 'd2'));
  happen(command('ben', 30, 2));
  happen(command('late', 5));
  reconnect();
  clock.advance(1_000);
  await settled();
  expect(model.control.value?.lastChange).toEqual({ by: 'ben', at: 10, what: 'command', name: 'stop' });
  happen({ kind: 'desired', device: 'd1', version: 1, fields: { target: 4, mode: null }, by: 'dora', at: 40 });
  expect(model.control.value?.lastChange).toEqual({ by: 'dora', at: 40, what: 'desired', name: 'target, mode' });
});
