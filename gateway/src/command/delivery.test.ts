import { beforeEach, describe, expect, test } from 'vitest';
import type { CommandRequest } from '../contract/index.ts';
import { Ledger, settle } from './ledger.fixture.ts';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger();
});

const requester = { by: 'ada', from: '::1' };
const request = (change: Partial<CommandRequest> = {}) =>
  ledger.commands.request('a', { name: 'setTarget', params: { t: 20 }, ttlMs: 60_000, ...change }, null, requester);
const comeBack = () => {
  ledger.reachable.add('a');
  return ledger.commands.deviceConnected('a');
};
const away = () => ledger.reachable.delete('a');
const yes = { ok: true as const };
const sentIds = () => ledger.sent.map(({ command }) => command);
const refusal = (code: string) => expect.objectContaining({ code });

describe('of those of one key', () => {
  test('[CMD-7] the last one waits, the others are superseded by whoever asked', async () => {
    const first = await request({ supersede: 'target' });
    const other = await request({ supersede: 'lamp' });
    const last = await ledger.commands.request('a', { name: 'x', supersede: 'target' }, null, { by: 'ben', from: '' });
    expect([first, other, last].map(({ id }) => ledger.state(id))).toEqual(['superseded', 'queued', 'queued']);
    expect(ledger.stored.get(first.id)?.transitions.at(-1)).toMatchObject({ cause: 'newer', by: 'ben' });
    await comeBack();
    expect(sentIds()).toEqual([other.id, last.id]);
    expect(ledger.commands.counters.superseded).toBe(1);
  });

  test('[CMD-7] one that was sent is not sent again once a later one is there', async () => {
    ledger.reachable.add('a');
    const first = await request({ supersede: 'target', retries: 3 });
    const last = await request({ supersede: 'target', retries: 3 });
    await ledger.advance(5_000);
    expect(sentIds()).toEqual([first.id, last.id, last.id]);
    ledger = await ledger.restart();
    await comeBack();
    expect(sentIds()).toEqual([last.id]);
  });

  test('[CMD-7] [CMD-4] a request that was killed half done has taken the place of those before it', async () => {
    const first = await request({ supersede: 'target' });
    ledger.held = true;
    void request({ supersede: 'target' });
    await settle();
    // The later one is in the log, and that it takes the first one's place is not.
    await ledger.releaseSome(1);
    ledger = await ledger.restart();
    await comeBack();
    expect([ledger.state(first.id), sentIds()]).toEqual(['superseded', [[...ledger.stored.keys()].at(-1)]]);
  });

  test('[CMD-7] one that waits for a second person leaves the others until that one agreed', async () => {
    const first = await request({ supersede: 'target' });
    ledger.secondPerson = true;
    const last = await request({ supersede: 'target' });
    expect(ledger.state(first.id)).toBe('queued');
    await ledger.commands.approve(last.id, { by: 'ben', from: '::2' });
    expect([ledger.state(first.id), ledger.state(last.id)]).toEqual(['superseded', 'queued']);
  });
});

describe('a device that goes away between the commits of two commands, and comes back', () => {
  /** The first is in the log as sent when nobody is there; the second when the device is there again. */
  async function sendOverABreak(first: Partial<CommandRequest>, second: Partial<CommandRequest>): Promise<string[]> {
    ledger.reachable.add('a');
    ledger.held = true;
    const asked = [request(first)];
    await settle();
    asked.push(request(second));
    await settle();
    away();
    ledger.vanished = true;
    // Queued and sent, of the first alone.
    await ledger.releaseSome(2);
    ledger.vanished = false;
    void comeBack();
    ledger.release();
    await settle();
    return (await Promise.all(asked)).map(({ id }) => id);
  }

  test('[CMD-7] gets both in their order', async () => {
    const [first, second] = await sendOverABreak({}, {});
    expect(sentIds()).toEqual([first, second]);
  });

  test('[CMD-7] gets the later one alone where both have the same key', async () => {
    const [first = '', second] = await sendOverABreak({ supersede: 'target' }, { supersede: 'target' });
    expect(sentIds()).toEqual([second]);
    expect(ledger.stored.get(first)).toMatchObject({ state: 'superseded', attempts: 0 });
  });
});

