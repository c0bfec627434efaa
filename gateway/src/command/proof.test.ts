import { beforeEach, describe, expect, test } from 'vitest';
import type { CommandRequest, ExpectationAsk } from '../contract/index.ts';
import { Ledger, settle } from './ledger.fixture.ts';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger();
  ledger.reachable.add('a');
});

const requester = { by: 'ada', from: '::1' };
const target: ExpectationAsk = { metric: 'target', equals: 21, withinMs: 10_000 };
const request = (change: Partial<CommandRequest> = {}) =>
  ledger.commands.request(
    'a',
    { name: 'setTarget', params: { value: 21 }, expect: target, ...change },
    null,
    requester,
  );
const yes = { ok: true as const, result: 'done' };
const no = { ok: false as const, error: 'no' };
const causes = (id: string) => ledger.stored.get(id)?.transitions.map(({ state, cause }) => `${state} ${cause}`);

async function acknowledged(change: Partial<CommandRequest> = {}): Promise<string> {
  const { id } = await request(change);
  await ledger.commands.answered('a', id, yes);
  return id;
}

describe('a command that says what is expected', () => {
  test('[CMD-6] is verified by the device’s own reading, at once, and the reading is kept', async () => {
    const id = await acknowledged();
    expect([ledger.state(id), ledger.commands.openCount()]).toEqual(['acknowledged', 1]);
    await ledger.advance(1_000);
    await ledger.reading('a', 'target', 21);
    expect(ledger.stored.get(id)).toMatchObject({
      state: 'verified',
      proof: [{ metric: 'target', value: 21, ts: ledger.clock.now(), met: true }],
    });
    expect(causes(id)?.at(-1)).toBe('verified reading');
    expect([ledger.commands.openCount(), ledger.clock.timers()]).toEqual([0, 0]);
  });

  test('[CMD-6] is contradicted by a device that answers ok and does not do it, once the time is over', async () => {
    const id = await acknowledged();
    await ledger.reading('a', 'target', 19);
    await ledger.advance(9_998);
    expect(ledger.state(id)).toBe('acknowledged');
    await ledger.advance(1);
    expect(ledger.stored.get(id)).toMatchObject({ state: 'contradicted', proof: [{ value: 19, met: false }] });
  });

  test('[CMD-6] has timed out where nothing was reported that tells', async () => {
    const id = await acknowledged();
    await ledger.reading('a', 'other', 21);
    await ledger.reading('b', 'target', 21);
    await ledger.advance(10_000);
    expect(ledger.stored.get(id)).toMatchObject({ state: 'timed-out', proof: [{ value: null, met: false }] });
    expect(causes(id)?.at(-1)).toBe('timed-out no-proof');
  });

  test('[CMD-6] takes its time from the answer, and a reading after it does not count', async () => {
    const { id } = await request();
    await ledger.advance(8_000);
    await ledger.commands.answered('a', id, yes);
    await ledger.advance(9_999);
    expect(ledger.state(id)).toBe('acknowledged');
    await ledger.advance(1);
    await ledger.reading('a', 'target', 21);
    expect(ledger.state(id)).toBe('timed-out');
  });

  test('[CMD-6] of several, all have to be met by the newest readings at the same time', async () => {
    const id = await acknowledged({ expect: [target, { metric: 'valve', min: 20, max: 80 }] });
    await ledger.reading('a', 'target', 21);
    await ledger.reading('a', 'valve', 90);
    expect(ledger.state(id)).toBe('acknowledged');
    await ledger.reading('a', 'target', 20);
    await ledger.reading('a', 'valve', 50);
    expect(ledger.state(id)).toBe('acknowledged');
    await ledger.reading('a', 'target', 21);
    expect(ledger.state(id)).toBe('verified');
  });

  test.each([
    [{ metric: 'm', min: 5 }, 5, 'verified'],
    [{ metric: 'm', min: 5 }, 4.9, 'contradicted'],
    [{ metric: 'm', max: 5 }, 5.1, 'contradicted'],
    [{ metric: 'm', min: 5, max: 6 }, '5', 'contradicted'],
    [{ metric: 'm', equals: true }, true, 'verified'],
    [{ metric: 'm', equals: true }, 1, 'contradicted'],
    [{ metric: 'm', equals: 'open' }, 'open', 'verified'],
  ])('[CMD-6] %j and the reading %j: %s', async (expected, value, state) => {
    const id = await acknowledged({ expect: expected });
    await ledger.reading('a', 'm', value);
    await ledger.advance(10_000);
    expect(ledger.state(id)).toBe(state);
  });
});

