// Commands while the connection goes over HTTP: the same outcomes as over a WebSocket.
import { describe, expect, it } from 'vitest';
import { createSsePage } from '../../test/fallback.ts';
import { settled } from '../../test/http.ts';

const ask = { device: 'pump 1', name: 'set', params: { on: true }, ttlMs: 5_000, key: 'k1', reason: 'test' };

async function opened() {
  const page = createSsePage();
  await page.start().greet();
  return page;
}

describe('a command over REST', () => {
  it('is posted with its key, and answered with the id of the command', async () => {
    const { connection, http } = await opened();
    const outcome = connection.cmd(ask);
    const request = http.newest();
    expect(request).toMatchObject({
      path: '/devices/pump%201/commands',
      headers: { 'idempotency-key': 'k1', authorization: 'Bearer t' },
    });
    expect(request.body).toEqual({ name: 'set', params: { on: true }, ttlMs: 5_000, reason: 'test' });
    await request.answer(202, { id: '01J', state: 'queued' });
    await expect(outcome).resolves.toEqual({ ok: true, command: '01J' });
  });

  it('has a key of its own where the page gave none', async () => {
    const { connection, http } = await opened();
    void connection.cmd({ device: 'a', name: 'set' });
    void connection.cmd({ device: 'a', name: 'set' });
    const keys = http.to('/devices').map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(keys).size).toBe(2);
  });

  it('is refused with the gateway’s own words', async () => {
    const { connection, http } = await opened();
    const outcome = connection.cmd(ask);
    await http.newest().answer(403, { code: 'forbidden', title: 'Not allowed', detail: 'ann is viewer', status: 403 });
    await expect(outcome).resolves.toEqual({
      ok: false,
      why: 'refused',
      code: 'forbidden',
      title: 'Not allowed',
      detail: 'ann is viewer',
    });
  });

  it('is unanswered, and not failed, where nobody knows whether it was taken', async () => {
    const { connection, http } = await opened();
    const lost = connection.cmd(ask);
    http.newest().fail();
    await expect(lost).resolves.toEqual({ ok: false, why: 'unanswered' });
    for (const [status, text] of [
      [502, '<html>Bad gateway</html>'],
      [504, '{"code":"a proxy’s own"}'],
      [202, 'no JSON'],
      [200, '{}'],
    ] as const) {
      const outcome = connection.cmd(ask);
      await http.newest().answerText(status, text);
      await expect(outcome).resolves.toEqual({ ok: false, why: 'unanswered' });
    }
    expect(connection.state().name).toBe('open');
  });

  it('is answered also after the connection went over to a WebSocket', async () => {
    const { connection, sockets, http } = await opened();
    const outcome = connection.cmd(ask);
    const request = http.newest();
    connection.wake();
    sockets.newest().greet();
    expect(connection.state()).toMatchObject({ transport: 'ws' });
    await request.answer(202, { id: '01J' });
    await expect(outcome).resolves.toEqual({ ok: true, command: '01J' });
  });

  it('is unanswered when the connection is lost, and what is answered later changes nothing', async () => {
    const { connection, http } = await opened();
    const outcome = connection.cmd(ask);
    http.to('/stream')[0]!.fail();
    await settled();
    await http.to('/devices')[0]!.answer(202, { id: '01J' });
    await expect(outcome).resolves.toEqual({ ok: false, why: 'unanswered' });
  });
});