describe('the PUBACK', () => {
  beforeEach(() => ledger.reachable.add('a'));
  const known = (id: string) => ledger.stored.get(id);

  test('[CMD-7] of a device that then is silent is a step of its own, with the time at which it came', async () => {
    const { id, sentAt } = await request();
    await ledger.advance(200);
    ledger.commands.taken('a', id);
    ledger.commands.taken('a', id);
    await ledger.advance(999);
    expect(known(id)).toMatchObject({ deliveredAt: null, transitions: { length: 2 } });
    await ledger.advance(1);
    expect(known(id)).toMatchObject({ state: 'sent', attempts: 1, deliveredAt: (sentAt as number) + 200 });
    expect(known(id)?.transitions.at(-1)).toMatchObject({ state: 'sent', cause: 'delivered' });
    await ledger.advance(120_000);
    expect(known(id)).toMatchObject({ state: 'timed-out', transitions: { length: 4 } });
    expect([sentIds(), ledger.commands.counters.delivered]).toEqual([[id], 1]);
  });

  test('[CMD-7] of a device that answers goes into the log with the answer, be it before or after that', async () => {
    const [first, second] = [await request(), await request()];
    ledger.commands.taken('a', first.id);
    await ledger.advance(100);
    for (const { id } of [first, second]) await ledger.commands.answered('a', id, yes);
    ledger.commands.taken('a', second.id);
    await ledger.advance(5_000);
    const times = [first, second].map(({ id }) => (known(id)?.deliveredAt ?? 0) - (known(id)?.sentAt ?? 0));
    expect(times).toEqual([0, 100]);
    for (const { id } of [first, second]) expect(known(id)).toMatchObject({ transitions: { length: 3 } });
  });

  test('of another device, or for nothing, is nothing', async () => {
    const { id } = await request();
    ledger.commands.taken('b', id);
    ledger.commands.taken('a', 'nothing');
    await ledger.advance(2_000);
    expect(known(id)?.deliveredAt).toBe(null);
  });

  test('[CMD-7] is written down where the disk has room again', async () => {
    const { id } = await request();
    ledger.commands.taken('a', id);
    ledger.full = true;
    await ledger.advance(3_000);
    expect(known(id)?.deliveredAt).toBe(null);
    ledger.full = false;
    await ledger.advance(1_000);
    expect(known(id)?.deliveredAt).toBe(known(id)?.sentAt);
  });

  test('[CMD-7] [CMD-4] leaves what may be sent again to be sent again, and is kept over a restart', async () => {
    const { id } = await request({ retries: 1, retryAfterMs: 4_000 });
    ledger.commands.taken('a', id);
    await ledger.advance(2_000);
    ledger = await ledger.restart();
    expect(known(id)).toMatchObject({ state: 'unknown', deliveredAt: known(id)?.sentAt });
    await comeBack();
    expect(sentIds()).toEqual([id]);
  });
});

describe('retries', () => {
  beforeEach(() => ledger.reachable.add('a'));

  test('[CMD-7] send it again with the same id until it is answered, so many times at the most', async () => {
    const { id } = await request({ retries: 2, retryAfterMs: 1_000 });
    const answered = await request({ retries: 2, retryAfterMs: 1_000 });
    await ledger.commands.answered('a', answered.id, yes);
    await ledger.advance(1_000);
    await ledger.advance(1_000);
    await ledger.advance(1_000);
    expect(sentIds()).toEqual([id, answered.id, id, id]);
    expect(ledger.stored.get(id)).toMatchObject({ state: 'sent', attempts: 3 });
    await ledger.advance(60_000);
    expect(ledger.state(id)).toBe('timed-out');
  });

  test('[CMD-7] [CMD-3] never send it after its life', async () => {
    const { id } = await request({ retries: 10, retryAfterMs: 20_000 });
    for (let i = 0; i < 5; i++) await ledger.advance(20_000);
    expect(sentIds()).toEqual([id, id, id]);
    expect(ledger.state(id)).toBe('timed-out');
  });

  test('[CMD-7] send it when the device comes again, and wait for that where it is away', async () => {
    const { id } = await request({ retries: 1, retryAfterMs: 1_000 });
    away();
    await ledger.advance(2_000);
    expect(sentIds()).toEqual([id]);
    await comeBack();
    expect(sentIds()).toEqual([id, id]);
    await ledger.commands.deviceConnected('a');
    expect(sentIds()).toEqual([id, id]);
  });

  test('[CMD-7] are not sent behind a later one of its key, which was asked for while a step was on its way', async () => {
    const { id } = await request({ retries: 2, retryAfterMs: 30_000, supersede: 'target' });
    ledger.held = true;
    ledger.commands.taken('a', id);
    await ledger.advance(1_000);
    const connected = comeBack();
    const asked = request({ supersede: 'target' });
    await settle();
    ledger.release();
    await connected;
    const later = await asked;
    await settle();
    expect(sentIds()).toEqual([id, later.id]);
  });

  test('[CMD-7] [CMD-4] go on after a restart, and not where it may be sent once only', async () => {
    const [again, once] = [await request({ retries: 1 }), await request()];
    ledger = await ledger.restart();
    expect([ledger.state(again.id), ledger.state(once.id)]).toEqual(['unknown', 'unknown']);
    await comeBack();
    expect([ledger.state(again.id), ledger.state(once.id)]).toEqual(['sent', 'unknown']);
    expect(sentIds()).toEqual([again.id]);
    await ledger.commands.answered('a', again.id, yes);
    expect(ledger.state(again.id)).toBe('acknowledged');
  });

  test('[CMD-7] [CMD-3] that were still to come after a restart end with the life', async () => {
    const { id } = await request({ retries: 1 });
    ledger = await ledger.restart();
    await ledger.advance(60_000);
    expect([ledger.state(id), ledger.commands.openCount()]).toEqual(['unknown', 0]);
    await comeBack();
    expect(sentIds()).toEqual([]);
  });

  test('[CMD-7] two connects at once send it once', async () => {
    away();
    const { id } = await request();
    ledger.reachable.add('a');
    await Promise.all([ledger.commands.deviceConnected('a'), ledger.commands.deviceConnected('a')]);
    expect(sentIds()).toEqual([id]);
  });

  test('[CMD-7] [CMD-3] a command that is sent at the moment its life ends is either sent or expired', async () => {
    away();
    const { id } = await request();
    ledger.held = true;
    const connected = comeBack();
    await settle();
    await ledger.advance(60_000);
    ledger.release();
    await connected;
    await settle();
    expect([ledger.state(id), sentIds()]).toEqual(['expired', []]);
  });
});

