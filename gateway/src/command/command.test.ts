import { beforeEach, describe, expect, test } from 'vitest';
import { type CommandRequest, commandTransitions, limits } from '../contract/index.ts';
import { Ledger, settle } from './ledger.fixture.ts';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger();
  ledger.reachable.add('a');
});

const requester = { by: 'ada', from: '::1' };
const request = (change: Partial<CommandRequest> = {}, key: string | null = null, device = 'a') =>
  ledger.commands.request(device, { name: 'setTarget', params: { t: 20 }, ...change }, key, requester);
const refusal = (code: string) => expect.objectContaining({ code });
const yes = { ok: true as const, result: 'done' };

describe('a command to a device that is there', () => {
  test('[CMD-1] is in the log as queued and as sent before it is sent', async () => {
    const command = await request();
    expect(ledger.happened).toEqual(['log queued', 'log sent', 'send']);
    expect(command.state).toBe('sent');
  });

  test('[CMD-1] is neither sent nor told of while the log has not taken it', async () => {
    ledger.held = true;
    let told = false;
    const asked = request().then(() => {
      told = true;
    });
    await settle();
    expect([ledger.sent.length, told]).toEqual([0, false]);
    ledger.release();
    await asked;
    expect(ledger.sent).toHaveLength(1);
  });

  test('[CMD-1] that the log refuses is not sent, and leaves nothing behind', async () => {
    ledger.full = true;
    await expect(request()).rejects.toEqual(refusal('store_full'));
    expect([ledger.sent.length, ledger.commands.openCount()]).toEqual([0, 0]);
  });

  test('reaches it as name, parameters and end of life', async () => {
    const { id, expiresAt } = await request();
    const [message] = ledger.sent;
    expect(message).toMatchObject({ device: 'a', command: id });
    expect(JSON.parse(message?.payload ?? '')).toEqual({ name: 'setTarget', params: { t: 20 }, expiresAt });
  });

  test('[CMD-5] keeps who asked, from where, and why', async () => {
    const { id } = await request({ reason: 'too cold' });
    expect(ledger.stored.get(id)).toMatchObject({ by: 'ada', from: '::1', reason: 'too cold' });
  });

  test('[CMD-7] that goes away at the last moment waits for it again, and is not counted as sent', async () => {
    ledger.vanished = true;
    const { id } = await request();
    ledger.reachable.clear();
    await settle();
    expect(ledger.stored.get(id)).toMatchObject({ state: 'queued', attempts: 0, sentAt: null });
    ledger.vanished = false;
    ledger.reachable.add('a');
    await ledger.commands.deviceConnected('a');
    expect(ledger.stored.get(id)).toMatchObject({ state: 'sent', attempts: 1 });
    expect(ledger.sent).toHaveLength(1);
  });
});

describe('the answer', () => {
  test('[CMD-1] is in the log before it is shown', async () => {
    const { id } = await request();
    ledger.held = true;
    const answered = ledger.commands.answered('a', id, yes);
    await settle();
    expect((await ledger.commands.get(id)).state).toBe('sent');
    ledger.release();
    await answered;
    expect(await ledger.commands.get(id)).toMatchObject({ state: 'acknowledged', result: 'done' });
    expect(ledger.commands.openCount()).toBe(0);
  });

  test('no is a rejection with the device’s words, cut to a length', async () => {
    const { id } = await request();
    await ledger.commands.answered('a', id, { ok: false, error: 'x'.repeat(2_000) });
    const { state, error } = await ledger.commands.get(id);
    expect([state, error]).toEqual(['rejected', 'x'.repeat(limits.textLengthMax)]);
  });

  test.each([
    [yes, 'acknowledged'],
    [{ ok: false as const, error: 'no' }, 'rejected'],
  ])('[CMD-2] that comes late is kept, after no answer came in time: %j', async (answer, state) => {
    const { id } = await request();
    await ledger.advance(30_000);
    expect(ledger.state(id)).toBe('timed-out');
    await ledger.commands.answered('a', id, answer);
    expect(ledger.state(id)).toBe(state);
    expect(ledger.stored.get(id)?.transitions.at(-1)?.cause).toBe('late-answer');
    expect(ledger.commands.counters.lateAnswers).toBe(1);
    expect(ledger.commands.openCount()).toBe(0);
  });

  test('[CMD-2] that comes twice changes nothing the second time', async () => {
    const { id } = await request();
    const no = { ok: false as const, error: 'no' };
    await Promise.all([ledger.commands.answered('a', id, yes), ledger.commands.answered('a', id, no)]);
    await ledger.commands.answered('a', id, no);
    expect(ledger.state(id)).toBe('acknowledged');
    expect(ledger.happened.filter(what => what.startsWith('log'))).toEqual([
      'log queued',
      'log sent',
      'log acknowledged',
    ]);
  });

  test('of another device, or to nothing, is counted and changes nothing', async () => {
    const { id } = await request();
    await ledger.commands.answered('b', id, yes);
    await ledger.commands.answered('a', 'nothing', yes);
    expect([ledger.state(id), ledger.commands.counters.strayAnswers]).toEqual(['sent', 2]);
  });
});

