// The ledger against what goes wrong in the middle: a disk that is full between two steps, and comes back; a device that is
// away by then; answers to what was given up.
import { beforeEach, describe, expect, test } from 'vitest';
import type { Command, CommandRequest } from '../contract/index.ts';
import { Ledger, settle } from './ledger.fixture.ts';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger();
});

const requester = { by: 'ada', from: '::1' };
const request = (change: Partial<CommandRequest> = {}) =>
  ledger.commands.request('a', { name: 'setTarget', ttlMs: 60_000, ...change }, null, requester);
const comeBack = () => {
  ledger.reachable.add('a');
  return ledger.commands.deviceConnected('a');
};
const yes = { ok: true as const };
const effect = { metric: 'target', equals: 21, withinMs: 10_000 };
const silent = { reply: false, expect: [effect] };
const sentIds = () => ledger.sent.map(({ command }) => command);
const left = () => [ledger.commands.openCount(), ledger.clock.timers()];

describe('a full disk', () => {
  test('[CMD-7] that keeps what came back from giving way to a later one: it does so once there is room', async () => {
    const first = await request({ supersede: 'target' });
    ledger.held = true;
    void comeBack();
    await settle();
    // While the first is called sent somebody asks for a later one; then it cannot be handed over.
    ledger.vanished = true;
    const asked = request({ supersede: 'target' });
    await settle();
    ledger.refused.add('superseded');
    ledger.release();
    const second = await asked;
    await settle();
    ledger.vanished = false;
    await comeBack().catch(() => {});
    await ledger.advance(1_000);
    ledger.refused.clear();
    await ledger.advance(2_000);
    expect([sentIds(), ledger.state(first.id)]).toEqual([[second.id], 'superseded']);
  });

  test('[CMD-7] that refused what waited at its connect: it is sent, in order, once there is room', async () => {
    const ids = [await request(), await request(), await request()].map(({ id }) => id);
    ledger.full = true;
    await expect(comeBack()).rejects.toMatchObject({ code: 'store_full' });
    await ledger.advance(5_000);
    expect(sentIds()).toEqual([]);
    ledger.full = false;
    await ledger.advance(1_000);
    expect(sentIds()).toEqual(ids);
  });

  test('[CMD-1] that refused a request does not have the device get it when it connects at that moment', async () => {
    ledger.held = true;
    ledger.full = true;
    const asked = expect(request()).rejects.toMatchObject({ code: 'store_full' });
    const connected = Promise.allSettled([comeBack()]);
    await settle();
    // Both steps of the request are refused; there is room for what comes after.
    await ledger.releaseSome(2);
    ledger.full = false;
    ledger.release();
    await asked;
    await connected;
    await settle();
    expect([sentIds(), [...ledger.stored.keys()], left()]).toEqual([[], [], [0, 0]]);
  });

  test('[CMD-1] that refused a request, and took that it was sent to who connects then, has it known to who asked', async () => {
    ledger.held = true;
    const asked = request();
    const connected = comeBack();
    await settle();
    ledger.full = true;
    await ledger.releaseSome(1);
    ledger.full = false;
    ledger.release();
    await connected;
    const { id, state } = await asked;
    expect([state, sentIds()]).toEqual(['sent', [id]]);
  });

  test('[CMD-7] that refused a request leaves what it would have taken the place of', async () => {
    const first = await request({ supersede: 'target', retries: 1 });
    ledger.held = true;
    const connected = comeBack();
    const asked = expect(request({ supersede: 'target' })).rejects.toMatchObject({ code: 'store_full' });
    await settle();
    ledger.refused.add('queued');
    // That the first is sent, and that the second waits.
    await ledger.releaseSome(2);
    ledger.refused.add('sent');
    ledger.release();
    await Promise.all([connected, asked]);
    expect(ledger.stored.get(first.id)).toMatchObject({ state: 'sent', retries: 1 });
  });

  test('[CMD-7] that refused the end of what waited for a deleted device does not let it go out', async () => {
    const { id } = await request();
    ledger.full = true;
    await expect(ledger.commands.deviceDeleted('a')).rejects.toMatchObject({ code: 'store_full' });
    ledger.full = false;
    await comeBack();
    expect([ledger.state(id), sentIds(), left()]).toEqual(['expired', [], [0, 0]]);
  });

  test('[CMD-7] that refused a retry puts it off', async () => {
    ledger.reachable.add('a');
    const { id } = await request({ retries: 1 });
    ledger.full = true;
    await ledger.advance(5_000);
    ledger.full = false;
    await ledger.advance(1_000);
    expect(sentIds()).toEqual([id, id]);
  });

  test.each([{}, silent])('[CMD-7] that hides that %j was not handed over does not keep it open', async change => {
    ledger.reachable.add('a');
    ledger.held = true;
    const asked = request(change);
    await settle();
    // What is on its way gets into the log; that it goes back does not.
    ledger.vanished = true;
    ledger.reachable.delete('a');
    ledger.whenLogged('sent', () => ledger.refused.add('queued'));
    ledger.release();
    const { id } = await asked;
    await settle();
    expect(ledger.state(id)).toBe('sent');
    await ledger.advance(5_000);
    ledger.refused.clear();
    await ledger.advance(1_000);
    expect(ledger.state(id)).toBe('queued');
    await ledger.advance(60_000);
    expect([ledger.state(id), sentIds(), left()]).toEqual(['expired', [], [0, 0]]);
  });

  test('[CMD-4] at a start leaves nothing open that was sent before', async () => {
    ledger.reachable.add('a');
    const { id } = await request(silent);
    ledger.commands.close();
    const next = new Ledger(ledger.clock, ledger.stored.values());
    next.full = true;
    await next.commands.resume([ledger.stored.get(id) as Command], id);
    next.full = false;
    ledger = next;
    await ledger.advance(10_000);
    expect([ledger.state(id), left()]).toEqual(['timed-out', [0, 0]]);
  });

  test('[CMD-4] at the start after a restore does not let go out what waited', async () => {
    const { id } = await request();
    ledger.commands.close();
    const next = new Ledger(ledger.clock, ledger.stored.values());
    next.full = true;
    expect(await next.commands.resume([ledger.stored.get(id) as Command], id, true)).toBe(false);
    next.full = false;
    ledger = next;
    await comeBack();
    await ledger.advance(2_000);
    expect([sentIds(), left()]).toEqual([[], [0, 0]]);
  });

  test('[CMD-4] that refused only what a request does to others does not make it forgotten', async () => {
    await request({ supersede: 'x' });
    ledger.reachable.add('a');
    ledger.refused.add('superseded');
    const { id, state } = await request({ supersede: 'x' });
    expect([state, ledger.state(id)]).toEqual(['sent', 'sent']);
    ledger.refused.clear();
    await ledger.advance(70_000);
    expect([ledger.state(id), left()]).toEqual(['timed-out', [0, 0]]);
  });

  test('[CMD-4] that refused only the sending leaves a request that waits', async () => {
    ledger.reachable.add('a');
    ledger.refused.add('sent');
    const { id, state } = await request();
    expect([state, ledger.state(id)]).toEqual(['queued', 'queued']);
    ledger.refused.clear();
    await ledger.advance(1_000);
    expect([ledger.state(id), sentIds()]).toEqual(['sent', [id]]);
  });
});