describe('a second person', () => {
  beforeEach(() => {
    ledger.secondPerson = true;
    ledger.reachable.add('a');
  });

  test('[CMD-7] has to agree before it is sent, and is kept', async () => {
    const { id } = await request();
    await comeBack();
    expect([ledger.state(id), sentIds()]).toEqual(['queued', []]);
    for (const by of ['ada', 'ada/script']) {
      await expect(ledger.commands.approve(id, { by, from: '' })).rejects.toEqual(refusal('forbidden'));
    }
    await ledger.commands.approve(id, { by: 'ben', from: '::2' });
    await settle();
    expect(ledger.stored.get(id)).toMatchObject({ state: 'sent', approval: { by: 'ben', from: '::2' } });
    expect(sentIds()).toEqual([id]);
    await expect(ledger.commands.approve(id, { by: 'eve', from: '' })).rejects.toEqual(refusal('unprocessable'));
  });

  test('[CMD-7] [CMD-3] who takes too long lets it expire, ten minutes where nothing else was said', async () => {
    const [said, unsaid] = [await request(), await request({ ttlMs: undefined })];
    await ledger.advance(60_000);
    expect([ledger.state(said.id), ledger.state(unsaid.id)]).toEqual(['expired', 'queued']);
    await ledger.advance(540_000);
    expect(ledger.state(unsaid.id)).toBe('expired');
  });
});

describe('a device', () => {
  test('[CMD-7] that is deleted ends all that was open', async () => {
    const queued = await request();
    ledger.reachable.add('a');
    await comeBack();
    const waiting = await request({ expect: { metric: 'm', equals: 1 } });
    await ledger.commands.answered('a', waiting.id, yes);
    await ledger.commands.deviceDeleted('a');
    expect([ledger.state(queued.id), ledger.state(waiting.id)]).toEqual(['failed', 'timed-out']);
    expect([ledger.commands.openCount(), ledger.clock.timers()]).toEqual([0, 0]);
  });

  test('[CMD-7] that somebody else has for himself takes none', async () => {
    ledger.leases.set('a', 'ben');
    await expect(request()).rejects.toEqual(refusal('controlled'));
    expect(ledger.commands.openCount()).toBe(0);
  });
});

test('[CMD-4] after a restore nothing that waited is sent', async () => {
  const queued = await request();
  ledger.reachable.add('b');
  const sent = await ledger.commands.request('b', { name: 'x', retries: 3 }, null, requester);
  away();
  ledger = await ledger.restart(true);
  await comeBack();
  expect([ledger.state(queued.id), ledger.state(sent.id), sentIds()]).toEqual(['cancelled', 'unknown', []]);
  expect([ledger.commands.openCount(), ledger.clock.timers()]).toEqual([0, 0]);
});

test('a group hears of its commands', async () => {
  ledger.reachable.add('a');
  const { id } = await ledger.commands.request('a', { name: 'x' }, 'k', requester, { group: 'g' });
  await ledger.commands.answered('a', id, yes);
  expect(ledger.inGroups).toEqual(['sent', 'acknowledged']);
});

test('[CMD-7] a device that comes and goes without end has the command fail, and not grow', async () => {
  const { id } = await request();
  for (let times = 0; times < 200; times++) {
    ledger.held = true;
    void comeBack();
    await settle();
    away();
    ledger.vanished = true;
    ledger.release();
    await settle();
    ledger.vanished = false;
  }
  expect([ledger.state(id), sentIds(), ledger.commands.openCount()]).toEqual(['failed', [], 0]);
  expect(ledger.stored.get(id)?.transitions.length).toBeLessThan(300);
});