describe('a command to a device that is away', () => {
  beforeEach(() => ledger.reachable.clear());
  const comeBack = (device = 'a') => {
    ledger.reachable.add(device);
    return ledger.commands.deviceConnected(device);
  };

  test('waits, and goes out in order when the device comes', async () => {
    const first = await request();
    const second = await request();
    expect([first.state, ledger.sent.length]).toEqual(['queued', 0]);
    await comeBack();
    expect(ledger.sent.map(({ command }) => command)).toEqual([first.id, second.id]);
    expect(ledger.happened.slice(2)).toEqual(['log sent', 'log sent', 'send', 'send']);
  });

  test('[CMD-3] expires after 30 seconds where nothing else was said, and is not sent after', async () => {
    const { id, createdAt, expiresAt } = await request();
    expect(expiresAt - createdAt).toBe(30_000);
    await ledger.advance(29_999);
    expect(ledger.state(id)).toBe('queued');
    await ledger.advance(1);
    expect(ledger.state(id)).toBe('expired');
    await comeBack();
    expect(ledger.sent).toEqual([]);
  });

  test('[CMD-3] is not sent where the device comes at the moment of expiry, before any timer ran', async () => {
    const { id, expiresAt } = await request();
    ledger.clock.set(expiresAt);
    await comeBack();
    expect([ledger.state(id), ledger.sent.length]).toEqual(['expired', 0]);
  });

  test('[CMD-3] is not sent where it expired while the log took it', async () => {
    const { id, expiresAt } = await request();
    ledger.held = true;
    const connected = comeBack();
    await settle();
    ledger.clock.set(expiresAt);
    ledger.release();
    await connected;
    await settle();
    expect([ledger.state(id), ledger.sent.length]).toEqual(['expired', 0]);
  });

  test.each([limits.commandTtlMsMin - 1, limits.commandTtlMsMax + 1])('[CMD-3] cannot live for %d ms', async ttlMs => {
    await expect(request({ ttlMs })).rejects.toEqual(refusal('bad_request'));
    expect(ledger.commands.openCount()).toBe(0);
  });

  test('[CMD-3] may live for a day', async () => {
    expect(limits.commandTtlMsMax).toBe(86_400_000);
    const { id } = await request({ ttlMs: 86_400_000 });
    await ledger.advance(86_399_999);
    expect(ledger.state(id)).toBe('queued');
  });

  test('[CMD-2] can be withdrawn, and is not sent after', async () => {
    const { id } = await request();
    expect((await ledger.commands.cancel(id, requester)).state).toBe('cancelled');
    await comeBack();
    expect(ledger.sent).toEqual([]);
    await expect(ledger.commands.cancel('nothing', requester)).rejects.toEqual(refusal('not_found'));
  });

  test('[CMD-2] that was sent cannot be withdrawn any more', async () => {
    const { id } = await request();
    await comeBack();
    await expect(ledger.commands.cancel(id, requester)).rejects.toEqual(refusal('unprocessable'));
    expect(ledger.state(id)).toBe('sent');
  });

  test('[CMD-2] is either sent or withdrawn where both come at once', async () => {
    const { id } = await request();
    const [, cancelled] = await Promise.allSettled([comeBack(), ledger.commands.cancel(id, requester)]);
    expect([ledger.state(id), ledger.sent.length]).toEqual(
      cancelled.status === 'fulfilled' ? ['cancelled', 0] : ['sent', 1],
    );
  });

  test('[CMD-5] delays no other device', async () => {
    ledger.reachable.add('b');
    const waiting = await request();
    const { id } = await request({}, null, 'b');
    expect([ledger.state(waiting.id), ledger.state(id)]).toEqual(['queued', 'sent']);
  });
});