describe('which readings count', () => {
  test('[CMD-6] one that was there before the command was sent proves nothing', async () => {
    await ledger.reading('a', 'target', 21);
    const id = await acknowledged();
    await ledger.advance(10_000);
    expect(causes(id)?.at(-1)).toBe('timed-out no-proof');
  });

  test('[CMD-6] one that the device took before, and sent after, proves nothing', async () => {
    await ledger.reading('a', 'other', 1);
    await ledger.advance(5_000);
    const id = await acknowledged();
    await ledger.advance(2_000);
    await ledger.reading('a', 'target', 21, 3_000);
    expect(ledger.state(id)).toBe('acknowledged');
    await ledger.reading('a', 'target', 21, 1_000);
    expect(ledger.state(id)).toBe('verified');
  });

  test('[CMD-6] what a device that was never heard before had kept proves nothing', async () => {
    const id = await acknowledged();
    await ledger.reading('a', 'target', 21, 3_600_000);
    await ledger.reading('a', 'target', 21, 3_500_000);
    expect(ledger.state(id)).toBe('acknowledged');
    await ledger.advance(1_000);
    await ledger.reading('a', 'target', 21);
    expect(ledger.state(id)).toBe('verified');
  });

  test('[CMD-6] what a device that is back sends of its time away, oldest first, proves nothing', async () => {
    await ledger.reading('a', 'target', 21);
    await ledger.advance(60_000);
    await ledger.reading('a', 'target', 21, 59_000);
    const id = await acknowledged();
    for (let agoMs = 58_000; agoMs > 1_000; agoMs -= 1_000) {
      // Both of one message: they have one time.
      await ledger.reading('a', 'other', 1, agoMs);
      await ledger.reading('a', 'target', 21, agoMs + 1);
    }
    expect(ledger.state(id)).toBe('acknowledged');
    await ledger.reading('a', 'target', 21);
    await ledger.reading('a', 'target', 21);
    expect(ledger.state(id)).toBe('verified');
  });

  test.each([-3_600_000, 3_600_000])('[CMD-6] a device whose clock is wrong by %d ms can be proved, too', async off => {
    await ledger.reading('a', 'other', 1, -off);
    const id = await acknowledged();
    await ledger.advance(2_000);
    await ledger.reading('a', 'target', 21, 2_500 - off);
    expect(ledger.state(id)).toBe('acknowledged');
    await ledger.reading('a', 'target', 21, -off);
    expect(ledger.state(id)).toBe('verified');
  });

  test.each([-7_200_000, 7_200_000])(
    'the gateway’s clock that is set by %d ms meanwhile verifies nothing falsely',
    async by => {
      const id = await acknowledged();
      await ledger.advance(1_000);
      ledger.clock.set(ledger.clock.now() + by);
      await ledger.reading('a', 'target', 19);
      expect(ledger.state(id)).toBe('acknowledged');
      await ledger.reading('a', 'target', 21);
      expect(ledger.state(id)).toBe('verified');
    },
  );
});

