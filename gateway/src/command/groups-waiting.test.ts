// What a group waits for: room for a command, and answers that may yet come after a restart.
import { describe, expect, test } from 'vitest';
import { ada, commandLifeMs, GroupWorld, settle } from './groups.fixture.ts';

const world = (count: number) => new GroupWorld(count).open();

describe('a device that has all the commands that it may have', () => {
  test('[CMD-10] is not refused: it is asked again, and the others meanwhile', async () => {
    const it = await world(5);
    it.roomless.add('d00000');
    const { id } = await it.make({ concurrency: 2, failuresMax: 0 });
    await settle();
    expect(await it.shown(id)).toMatchObject({ state: 'running', counts: { pending: 3, queued: 2 }, refusals: [] });
    for (const device of ['d00001', 'd00002', 'd00003', 'd00004']) {
      it.moveOf(device, 'sent', 'verified');
      await settle();
    }
    expect(await it.shown(id)).toMatchObject({ state: 'running', counts: { pending: 1, verified: 4 } });
    it.roomless.clear();
    it.clock.advance(5_000);
    await settle();
    it.moveOf('d00000', 'sent', 'verified');
    await settle();
    expect(await it.shown(id)).toMatchObject({ state: 'finished', counts: { verified: 5 } });
  });

  test('[CMD-10] is refused after as long as the command would have lived, with why', async () => {
    const it = await world(2);
    it.roomless.add('d00000');
    const { id } = await it.make({ failuresMax: 1 });
    await settle();
    it.moveOf('d00001', 'sent', 'verified');
    for (let waited = 0; waited < commandLifeMs; waited += 5_000) {
      expect((await it.shown(id)).state).toBe('running');
      it.clock.advance(5_000);
      await settle();
    }
    expect(await it.shown(id)).toMatchObject({
      state: 'finished',
      counts: { refused: 1, verified: 1 },
      refusals: [{ device: 'd00000', error: expect.stringContaining('100 open commands') }],
    });
  });

  test('[CMD-10] leaves a gateway that has room for nobody in peace: no more wait than may be open', async () => {
    const it = await world(50);
    for (const device of it.devices) it.roomless.add(device);
    const { id } = await it.make({ concurrency: 4 });
    await settle();
    expect(it.requests).toBeLessThan(8);
    it.roomless.clear();
    it.clock.advance(5_000);
    await settle();
    expect((await it.shown(id)).counts).toEqual({ queued: 4, pending: 46 });
    expect(it.of('d00000')).toHaveLength(1);
  });

  test('is not asked any more once the group was stopped', async () => {
    const it = await world(2);
    it.roomless.add('d00000');
    const { id } = await it.make();
    await settle();
    await it.groups.stop(id, null, ada);
    const { requests } = it;
    it.roomless.clear();
    it.clock.advance(60_000);
    await settle();
    expect([it.requests, (await it.shown(id)).counts]).toEqual([requests, { pending: 1, cancelled: 1 }]);
  });
});

/** A group of which these many were sent and not answered when the gateway was killed. */
async function killed(sent: number, request: { concurrency: number; failuresMax: number }) {
  const it = await world(50);
  const { id } = await it.make(request);
  await settle();
  for (const device of it.devices.slice(0, sent)) it.moveOf(device, 'sent');
  await it.restart();
  await settle();
  return { it, id };
}

describe('what was sent and not answered when the gateway was killed', () => {
  test('[CMD-10] keeps its place and has not failed while it may be answered', async () => {
    const { it, id } = await killed(10, { concurrency: 10, failuresMax: 0 });
    expect(await it.shown(id)).toMatchObject({ state: 'running', counts: { unknown: 10, pending: 40 } });
    it.moveOf('d00003', 'acknowledged');
    await settle();
    expect(await it.shown(id)).toMatchObject({
      state: 'running',
      counts: { unknown: 9, acknowledged: 1, queued: 1, pending: 39 },
    });
  });

  test('[CMD-10] has failed once its life is over', async () => {
    const { it, id } = await killed(2, { concurrency: 2, failuresMax: 1 });
    it.moveOf('d00000', 'acknowledged');
    await settle();
    it.clock.advance(commandLifeMs);
    await settle();
    expect(await it.shown(id)).toMatchObject({ state: 'running', counts: { unknown: 1 } });
    await it.restart();
    await settle();
    expect(await it.shown(id)).toMatchObject({ state: 'running', counts: { unknown: 1, queued: 2 } });
  });

  test('[CMD-10] stops the group where too many of them end like that', async () => {
    const { it, id } = await killed(4, { concurrency: 4, failuresMax: 3 });
    it.clock.advance(commandLifeMs);
    await settle();
    expect(await it.shown(id)).toMatchObject({ state: 'stopped', stopped: 'failures', counts: { unknown: 4 } });
  });

  test('has ten seconds to come back, however short its life was', async () => {
    const it = await world(1);
    const { id } = await it.make({ failuresMax: 0 });
    await settle();
    it.moveOf('d00000', 'sent');
    it.clock.advance(commandLifeMs + 5_000);
    await it.restart();
    it.clock.advance(9_000);
    await settle();
    expect((await it.shown(id)).state).toBe('running');
    it.clock.advance(2_000);
    await settle();
    expect(await it.shown(id)).toMatchObject({ state: 'stopped', stopped: 'failures' });
  });

  test('[CMD-10] holds a stopped group open as long, and is still counted when it answers', async () => {
    const { it, id } = await killed(2, { concurrency: 2, failuresMax: 5 });
    await it.groups.stop(id, null, ada);
    expect(it.rows.get(id)?.column).toBe('stopping');
    it.moveOf('d00000', 'rejected');
    it.clock.advance(commandLifeMs);
    await settle();
    expect(it.rows.get(id)).toMatchObject({
      column: 'stopped',
      row: { group: { counts: { unknown: 1, rejected: 1, pending: 48 } } },
    });
  });

  test('is nothing to wait for where its device was deleted', async () => {
    const { it, id } = await killed(1, { concurrency: 1, failuresMax: 0 });
    it.move(it.of('d00000')[0] ?? expect.unreachable(), 'unknown', 'device-deleted');
    await settle();
    expect(await it.shown(id)).toMatchObject({ state: 'stopped', stopped: 'failures' });
  });
});