describe('[RUN-3] a clock that is set while a command waits', () => {
  const hour = 3_600_000;
  const comeBack = () => {
    ledger.reachable.add('a');
    return ledger.commands.deviceConnected('a');
  };
  beforeEach(() => ledger.reachable.clear());

  test.each([
    ['back', -2 * hour],
    ['ahead', hour],
  ])('[CMD-3] %s: it is not sent after its life has gone by', async (_, by) => {
    const { id } = await request();
    ledger.clock.set(ledger.clock.now() + by);
    await ledger.advance(30_000);
    await comeBack();
    expect([ledger.state(id), ledger.sent.length]).toEqual(['expired', 0]);
  });

  test('[CMD-3] back: nor is it where the log took its time over it', async () => {
    const { id } = await request();
    ledger.held = true;
    const connected = comeBack();
    await settle();
    ledger.clock.set(ledger.clock.now() - 2 * hour);
    ledger.clock.advance(30_000);
    ledger.release();
    await connected;
    await settle();
    expect([ledger.state(id), ledger.sent.length]).toEqual(['expired', 0]);
  });

  test('[CMD-3] back, before a start: how long it waited is not known, and it is not sent', async () => {
    const { id } = await request({ ttlMs: 60_000 });
    ledger.clock.set(ledger.clock.now() - 2 * hour);
    ledger = await ledger.restart();
    await comeBack();
    expect([ledger.state(id), ledger.sent.length]).toEqual(['expired', 0]);
  });

  test('the next command still comes after it, in the ledger and on its way out, also after a start', async () => {
    const ids: string[] = [];
    for (const by of [0, hour, -2 * hour, 0]) {
      ledger.clock.set(ledger.clock.now() + by);
      ids.push((await request({ ttlMs: 24 * hour })).id);
    }
    expect([...ids].sort()).toEqual(ids);
    ledger.clock.set(ledger.clock.now() + 3 * hour);
    ledger = await ledger.restart();
    ids.push((await request({ ttlMs: 24 * hour })).id);
    expect([...ids].sort()).toEqual(ids);
    await comeBack();
    expect(ledger.sent.map(({ command }) => command)).toEqual(ids);
  });
});

describe('a device that does not answer', () => {
  test('[CMD-2] has its command timed out when that’s life ends, and at least ten seconds after it was sent', async () => {
    const short = await request({ ttlMs: 1_000 });
    const usual = await request();
    await ledger.advance(9_999);
    expect(ledger.state(short.id)).toBe('sent');
    await ledger.advance(1);
    expect([ledger.state(short.id), ledger.state(usual.id)]).toEqual(['timed-out', 'sent']);
    await ledger.advance(20_000);
    expect(ledger.state(usual.id)).toBe('timed-out');
  });

  test('[CMD-4] gets no command a second time when it comes again', async () => {
    await request();
    await ledger.commands.deviceConnected('a');
    expect(ledger.sent).toHaveLength(1);
  });
});

describe('after a restart', () => {
  test('[CMD-4] what was sent and not answered is unknown, is not sent again, and may be answered', async () => {
    const { id } = await request();
    ledger = await ledger.restart();
    ledger.reachable.add('a');
    expect(ledger.stored.get(id)).toMatchObject({ state: 'unknown' });
    await ledger.commands.deviceConnected('a');
    expect(ledger.sent).toEqual([]);
    await ledger.commands.answered('a', id, yes);
    expect(ledger.state(id)).toBe('acknowledged');
  });

  test('[CMD-3] what was queued waits on for the rest of its life', async () => {
    ledger.reachable.clear();
    const [kept, expired] = [await request({ ttlMs: 60_000 }), await request()];
    ledger.clock.set(ledger.clock.now() + 40_000);
    ledger = await ledger.restart();
    await ledger.advance(0);
    expect([ledger.state(kept.id), ledger.state(expired.id)]).toEqual(['queued', 'expired']);
    ledger.reachable.add('a');
    await ledger.commands.deviceConnected('a');
    expect(ledger.sent.map(({ command }) => command)).toEqual([kept.id]);
  });

  test('[CMD-2] every way that a command has gone is one of the table', async () => {
    await request();
    const { id } = await request();
    await ledger.commands.answered('a', id, yes);
    ledger = await ledger.restart();
    for (const { transitions } of ledger.stored.values()) {
      for (const [i, { state }] of transitions.entries()) {
        const before = transitions[i - 1]?.state;
        if (before !== undefined) expect(commandTransitions[before]).toContain(state);
      }
    }
  });
});

describe('limits', () => {
  test('[CMD-5] a device has so many open commands; another’s go on', async () => {
    ledger.reachable.clear();
    const ids = [];
    for (let i = 0; i < limits.commandsPerDeviceMax; i++) ids.push((await request()).id);
    await expect(request()).rejects.toEqual(refusal('too_many'));
    await request({}, null, 'b');
    await ledger.commands.cancel(ids[0] as string, requester);
    expect((await request()).state).toBe('queued');
  });

  test('a device that is not known gets none', async () => {
    await expect(request({}, null, 'nobody')).rejects.toEqual(refusal('not_found'));
  });

  test('a stage that is closed has set no timer any more', async () => {
    await request();
    ledger.reachable.clear();
    await request();
    expect(ledger.clock.timers()).toBe(1);
    ledger.commands.close();
    expect(ledger.clock.timers()).toBe(0);
  });
});