describe('the time for proof', () => {
  test('[CMD-6] begins anew where it is sent again after a restart', async () => {
    ledger.reachable.add('a');
    const { id } = await request({ expect: [effect], retries: 1 });
    ledger = await ledger.restart();
    await ledger.advance(20_000);
    await comeBack();
    expect(ledger.state(id)).toBe('sent');
    await ledger.reading('a', 'target', 21);
    expect(ledger.state(id)).toBe('verified');
  });

  test('[CMD-6] of a device that does not answer ends, too, where it is sent again after a restart', async () => {
    ledger.reachable.add('a');
    const { id } = await request({ ...silent, retries: 1 });
    ledger = await ledger.restart();
    await ledger.advance(20_000);
    await comeBack();
    await ledger.advance(10_000);
    expect([ledger.state(id), left()]).toEqual(['timed-out', [0, 0]]);
  });

  test.each([{ expect: [effect] }, silent])(
    '[CMD-6] begins with a late answer to what nothing proved: %j',
    async change => {
      ledger.reachable.add('a');
      const { id } = await request(change);
      ledger = await ledger.restart();
      await ledger.advance(20_000);
      expect([ledger.state(id), ledger.commands.openCount()]).toEqual(['unknown', 0]);
      await ledger.commands.answered('a', id, yes);
      expect([ledger.state(id), ledger.commands.openCount()]).toEqual(['acknowledged', 1]);
      await ledger.reading('a', 'target', 21);
      expect([ledger.state(id), left()]).toEqual(['verified', [0, 0]]);
    },
  );
});
