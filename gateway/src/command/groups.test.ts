import { describe, expect, test } from 'vitest';
import { limits } from '../contract/index.ts';
import { ada, bob, GroupWorld, settle } from './groups.fixture.ts';

const refusal = (code: string, detail = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(detail) });
const world = (count: number) => new GroupWorld(count).open();

describe('the devices', () => {
  test('[CMD-10] are asked in order of id, so many at a time', async () => {
    const it = await world(5);
    const { id } = await it.make({ concurrency: 2 });
    await settle();
    expect([...it.commands.values()].map(({ device }) => device)).toEqual(['d00000', 'd00001']);
    it.moveOf('d00001', 'sent', 'acknowledged');
    await settle();
    expect([...it.commands.values()].map(({ device }) => device)).toEqual(['d00000', 'd00001', 'd00002']);
    expect(await it.shown(id)).toMatchObject({
      state: 'running',
      total: 5,
      counts: { pending: 2, queued: 2, acknowledged: 1 },
    });
  });

  test('are ten at a time where nothing else was said', async () => {
    const it = await world(30);
    await it.make();
    await settle();
    expect(it.openCommands()).toHaveLength(10);
  });

  test('[CMD-10] are fixed when the group is made', async () => {
    const it = await world(3);
    await it.make({ concurrency: 1 });
    it.devices.push('d9');
    for (const device of ['d00000', 'd00001', 'd00002']) {
      await settle();
      it.moveOf(device, 'sent', 'acknowledged');
    }
    await settle();
    expect([it.of('d9'), [...it.rows.values()][0]?.row.group.state]).toEqual([[], 'finished']);
  });

  test('of which there are none, or too many, are no group', async () => {
    const none = await world(0);
    await expect(none.make()).rejects.toEqual(refusal('unprocessable', 'at least one'));
    const many = await world(limits.groupDevicesMax + 1);
    await expect(many.make()).rejects.toEqual(refusal('unprocessable', '10000'));
    expect([none.rows.size, many.rows.size]).toEqual([0, 0]);
  });

  test('that would refuse the command are told before any is asked', async () => {
    const it = await world(3);
    await expect(it.make({ name: 'unfit' })).rejects.toEqual(
      refusal('params_refused', 'd00000, d00001, d00002: expected params.t'),
    );
    expect(it.commands.size).toBe(0);
  });
});

describe('a group that asks for something dangerous', () => {
  test('[CMD-10] is confirmed by the number of its devices', async () => {
    const it = await world(3);
    await expect(it.make({ name: 'danger' })).rejects.toEqual(refusal('confirm_needed'));
    await expect(it.make({ confirm: '2' })).rejects.toEqual(refusal('confirm_needed', '3, got "2"'));
    expect(await it.make({ name: 'danger', confirm: '3' })).toMatchObject({ state: 'running' });
  });

  test('[CMD-10] waits for another person where one of its devices needs one', async () => {
    const it = await world(3);
    it.careful.add('d00001');
    const { id, state } = await it.make();
    await settle();
    expect([state, it.commands.size]).toEqual(['waiting', 0]);
    await expect(it.groups.approve(id, { by: 'ada/token', from: '' })).rejects.toEqual(refusal('forbidden'));
    expect(await it.groups.approve(id, bob)).toMatchObject({ state: 'running', approvedBy: 'bob' });
    await expect(it.groups.approve(id, bob)).rejects.toEqual(refusal('unprocessable', 'this one is running'));
    await settle();
    expect(it.commands.size).toBe(3);
  });

  test('is not approved while the disk is full', async () => {
    const it = await world(1);
    it.careful.add('d00000');
    const { id } = await it.make();
    it.full = true;
    await expect(it.groups.approve(id, bob)).rejects.toEqual(refusal('store_full'));
    expect([await it.shown(id), it.commands.size]).toMatchObject([{ state: 'waiting', approvedBy: null }, 0]);
  });
});

