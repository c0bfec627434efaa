import { beforeEach, describe, expect, test } from 'vitest';
import type { CommandRequest } from '../contract/index.ts';
import { Keys } from './keys.ts';
import { Ledger } from './ledger.fixture.ts';

let ledger: Ledger;
beforeEach(() => {
  ledger = new Ledger();
  ledger.reachable.add('a');
});

const requester = { by: 'ada', from: '::1' };
const request = (change: Partial<CommandRequest>, key: string, device = 'a') =>
  ledger.commands.request(device, { name: 'setTarget', params: { t: 20 }, ...change }, key, requester);
const refusal = (code: string) => expect.objectContaining({ code });
const yes = { ok: true as const, result: 'done' };

describe('an idempotency key', () => {
  test('[CMD-4] makes a repeated request one command, also while the first is on its way', async () => {
    const [first, second] = await Promise.all([request({}, 'k'), request({}, 'k')]);
    const third = await request({}, 'k');
    expect([second?.id, third.id]).toEqual([first?.id, first?.id]);
    expect(ledger.sent).toHaveLength(1);
    expect(ledger.commands.counters).toMatchObject({ requested: 1, repeated: 2 });
  });

  test('[CMD-4] answers with the command as it is now', async () => {
    const { id } = await request({}, 'k');
    await ledger.commands.answered('a', id, yes);
    expect((await request({}, 'k')).state).toBe('acknowledged');
  });

  test('[CMD-4] holds over a restart', async () => {
    const { id } = await request({}, 'k');
    ledger = await ledger.restart();
    ledger.reachable.add('a');
    expect((await request({}, 'k')).id).toBe(id);
    expect(ledger.sent).toEqual([]);
  });

  test('[CMD-4] that was used for something else is refused', async () => {
    await request({}, 'k');
    await expect(request({ name: 'stop' }, 'k')).rejects.toEqual(refusal('conflict'));
    await expect(request({ params: { t: 21 } }, 'k')).rejects.toEqual(refusal('conflict'));
    await expect(request({}, 'k', 'b')).rejects.toEqual(refusal('conflict'));
  });

  test('[CMD-4] of a request that was refused can be used again', async () => {
    ledger.full = true;
    await expect(request({}, 'k')).rejects.toEqual(refusal('store_full'));
    ledger.full = false;
    expect((await request({}, 'k')).state).toBe('sent');
  });

  test('[CMD-4] is not forgotten while its request is under way, however many there are', async () => {
    const keys = new Keys(() => new Promise(() => {}));
    const create = () => Promise.reject(new Error('a second command'));
    for (let i = 0; i < 10_000; i++) void keys.once(`k${i}`, create);
    await expect(keys.once('more', create)).rejects.toEqual(refusal('store_busy'));
    const repeat = keys.once('k0', create).then(() => 'answered');
    expect(await Promise.race([repeat, new Promise(resolve => setImmediate(() => resolve('waits')))])).toBe('waits');
  });
});
