// Leases with a clock that a test moves and sets.
import { describe, expect, onTestFinished, test } from 'vitest';
import { ManualClock } from '../../test/instruments/manual-clock.ts';
import { limits } from '../contract/index.ts';
import { type LeaseStep, Leases } from './leases.ts';

const anna = { by: 'anna', from: '10.0.0.1' };
const ben = { by: 'ben', from: '10.0.0.2' };

function setUp() {
  const clock = new ManualClock();
  const steps: LeaseStep[] = [];
  const changed: string[] = [];
  const leases = new Leases({
    clock,
    record: step => steps.push(step),
    changed: device => changed.push(device),
  });
  onTestFinished(() => leases.close());
  return { clock, steps, changed, leases, whats: () => steps.map(({ what, by }) => [what, by]) };
}

const controlled = expect.objectContaining({ code: 'controlled' });

describe('[CMD-11] a lease', () => {
  test('is for one person: that person’s tokens may send, anybody else is told who has it, until when and why', () => {
    const { clock, leases } = setUp();
    leases.check('d1', 'anna');
    const lease = leases.take('d1', { ttlMs: 60_000, reason: 'valves' }, { ...anna, by: 'anna/script' });
    expect(lease).toEqual({ by: 'anna', since: clock.now(), until: clock.now() + 60_000, reason: 'valves' });
    leases.check('d1', 'anna');
    leases.check('d1', 'anna/other');
    leases.check('d2', 'ben');
    const detail = `anna controls it until ${new Date(clock.now() + 60_000).toISOString()} (valves)`;
    expect(() => leases.check('d1', 'ben')).toThrow(expect.objectContaining({ code: 'controlled', detail }));
    expect(() => leases.take('d1', {}, ben)).toThrow(controlled);
    expect(() => leases.release('d1', ben)).toThrow(controlled);
    expect(leases.of('d1')).toEqual(lease);
  });

  test('is prolonged by its holder, keeps its beginning and its reason, and leaves one line in the trail', () => {
    const { clock, leases, changed, whats } = setUp();
    const { since } = leases.take('d1', { reason: 'valves' }, anna);
    clock.advance(limits.leaseMsDefault - 1);
    const again = leases.take('d1', {}, anna);
    expect(again).toEqual({ by: 'anna', since, until: clock.now() + limits.leaseMsDefault, reason: 'valves' });
    clock.advance(limits.leaseMsDefault - 1);
    expect(leases.of('d1')?.by).toBe('anna');
    expect([whats(), changed]).toEqual([[['taken', 'anna']], ['d1', 'd1']]);
  });

  test('ends when its time has gone by, whatever the wall clock was set to', () => {
    const { clock, leases, steps, changed } = setUp();
    leases.take('d1', { ttlMs: 60_000 }, anna);
    clock.set(clock.now() + 86_400_000);
    expect(leases.of('d1')?.until).toBe(clock.now() + 60_000);
    clock.set(clock.now() - 2 * 86_400_000);
    clock.advance(59_999);
    expect(() => leases.check('d1', 'ben')).toThrow(controlled);
    expect(changed).toEqual(['d1']);
    clock.advance(1);
    leases.check('d1', 'ben');
    expect([leases.of('d1'), leases.count(), changed]).toEqual([null, 0, ['d1', 'd1']]);
    expect(steps.at(-1)).toMatchObject({ what: 'ended', by: null, detail: { holder: 'anna', cause: 'time' } });
    leases.take('d1', {}, ben);
  });

  test('holds no longer than was asked for, though those that are over are looked for together', () => {
    const { clock, leases, whats } = setUp();
    leases.take('d1', { ttlMs: 60_000 }, anna);
    leases.take('d2', { ttlMs: 5_000 }, anna);
    leases.take('d3', { ttlMs: 5_050 }, anna);
    expect(clock.timers()).toBe(1);
    clock.advance(5_060);
    leases.check('d2', 'ben');
    leases.check('d3', 'ben');
    clock.advance(100);
    expect([leases.count(), whats().filter(([what]) => what === 'ended').length]).toEqual([1, 2]);
    clock.advance(60_000);
    expect([leases.count(), clock.timers()]).toEqual([0, 0]);
  });

  test('is taken over only where that is said and a reason is given', () => {
    const { clock, leases, steps, changed } = setUp();
    leases.take('d1', { ttlMs: 60_000, reason: 'valves' }, anna);
    clock.advance(1_000);
    const noReason = expect.objectContaining({ code: 'bad_request' });
    expect(() => leases.take('d1', { takeOver: true }, ben)).toThrow(noReason);
    expect(() => leases.take('d1', { reason: 'leak' }, ben)).toThrow(controlled);
    const lease = leases.take('d1', { takeOver: true, reason: 'leak' }, ben);
    expect(lease).toMatchObject({ by: 'ben', since: clock.now(), reason: 'leak' });
    expect(() => leases.check('d1', 'anna')).toThrow(controlled);
    expect(changed).toEqual(['d1', 'd1']);
    const detail = { holder: 'ben', before: 'anna' };
    expect(steps.at(-1)).toMatchObject({ what: 'taken-over', by: 'ben', from: '10.0.0.2', reason: 'leak', detail });
    // Of what is nobody's there is nothing to take over.
    leases.take('d2', { takeOver: true }, ben);
    expect(steps.at(-1)?.what).toBe('taken');
  });

  test('is given back by its holder, or ended by whoever may end any; nothing to give back is as good', () => {
    const { leases, whats, changed } = setUp();
    leases.release('d1', anna);
    leases.take('d1', {}, anna);
    leases.release('d1', { ...anna, by: 'anna/script' });
    leases.take('d1', {}, anna);
    leases.release('d1', { by: 'admin', from: '' }, true);
    leases.check('d1', 'ben');
    expect(changed).toHaveLength(4);
    expect(whats()).toEqual([
      ['taken', 'anna'],
      ['released', 'anna/script'],
      ['taken', 'anna'],
      ['ended', 'admin'],
    ]);
  });

  test('ends with its device, so that one of the same name begins free', () => {
    const { leases, steps, changed } = setUp();
    leases.take('d1', {}, anna);
    leases.deviceDeleted('d1');
    leases.deviceDeleted('d2');
    leases.check('d1', 'ben');
    expect(steps.at(-1)).toMatchObject({
      what: 'ended',
      by: null,
      detail: { holder: 'anna', cause: 'device-deleted' },
    });
    expect(changed).toEqual(['d1', 'd1']);
  });
});