describe('answers and readings in any order', () => {
  test('[CMD-6] the reading before the answer verifies; the answer is kept, and changes no state', async () => {
    const { id } = await request();
    await ledger.reading('a', 'target', 21);
    expect(ledger.state(id)).toBe('verified');
    await ledger.commands.answered('a', id, no);
    expect(ledger.stored.get(id)).toMatchObject({ state: 'verified', error: 'no' });
    await ledger.commands.answered('a', id, yes);
    expect(ledger.stored.get(id)).toMatchObject({ state: 'verified', result: null });
    expect(causes(id)).toEqual(['queued requested', 'sent requested', 'verified reading', 'verified late-answer']);
    expect(ledger.commands.counters).toMatchObject({ verified: 1, repeatedAnswers: 1 });
  });

  test('[CMD-6] a late answer after a time-out begins the time for proof', async () => {
    const { id } = await request();
    await ledger.advance(30_000);
    expect(ledger.state(id)).toBe('timed-out');
    await ledger.commands.answered('a', id, yes);
    expect([ledger.state(id), ledger.commands.openCount()]).toEqual(['acknowledged', 1]);
    await ledger.reading('a', 'target', 21);
    expect(ledger.state(id)).toBe('verified');
  });

  test('[CMD-6] a reading from between the sending and the answer can verify, and not contradict', async () => {
    const { id } = await request();
    await ledger.reading('a', 'target', 19);
    await ledger.commands.answered('a', id, yes);
    await ledger.advance(10_000);
    expect(ledger.stored.get(id)).toMatchObject({ state: 'timed-out', proof: [{ value: null, met: false }] });
  });

  test('[CMD-6] a no is the end: no reading makes it anything else', async () => {
    const { id } = await request();
    await ledger.commands.answered('a', id, no);
    await ledger.reading('a', 'target', 21);
    expect([ledger.state(id), ledger.commands.openCount()]).toEqual(['rejected', 0]);
  });

  test('[CMD-6] a device that does not answer is proved by its readings alone, from the sending on', async () => {
    const { id } = await request({ reply: false });
    const other = await request({ reply: false, expect: { metric: 'lamp', equals: true } });
    await ledger.reading('a', 'target', 21);
    await ledger.reading('a', 'lamp', false);
    await ledger.advance(10_000);
    expect([ledger.state(id), ledger.state(other.id)]).toEqual(['verified', 'contradicted']);
    await expect(request({ reply: false, expect: [] })).rejects.toMatchObject({ code: 'bad_request' });
  });

  test('[CMD-6] a full disk at the end of the time puts the verdict off, and loses it not', async () => {
    const id = await acknowledged();
    await ledger.reading('a', 'target', 19);
    ledger.full = true;
    await ledger.advance(10_000);
    expect(ledger.state(id)).toBe('acknowledged');
    ledger.full = false;
    await ledger.advance(1_000);
    expect(ledger.state(id)).toBe('contradicted');
  });
});

describe('over a restart', () => {
  test('[CMD-6] what was answered is proved for the rest of its time', async () => {
    const kept = await acknowledged();
    await ledger.advance(4_000);
    ledger = await ledger.restart();
    await settle();
    expect(ledger.state(kept)).toBe('acknowledged');
    await ledger.advance(5_998);
    expect(ledger.state(kept)).toBe('acknowledged');
    await ledger.reading('a', 'target', 21);
    expect(ledger.state(kept)).toBe('verified');
  });

  test('[CMD-6] what the device said before is no proof any more: the next reading is', async () => {
    const id = await acknowledged();
    ledger.latest.set('a/target', { ts: ledger.clock.now(), receivedAt: ledger.clock.now(), value: 21 });
    ledger = await ledger.restart();
    await settle();
    expect(ledger.state(id)).toBe('acknowledged');
    await ledger.reading('a', 'target', 21);
    expect(ledger.state(id)).toBe('verified');
  });

  test('[CMD-6] what was sent and not answered is unknown, until the readings tell', async () => {
    const [shown, hidden] = [await request(), await request({ expect: { metric: 'lamp', equals: true } })];
    ledger = await ledger.restart();
    expect([ledger.state(shown.id), ledger.state(hidden.id)]).toEqual(['unknown', 'unknown']);
    await ledger.reading('a', 'target', 21);
    await ledger.advance(10_000);
    expect([ledger.state(shown.id), ledger.state(hidden.id)]).toEqual(['verified', 'unknown']);
    expect([ledger.commands.openCount(), ledger.clock.timers()]).toEqual([0, 0]);
  });
});