describe('the end', () => {
  test('[CMD-10] is when every command came to its end, and its counts are in the row', async () => {
    const it = await world(3);
    it.refusing.add('d00002');
    const { id } = await it.make({ failuresMax: 2 });
    await settle();
    it.moveOf('d00000', 'sent', 'verified');
    it.moveOf('d00001', 'sent', 'contradicted');
    await settle();
    expect(it.rows.get(id)).toMatchObject({
      column: 'finished',
      row: {
        group: {
          counts: { verified: 1, contradicted: 1, refused: 1 },
          refusals: [{ device: 'd00002', error: expect.stringContaining('bob has it') }],
        },
      },
    });
    expect(it.groups.openCount()).toBe(0);
    expect(it.lines.map(({ what, by }) => [what, by])).toEqual([
      ['made', 'ada'],
      ['finished', null],
    ]);
  });

  test('[CMD-10] comes with more that did not work than it may have: what waits is withdrawn, what was sent runs on', async () => {
    const it = await world(20);
    const { id } = await it.make({ concurrency: 4 });
    await settle();
    it.moveOf('d00000', 'sent');
    it.moveOf('d00001', 'sent', 'rejected');
    it.moveOf('d00002', 'sent', 'timed-out');
    await settle();
    expect((await it.shown(id)).state).toBe('running');
    it.moveOf('d00003', 'expired');
    await settle();
    expect(await it.shown(id)).toMatchObject({
      state: 'stopped',
      stopped: 'failures',
      counts: { pending: 14, sent: 1, rejected: 1, 'timed-out': 1, expired: 1, cancelled: 2 },
    });
    expect([...it.withdrawnBy]).toEqual([null]);
    expect(it.rows.get(id)?.column).toBe('stopping');
    it.moveOf('d00000', 'verified');
    await settle();
    expect(it.rows.get(id)).toMatchObject({ column: 'stopped', row: { group: { counts: { verified: 1 } } } });
    expect(it.commands.size).toBe(6);
  });

  test('[CMD-10] comes by hand, with who and why', async () => {
    const it = await world(20);
    const { id } = await it.make();
    await settle();
    expect(await it.groups.stop(id, 'wrong pumps', bob)).toMatchObject({ state: 'stopped', stopped: 'withdrawn' });
    await settle();
    expect((await it.shown(id)).counts).toEqual({ pending: 10, cancelled: 10 });
    expect([...it.withdrawnBy]).toEqual(['bob']);
    expect(it.lines.at(-1)).toMatchObject({ what: 'stopped', by: 'bob', reason: 'wrong pumps' });
    await expect(it.groups.stop(id, null, bob)).rejects.toEqual(refusal('unprocessable', 'this one is stopped'));
    await expect(it.groups.stop('nothing', null, bob)).rejects.toEqual(refusal('not_found'));
  });

  test('[CMD-10] by hand withdraws what was on its way to the ledger, too, once it is there', async () => {
    const it = await world(1);
    const { id } = await it.make();
    await settle();
    await it.groups.stop(id, null, ada);
    it.stepwise = true;
    const { id: next } = await (async () => {
      const made = it.make();
      await settle();
      for (let save = 0; save < 2; save++) await it.letGo(0);
      return made;
    })();
    void it.groups.stop(next, null, bob);
    expect([it.requests, it.of('d00000').length]).toEqual([2, 1]);
    while (it.waiting() > 0) await it.letGo(0);
    expect((await it.shown(next)).counts).toEqual({ cancelled: 1 });
  });

  test('by hand is in force at once where the disk is full, and is written down when there is room', async () => {
    const it = await world(20);
    const { id } = await it.make();
    await settle();
    it.full = true;
    await expect(it.groups.stop(id, null, ada)).rejects.toEqual(refusal('store_full'));
    it.moveOf('d00000', 'sent', 'acknowledged');
    await settle();
    expect([(await it.shown(id)).state, it.commands.size]).toEqual(['stopped', 10]);
    it.full = false;
    it.clock.advance(5_000);
    await settle();
    expect(it.rows.get(id)).toMatchObject({ column: 'stopped', row: { group: { counts: { cancelled: 9 } } } });
  });

  test('[CMD-10] does not come by a full disk: who could not be asked is asked when there is room', async () => {
    const it = await world(20);
    const { id } = await it.make({ concurrency: 4 });
    await settle();
    it.full = true;
    it.moveOf('d00000', 'sent', 'verified');
    await settle();
    expect(await it.shown(id)).toMatchObject({ state: 'running', counts: { pending: 16, queued: 3, verified: 1 } });
    it.full = false;
    it.clock.advance(5_000);
    await settle();
    expect(await it.shown(id)).toMatchObject({ counts: { pending: 15, queued: 4, verified: 1 } });
    expect(it.of('d00004')).toHaveLength(1);
  });

  test('by hand is over once what was on its way to a full disk was refused, and the store says so', async () => {
    const it = await world(3);
    const { id } = await it.make({ concurrency: 1 });
    await settle();
    it.stepwise = true;
    it.moveOf('d00000', 'sent', 'verified');
    void it.groups.stop(id, null, ada);
    // The row that says that it stops is under way, and the second device's request before it.
    it.full = true;
    await it.letGo(0);
    it.full = false;
    while (it.waiting() > 0) await it.letGo(0);
    it.clock.advance(5_000);
    await settle();
    while (it.waiting() > 0) await it.letGo(0);
    expect(it.rows.get(id)?.column).toBe('stopped');
    expect([(await it.shown(id)).counts, it.groups.openCount()]).toEqual([{ verified: 1, pending: 2 }, 0]);
  });

  test('is not changed by a late answer, its counts are', async () => {
    const it = await world(2);
    const { id } = await it.make({ failuresMax: 2 });
    await settle();
    it.moveOf('d00000', 'sent', 'timed-out');
    it.moveOf('d00001', 'sent', 'timed-out');
    await settle();
    expect((await it.shown(id)).counts).toEqual({ 'timed-out': 2 });
    it.moveOf('d00000', 'acknowledged');
    it.moveOf('d00001', 'rejected');
    await settle();
    expect(await it.shown(id)).toMatchObject({ state: 'finished', counts: { acknowledged: 1, rejected: 1 } });
  });
});

describe('a restart', () => {
  test('[CMD-10] goes on where it was, and asks no device twice', async () => {
    const it = await world(25);
    const { id } = await it.make();
    await settle();
    it.moveOf('d00000', 'sent', 'verified');
    await settle();
    await it.restart();
    await settle();
    expect((await it.shown(id)).counts).toEqual({ pending: 14, queued: 10, verified: 1 });
    it.moveOf('d00005', 'sent', 'verified');
    await settle();
    expect(it.commands.size).toBe(12);
    expect(new Set([...it.commands.values()].map(({ device }) => device)).size).toBe(12);
  });

  test('[CMD-10] of another database stops it', async () => {
    const it = await world(25);
    const { id } = await it.make();
    await settle();
    it.careful.add('d00000');
    const waiting = await it.make();
    await it.restart(true);
    await settle();
    expect(await it.shown(id)).toMatchObject({ state: 'stopped', stopped: 'restored', counts: { pending: 15 } });
    expect(await it.shown(waiting.id)).toMatchObject({ state: 'stopped', stopped: 'restored' });
    expect(it.commands.size).toBe(10);
  });

  test('withdraws what a stopped group had not withdrawn yet', async () => {
    const it = await world(3);
    const { id } = await it.make();
    await settle();
    it.stepwise = true;
    void it.groups.stop(id, null, ada);
    // The row is written, and no command was withdrawn.
    while ([...it.rows.values()][0]?.column === 'running') await it.letGo(it.waiting() - 1);
    expect(it.openCommands()).toHaveLength(3);
    it.stepwise = false;
    await it.restart();
    await settle();
    expect(it.rows.get(id)).toMatchObject({ column: 'stopped', row: { group: { counts: { cancelled: 3 } } } });
  });
});

describe('the key', () => {
  test('[CMD-10] makes a repeated request one group, at once, later, and after a restart', async () => {
    const it = await world(3);
    const [one, two] = await Promise.all([it.make({}, 'k'), it.make({}, 'k')]);
    expect(two.id).toBe(one.id);
    await it.restart();
    expect((await it.make({}, 'k')).id).toBe(one.id);
    await expect(it.make({ name: 'other' }, 'k')).rejects.toEqual(refusal('conflict'));
    expect(it.rows.size).toBe(1);
  });

  test('is one’s own', async () => {
    const it = await world(3);
    const { id } = await it.make({}, 'k');
    const other = await it.groups.create({ name: 'set', devices: ['*'] }, 'k', bob, null);
    expect(other.id).not.toBe(id);
  });
});

test('[CMD-10] the group is in the store before its first command', async () => {
  const it = await world(3);
  it.stepwise = true;
  void it.make();
  await settle();
  expect([it.rows.size, it.requests]).toEqual([0, 0]);
  await it.letGo(0);
  await it.letGo(0);
  expect([it.rows.size, it.requests]).toEqual([1, 3]);
});

test('a group that the disk refuses is none', async () => {
  const it = await world(3);
  it.full = true;
  await expect(it.make()).rejects.toEqual(refusal('store_full'));
  expect([it.groups.openCount(), it.requests]).toEqual([0, 0]);
});

test('the groups ask 64 devices at a time together, in turn', async () => {
  const it = await world(100);
  it.stepwise = true;
  const making = [it.make({ concurrency: 100 }), it.make({ concurrency: 100 })];
  await settle();
  for (let save = 0; save < 4; save++) await it.letGo(0);
  const ids = (await Promise.all(making)).map(({ id }) => id);
  expect(it.requests).toBe(64);
  while (it.requests < 200) await it.letGo(0);
  while (it.waiting() > 0) await it.letGo(0);
  for (const id of ids) expect((await it.shown(id)).counts).toEqual({ queued: 100 });
});

test('so many groups run or wait at a time', async () => {
  const it = await world(1);
  for (let made = 0; made < limits.groupsRunningMax; made++) await it.make();
  await expect(it.make()).rejects.toEqual(refusal('too_many', '100'));
});
